"""Dashboards of Grafana, as code: a module for each. `python -m local.dashboards` writes their JSON
into charts/dashboards/."""

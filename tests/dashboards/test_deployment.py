"""Grafana finds the dashboards in Compose and on Kubernetes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from local.dashboards.__main__ import FOLDER, files
from tests.charts.rendering import Object, of_kind, rendered

CHARTS = Path(__file__).parents[2] / "charts"
ENABLED = 'monitoring.dashboards={"enabled": true}'
LABEL = "grafana_dashboard"


def config_maps(*sets: str) -> dict[str, Object]:
    """The ConfigMaps of dashboards."""
    found = of_kind(rendered("smallest", *sets), "ConfigMap")
    return {name: each for name, each in found.items() if LABEL in each["metadata"]["labels"]}


def read(config_map: Object) -> Any:
    (text,) = config_map["data"].values()
    return json.loads(text)


def test_by_default_the_chart_makes_no_dashboards() -> None:
    assert config_maps() == {}


def test_the_chart_makes_a_config_map_of_each_dashboard() -> None:
    made = config_maps(ENABLED)

    assert {each["metadata"]["labels"][LABEL] for each in made.values()} == {"1"}
    assert sorted(read(each)["uid"] for each in made.values()) == sorted(
        json.loads(text)["uid"] for text in files().values()
    )
    assert read(made["roost-dashboard-edge"]) == json.loads(files()["edge.json"])


def test_names_of_files_differ_between_releases() -> None:
    (name,) = config_maps(ENABLED, 'fullnameOverride="town"')["town-dashboard-edge"]["data"]

    assert name == "town-dashboard-edge.json"


def test_compose_gives_grafana_the_folder_and_prometheus() -> None:
    grafana = yaml.safe_load((CHARTS / "compose.yaml").read_text())["services"]["grafana"]
    mounted = dict(each.removesuffix(":ro").split(":") for each in grafana["volumes"])
    places = {place: CHARTS / source for source, place in mounted.items()}
    provisioning = "/etc/grafana/provisioning"
    (provider,) = yaml.safe_load(places[f"{provisioning}/dashboards/roost.yaml"].read_text())[
        "providers"
    ]
    (source,) = yaml.safe_load(places[f"{provisioning}/datasources/roost.yaml"].read_text())[
        "datasources"
    ]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])

    assert places[provider["options"]["path"]].resolve() == FOLDER
    assert (places[str(home.parent)] / home.name).is_file()
    assert source["type"] == "prometheus"

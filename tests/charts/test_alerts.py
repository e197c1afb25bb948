"""The alert of certificates that expire, evaluated by Prometheus' own tool."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.charts.rendering import of_kind, rendered

NAME = "RoostCertificateExpires"
DAY = 86_400
ENVOY = "envoy_listener_ssl_certificate_expiration_unix_time_seconds"
PROCESS = "roost_tls_certificate_expiry_time_seconds"
EDGE = f'{ENVOY}{{envoy_tls_certificate="edge",pod="%s"}}'
OTHER = f'{ENVOY}{{envoy_tls_certificate="of-another-envoy"}}'
AUTHORITY = (
    "envoy_cluster_ssl_certificate_expiration_unix_time_seconds"
    '{envoy_tls_certificate="authority",envoy_cluster_name="post"}'
)
WORKER = f'{PROCESS}{{app_kubernetes_io_component="post-work",file="/etc/roost/tls/tls.crt"}}'


def rules() -> dict[str, Any]:
    (found,) = of_kind(rendered("everything"), "PrometheusRule").values()
    spec: dict[str, Any] = found["spec"]
    return spec


@pytest.mark.parametrize(
    ("series", "named"),
    [
        ({}, []),
        ({EDGE % "one": 15 * DAY, AUTHORITY: 15 * DAY, WORKER: 15 * DAY}, []),
        ({OTHER: 2 * DAY}, []),
        ({EDGE % "one": 15 * DAY, EDGE % "two": 13 * DAY}, ["edge"]),
        ({EDGE % "one": 15 * DAY, AUTHORITY: 13 * DAY}, ["authority"]),
        ({WORKER: 13 * DAY}, ["post-work"]),
        ({EDGE % "one": 13 * DAY, WORKER: 13 * DAY}, ["edge", "post-work"]),
        ({EDGE % "one": 0}, ["edge"]),
    ],
)
def test_an_alert_comes_two_weeks_before_a_certificate_expires(
    series: dict[str, int], named: list[str], tmp_path: Path
) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here: it comes with Prometheus")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules()))
    # Time begins at 0, so a time is how much is left of it.
    case = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "5m",
        "tests": [
            {
                "interval": "5m",
                "input_series": [
                    {"series": name, "values": f"{left}x12"} for name, left in series.items()
                ],
                "alert_rule_test": [
                    {
                        "alertname": NAME,
                        "eval_time": "30m",
                        "exp_alerts": [expected(name, series) for name in named],
                    }
                ],
            }
        ],
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(case))

    done = subprocess.run(
        [promtool, "test", "rules", "test.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def expected(name: str, series: dict[str, int]) -> dict[str, Any]:
    label = "app_kubernetes_io_component" if "-" in name else "envoy_tls_certificate"
    left = min(value for of, value in series.items() if f'{label}="{name}"' in of) - 1800
    hours, seconds = divmod(abs(left), 3600)
    days, hours = divmod(hours, 24)
    said = f"{'-' if left < 0 else ''}{f'{days}d {hours}h ' if days else ''}{seconds // 60}m 0s"
    return {
        "exp_labels": {"severity": "warning", label: name},
        "exp_annotations": {
            "summary": f"The certificate of {name} expires in {said}.",
            "runbook": "docs/kubernetes.md#certificates",
        },
    }

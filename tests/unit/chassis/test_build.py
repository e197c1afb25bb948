"""The release that a process shows is the one of the package, the chart and the images."""

import platform
import re
import tomllib
from pathlib import Path

from prometheus_client import REGISTRY

from services.chassis.runtime import build

ROOT = Path(__file__).parents[3]


def test_release_is_shown_with_its_revision() -> None:
    build.publish(revision="0123abc")

    labels = {
        "version": build.VERSION,
        "revision": "0123abc",
        "python": platform.python_version(),
    }
    assert REGISTRY.get_sample_value("roost_build_info", labels) == 1


def test_version_is_the_same_in_the_package_the_chart_and_the_images() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = re.findall(
        r"^(?:appV|v)ersion: (\S+)$", (ROOT / "charts/roost/Chart.yaml").read_text(), re.MULTILINE
    )
    images = re.findall(
        r"^ARG VERSION=(\S+)$",
        (ROOT / "charts/images/Containerfile").read_text(),
        re.MULTILINE,
    )

    assert [package, *chart, *images] == [build.VERSION] * 5

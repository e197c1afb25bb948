"""Which release a process runs."""

import platform

from prometheus_client import Gauge

# Of `pyproject.toml`, which is not in the images.
VERSION = "0.1.0"

_info = Gauge(
    "roost_build_info", "1: which release this process runs", ["version", "revision", "python"]
)


def publish(*, revision: str) -> None:
    """Shows the release in the metrics. `revision` is the commit of an image, or empty."""
    _info.labels(VERSION, revision, platform.python_version()).set(1)

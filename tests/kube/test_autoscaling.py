"""Autoscalers act on CPU and on the lag of consumer groups, within their limits."""

from collections.abc import Callable, Iterator

import pytest

from tests.kube.control_plane import ControlPlane, wait
from tests.kube.metrics import Metrics
from tests.kube.release import NAME, Release

pytestmark = pytest.mark.kube

# Down at once: with the values of the chart, a test would wait for minutes.
PROMPT = {"stabilizationWindowSeconds": 0}


@pytest.fixture
def metrics(plane: ControlPlane) -> Iterator[Metrics]:
    """The metrics, without a load before and after the test."""
    plane.metrics.millicores.clear()
    plane.metrics.lag.clear()
    yield plane.metrics
    plane.metrics.millicores.clear()
    plane.metrics.lag.clear()


@pytest.fixture(scope="module")
def installed(new_release: Callable[[], Release]) -> Release:
    """A release that is installed and settled."""
    release = new_release()
    release.make_secrets()
    done = release.install()
    assert done.returncode == 0, done.stderr
    release.settle()
    return release


def replicas(release: Release, component: str) -> int:
    release.settle()
    return len(release.pods(component))

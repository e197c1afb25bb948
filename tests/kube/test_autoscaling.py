"""Autoscalers act on CPU and on the lag of consumer groups, within their limits."""

from collections.abc import Callable, Iterator

import pytest

from tests.kube.control_plane import ControlPlane, wait
from tests.kube.metrics import Metrics
from tests.kube.release import NAME, Release, component

pytestmark = pytest.mark.kube

# Each scales up and down in one step, and down at once; the chart's values would take minutes.
GATEWAY = {"minReplicas": 2, "maxReplicas": 4, "scaleDownSeconds": 0}
WORK = {"minReplicas": 1, "maxReplicas": 3, "scaleDownSeconds": 0, "targetLag": 500}
VALUES = {
    "gateway": {"autoscaling": GATEWAY},
    "serviceDefaults": {"work": {"autoscaling": WORK}},
}


@pytest.fixture
def metrics(plane: ControlPlane) -> Iterator[Metrics]:
    """The metrics, without a load before and after the test."""
    plane.metrics.clear()
    yield plane.metrics
    plane.metrics.clear()


@pytest.fixture(scope="module")
def installed(new_release: Callable[[], Release]) -> Release:
    """A release that is installed and settled."""
    release = new_release()
    release.make_secrets()
    done = release.install(VALUES)
    assert done.returncode == 0, done.stderr
    release.settle()
    return release


def wait_for(release: Release, of: str, replicas: int) -> None:
    """Waits until a component has this number of pods, all of them available."""

    def scaled() -> bool:
        deployment = release.deployments()[of]
        return deployment["status"].get("availableReplicas") == replicas == len(release.pods(of))

    wait(scaled)


def scales(release: Release, of: str, *, since: str) -> list[int]:
    """The numbers of replicas that a component was scaled to since a version, in order."""
    watched = release.plane.watch(release.path("apps/v1/deployments"), since=since)
    numbers = [each["spec"]["replicas"] for each in watched if component(each) == of]
    return [number for i, number in enumerate(numbers) if [number] != numbers[i - 1 : i]]


def version(release: Release) -> str:
    metadata = release.plane.get(release.path("apps/v1/deployments"))["metadata"]
    return str(metadata["resourceVersion"])


def test_gateways_follow_their_cpu_between_the_limits(installed: Release, metrics: Metrics) -> None:
    since = version(installed)

    # 70 % of the 500 millicores that each requests is enough for 2,100.
    metrics.millicores["gateway"] = 20_000
    wait_for(installed, "gateway", 4)
    metrics.millicores["gateway"] = 100
    wait_for(installed, "gateway", 2)

    scaled = scales(installed, "gateway", since=since)
    assert (max(scaled), min(scaled), scaled[-1]) == (4, 2, 2)


def test_a_load_that_the_pods_carry_scales_nothing(installed: Release, metrics: Metrics) -> None:
    metrics.millicores["gateway"] = 2 * 350

    settled = wait(lambda: utilization(installed, "gateway") == 70)

    assert settled
    wait_for(installed, "gateway", 2)


def utilization(release: Release, of: str) -> int | None:
    """The percentage that the autoscaler saw last."""
    status = release.autoscalers()[f"{NAME}-{of}"]["status"]
    (metric,) = status["currentMetrics"]
    found: int | None = metric.get("resource", {}).get("current", {}).get("averageUtilization")
    return found


def test_timeline_workers_follow_the_lag_of_their_group_between_the_limits(
    installed: Release, metrics: Metrics
) -> None:
    since = version(installed)

    metrics.lag["timeline.events"] = [9_000, 0, 9_000]
    wait_for(installed, "timeline-work", 3)
    metrics.lag["timeline.events"] = [0, 10, 0]
    wait_for(installed, "timeline-work", 1)

    scaled = scales(installed, "timeline-work", since=since)
    assert (max(scaled), min(scaled), scaled[-1]) == (3, 1, 1)


def test_the_lag_of_another_group_scales_no_timeline_workers(
    installed: Release, metrics: Metrics
) -> None:
    since = version(installed)

    metrics.lag["timeline.events"] = [0]
    metrics.lag["post.events"] = [50_000]
    wait_for(installed, "post-work", 3)

    assert scales(installed, "timeline-work", since=since) == []


def test_without_metrics_every_component_keeps_its_replicas(
    installed: Release, metrics: Metrics
) -> None:
    """Pods whose metrics are absent are not removed."""
    metrics.lag["timeline.events"] = [9_000]
    wait_for(installed, "timeline-work", 3)
    since = version(installed)

    metrics.clear()
    wait(lambda: not active(installed, "timeline-work"))

    assert scales(installed, "timeline-work", since=since) == []
    metrics.lag["timeline.events"] = [0]
    wait_for(installed, "timeline-work", 1)


def active(release: Release, of: str) -> bool:
    """Whether the autoscaler can compute a number of replicas."""
    conditions = release.autoscalers()[f"{NAME}-{of}"]["status"]["conditions"]
    return next(each["status"] == "True" for each in conditions if each["type"] == "ScalingActive")

"""A drained node stops one pod of a component at a time."""

import pytest

from tests.kube.control_plane import ControlPlane, wait
from tests.kube.kubelet import Kubelet
from tests.kube.release import Release, component

pytestmark = pytest.mark.kube


def evict(plane: ControlPlane, release: Release, name: str) -> int:
    """Asks for the eviction of a pod, as `kubectl drain` does, and returns the answer's status."""
    metadata = {"name": name, "namespace": release.namespace}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
    path = f"{release.path('pods')}/{name}/eviction"
    return plane.api.post(path, json=eviction).status_code


def may_lose_one(release: Release, of: str) -> bool:
    """Whether a pod of this component may be evicted."""
    budgets = release.objects("policy/v1/poddisruptionbudgets").values()
    (budget,) = (each for each in budgets if component(each) == of)
    allowed: int = budget["status"]["disruptionsAllowed"]
    return allowed == 1


@pytest.mark.parametrize("of", ["envoy", "gateway", "post"])
def test_a_second_eviction_waits_until_the_first_pod_is_replaced(
    plane: ControlPlane, installed: Release, kubelet: Kubelet, of: str
) -> None:
    wait(lambda: may_lose_one(installed, of))
    first, second = (pod["metadata"]["name"] for pod in installed.pods(of).values())

    kubelet.paused = True
    assert evict(plane, installed, first) == 201
    assert evict(plane, installed, second) == 429

    kubelet.paused = False
    wait(lambda: evict(plane, installed, second) == 201)
    installed.settle()


def test_a_single_worker_may_be_evicted(plane: ControlPlane, installed: Release) -> None:
    wait(lambda: may_lose_one(installed, "timeline-work"))
    (pod,) = installed.pods("timeline-work").values()

    assert evict(plane, installed, pod["metadata"]["name"]) == 201

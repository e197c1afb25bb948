"""Upgrades and rollbacks: what they replace, and what they leave."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.kube.control_plane import ControlPlane
from tests.kube.kubelet import Kubelet
from tests.kube.release import NAME, ONE_TRY, Release, component, secrets

pytestmark = pytest.mark.kube


def upgraded(release: Release, values: Mapping[str, Any]) -> set[str]:
    """Upgrades with these values, and returns the components whose pods were replaced."""
    before = release.pods()
    done = release.upgrade(values)
    assert done.returncode == 0, done.stderr
    release.settle()
    return replaced(release, before)


def replaced(release: Release, before: Mapping[str, Any]) -> set[str]:
    now = release.pods()
    return {component(pod) for uid, pod in before.items() if uid not in now} - {""}


def of(pods: Mapping[str, Any], wanted: str) -> list[str]:
    """The pods of a component."""
    return [uid for uid, pod in pods.items() if component(pod) == wanted]


def secret_versions(release: Release) -> dict[str, str]:
    names = {each["metadata"]["name"] for each in secrets()}
    return {
        name: each["metadata"]["resourceVersion"]
        for name, each in release.objects("secrets").items()
        if name in names
    }


def test_an_upgrade_without_a_change_replaces_no_pod_and_no_secret(installed: Release) -> None:
    before = secret_versions(installed)

    assert upgraded(installed, {}) == set()

    assert secret_versions(installed) == before


@pytest.mark.parametrize(
    ("values", "components"),
    [
        ({"envoy": {"settings": {"RATE_READS": "777"}}}, {"envoy"}),
        ({"services": {"post": {"env": {"ROOST_LOG_LEVEL": "debug"}}}}, {"post", "post-work"}),
        ({"gateway": {"graphqlIntrospection": True}}, {"gateway"}),
    ],
    ids=["envoy", "post", "gateway"],
)
def test_a_changed_value_replaces_the_pods_that_have_it(
    installed: Release, values: Mapping[str, Any], components: set[str]
) -> None:
    assert upgraded(installed, values) == components


def test_new_pods_are_ready_before_old_ones_end(plane: ControlPlane, installed: Release) -> None:
    wanted = {name: each["spec"]["replicas"] for name, each in installed.deployments().items()}
    path = installed.path("apps/v1/deployments")
    version = plane.get(path)["metadata"]["resourceVersion"]

    upgraded(installed, {"logs": {"level": "debug"}, "image": {"tag": "ready"}})

    events = plane.watch(path, since=version)
    assert {component(each) for each in events} == wanted.keys()
    for each in events:
        assert each["status"].get("availableReplicas", 0) >= wanted[component(each)]


@pytest.mark.parametrize("job", ["migrate", "topics"])
def test_a_failed_job_stops_an_upgrade_with_nothing_replaced(
    installed: Release, kubelet: Kubelet, job: str
) -> None:
    pods, deployments = installed.pods(), installed.deployments()
    values = {**ONE_TRY, "gateway": {"podAnnotations": {"after": job}}}
    kubelet.failing.add(job)

    done = installed.upgrade(values)

    assert done.returncode == 1
    assert replaced(installed, pods) == set()
    for name, each in installed.deployments().items():
        assert each["spec"] == deployments[name]["spec"]
    kubelet.failing.clear()
    assert upgraded(installed, values) == {"gateway"}


def test_pods_without_their_image_replace_no_others_and_a_rollback_removes_them(
    installed: Release, kubelet: Kubelet
) -> None:
    before = installed.pods()
    kubelet.missing_images.add("envoyproxy/envoy:none")

    done = installed.upgrade({"envoy": {"image": {"tag": "none"}}}, limit=5)

    assert done.returncode == 1
    assert replaced(installed, before) == set()
    assert len(installed.pods("envoy")) > len(of(before, "envoy"))
    rolled_back = installed.helm("rollback", NAME, "--wait", "--timeout", "120s")
    assert rolled_back.returncode == 0, rolled_back.stderr
    installed.settle()
    assert installed.pods().keys() == before.keys()


def test_a_rollback_brings_the_earlier_image_back_without_a_job(
    plane: ControlPlane, installed: Release
) -> None:
    images = images_of(installed)
    upgraded(installed, {"image": {"tag": "rolled-back"}})
    assert images_of(installed) != images
    started = len(plane.kubelet.started)

    done = installed.helm("rollback", NAME, "--wait", "--timeout", "120s")

    assert done.returncode == 0, done.stderr
    installed.settle()
    assert images_of(installed) == images
    # Migrations suit the version before, too.
    since = {
        word
        for namespace, words in plane.kubelet.started[started:]
        for word in words
        if namespace == installed.namespace
    }
    assert "gateway" in since
    assert not {"migrate", "topics"} & since


def images_of(release: Release) -> set[str]:
    return {each["image"] for pod in release.pods().values() for each in pod["spec"]["containers"]}

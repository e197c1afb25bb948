"""The chart with parts switched off, on a cluster without the kinds of any operator."""

import pytest

from tests.kube.control_plane import ControlPlane
from tests.kube.release import NAME, Release, component

pytestmark = pytest.mark.kube

OFF = ("media", "notification", "search")
KINDS = (
    "apps/v1/deployments",
    "autoscaling/v2/horizontalpodautoscalers",
    "policy/v1/poddisruptionbudgets",
    "services",
)


def components(release: Release) -> set[str]:
    """The components that have an object of any of the kinds."""
    return {component(each) for kind in KINDS for each in release.objects(kind).values()}


def test_services_that_are_off_leave_nothing_and_need_no_secret(
    plane: ControlPlane, bare_release: Release
) -> None:
    bare_release.make_secrets(without=OFF)

    done = bare_release.install({"services": {noun: {"enabled": False} for noun in OFF}})

    assert done.returncode == 0, done.stderr
    bare_release.settle()
    assert components(bare_release) & {"user", "post-work", "timeline"}
    assert not [each for each in components(bare_release) if each.startswith(OFF)]
    (job,) = (
        each for name, each in bare_release.objects("batch/v1/jobs").items() if "migrate" in name
    )
    (container,) = job["spec"]["template"]["spec"]["containers"]
    migrated = {each["name"] for each in container["env"] if "DATABASE_URL" in each["name"]}
    assert migrated == {f"ROOST_DATABASE_URL_{noun}" for noun in ("POST", "TIMELINE", "USER")}


def test_a_service_is_switched_off_and_on_by_upgrades(release: Release) -> None:
    for enabled in (True, False, True):
        values = {"services": {"search": {"enabled": enabled}}}
        done = (release.upgrade if release.deployments() else release.install)(values)
        assert done.returncode == 0, done.stderr
        release.settle()
        assert ({"search", "search-work"} <= components(release)) is enabled


def test_without_scaling_and_budgets_the_replicas_are_those_of_the_values(release: Release) -> None:
    off = {"autoscaling": {"enabled": False}}
    values = {
        "podDisruptionBudgets": {"enabled": False},
        "topologySpread": {"enabled": False},
        "serviceDefaults": {"serve": {**off, "replicas": 3}, "work": off},
        "gateway": {**off, "replicas": 1},
        "envoy": off,
    }

    done = release.install(values)

    assert done.returncode == 0, done.stderr
    release.settle()
    assert not release.autoscalers()
    assert not release.objects("policy/v1/poddisruptionbudgets")
    replicas = {name: each["spec"]["replicas"] for name, each in release.deployments().items()}
    assert [replicas[name] for name in ("post", "post-work", "gateway", "envoy")] == [3, 1, 1, 2]


def test_jobs_that_are_off_do_not_run(plane: ControlPlane, release: Release) -> None:
    values = {"migrations": {"enabled": False}, "kafka": {"topics": {"create": False}}}

    done = release.install(values)

    assert done.returncode == 0, done.stderr
    assert not release.objects("batch/v1/jobs")


@pytest.mark.usefixtures("foreign_kinds")
def test_with_keda_workers_have_scaled_objects_and_no_autoscalers(release: Release) -> None:
    done = release.install({"workerScaling": "keda"})

    assert done.returncode == 0, done.stderr
    scaled = release.objects("keda.sh/v1alpha1/scaledobjects")
    targets = {each["spec"]["scaleTargetRef"]["name"] for each in scaled.values()}
    workers = {f"{NAME}-{each}" for each in release.deployments() if each.endswith("-work")}
    assert targets == workers
    assert not workers & release.autoscalers().keys()

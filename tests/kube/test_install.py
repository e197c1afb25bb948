"""An installation, its hooks, its test and its end."""

from collections.abc import Callable

import pytest

from tests.kube.control_plane import ControlPlane, wait
from tests.kube.kubelet import Kubelet
from tests.kube.release import NAME, ONE_TRY, Release, secrets

pytestmark = pytest.mark.kube

DEPLOYMENT = "services.chassis.deployment"


def commands(plane: ControlPlane, release: Release) -> list[tuple[str, ...]]:
    """The arguments of the release's containers, in the order of their starts."""
    return [words for namespace, words in plane.kubelet.started if namespace == release.namespace]


def everything(release: Release) -> set[str]:
    """The names of all objects in the namespace, except events."""
    kinds = release.plane.kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name")
    assert kinds.returncode == 0, kinds.stderr
    wanted = (
        each for each in kinds.stdout.split() if "event" not in each and "metrics" not in each
    )
    listed = release.plane.kubectl(
        *("get", ",".join(wanted), "-o", "name", "--namespace", release.namespace)
    )
    assert listed.returncode == 0, listed.stderr
    return set(listed.stdout.split())


def test_every_deployment_becomes_available_after_the_jobs(
    plane: ControlPlane, release: Release
) -> None:
    installed = release.install()

    assert installed.returncode == 0, installed.stderr
    release.settle()
    components = release.deployments().keys()
    assert {"envoy", "gateway", "user", "user-work", "timeline-work", "media"} <= components
    started = commands(plane, release)
    jobs = [words for words in started if DEPLOYMENT in words and "drain" not in words]
    assert {words[-1] for words in jobs} == {"migrate", "topics"}
    assert started[: len(jobs)] == jobs


def test_helms_test_passes_and_fails_with_its_pod(
    plane: ControlPlane, release: Release, kubelet: Kubelet
) -> None:
    release.install()

    passed = release.helm("test", NAME)
    last = commands(plane, release)[-1]
    kubelet.failing.add(last[-1])
    failed = release.helm("test", NAME)

    assert passed.returncode == 0, passed.stderr
    assert failed.returncode == 1


@pytest.mark.parametrize("job", ["migrate", "topics"])
def test_a_failed_job_stops_the_installation(release: Release, kubelet: Kubelet, job: str) -> None:
    kubelet.failing.add(job)

    installed = release.install(ONE_TRY)

    assert installed.returncode == 1
    assert not release.objects("apps/v1/deployments")


def test_without_the_secrets_nothing_starts(
    plane: ControlPlane, new_release: Callable[[], Release]
) -> None:
    release = new_release()

    installed = release.install(limit=5)

    assert installed.returncode == 1
    assert not commands(plane, release)
    assert not release.objects("apps/v1/deployments")
    (pod,) = release.objects("pods").values()
    (container,) = pod["status"]["containerStatuses"]
    reason = container["state"]["waiting"]["message"]
    assert reason == "secrets has no roost-media"


def test_an_uninstallation_leaves_the_secrets_and_the_finished_jobs(release: Release) -> None:
    before = everything(release)
    release.install()
    assert everything(release) > before

    removed = release.helm("uninstall", NAME, "--wait")

    assert removed.returncode == 0, removed.stderr
    assert {f"secret/{each['metadata']['name']}" for each in secrets()} <= before
    jobs = {f"job.batch/{NAME}-{name}" for name in ("migrate", "topics")}
    wait(lambda: not release.pods() and everything(release) == before | jobs | finished(release))
    # Kubernetes deletes them, and their pods, after a day.
    for job in release.objects("batch/v1/jobs").values():
        assert job["spec"]["ttlSecondsAfterFinished"] == 86_400


def finished(release: Release) -> set[str]:
    """The names of the pods of jobs."""
    return {
        f"pod/{name}"
        for name, pod in release.objects("pods").items()
        if pod["status"]["phase"] == "Succeeded" and "job-name" in pod["metadata"]["labels"]
    }

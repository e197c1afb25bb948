"""The control plane, and a namespace for each release."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.kube import build
from tests.kube.control_plane import ControlPlane, wait
from tests.kube.foreign import definitions
from tests.kube.kubelet import Kubelet
from tests.kube.release import Release

RESTRICTED = {f"pod-security.kubernetes.io/{each}": "restricted" for each in ("enforce", "warn")}

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The control plane. Skips where it cannot be started."""
    if shutil.which("etcd") is None:
        pytest.skip("etcd is not installed")
    if not build.built():
        pytest.skip("Kubernetes is not built, because Go is not installed: see `make test-kube`")
    running = ControlPlane(tmp_path_factory.mktemp("kube"))
    try:
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def foreign_kinds(plane: ControlPlane) -> Iterator[None]:
    """The kinds of Prometheus' operator and of KEDA. Without this fixture there are none."""
    plane.apply(*definitions())
    paths = [f"{DEFINITIONS}/{each['metadata']['name']}" for each in definitions()]
    for path in paths:
        wait(lambda path=path: _established(plane.get(path)))
    yield
    for path in paths:
        plane.api.delete(path).raise_for_status()
    wait(lambda: not plane.get(DEFINITIONS)["items"])


@contextmanager
def _namespace(plane: ControlPlane, paths: pytest.TempPathFactory) -> Iterator[Release]:
    name = f"test-{next(_numbers)}"
    metadata = {"name": name, "labels": RESTRICTED}
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    yield Release(plane, name, paths.mktemp(name))
    # Its objects go while the next test runs.
    plane.api.delete(f"/api/v1/namespaces/{name}").raise_for_status()


@pytest.fixture
def bare_release(
    plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Release]:
    """A release that is not installed, in a namespace with the restricted profile, without
    Secrets."""
    with _namespace(plane, tmp_path_factory) as made:
        yield made


@pytest.fixture
def release(bare_release: Release) -> Release:
    """A release that is not installed, whose Secrets exist."""
    bare_release.make_secrets()
    return bare_release


@pytest.fixture(scope="module")
def shared_release(
    plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Release]:
    """A release of a module that is not installed, whose Secrets exist."""
    with _namespace(plane, tmp_path_factory) as made:
        made.make_secrets()
        yield made


@pytest.fixture(scope="module")
def installed(shared_release: Release) -> Release:
    """A release with the values of the chart, which the tests of a module share."""
    done = shared_release.install()
    assert done.returncode == 0, done.stderr
    shared_release.settle()
    return shared_release


@pytest.fixture
def kubelet(plane: ControlPlane) -> Iterator[Kubelet]:
    """The kubelet, which lets nothing fail after the test."""
    yield plane.kubelet
    plane.kubelet.heal()


def _established(definition: dict[str, object]) -> bool:
    status = definition.get("status", {})
    assert isinstance(status, dict)
    return any(
        each["type"] == "Established" and each["status"] == "True"
        for each in status.get("conditions", ())
    )

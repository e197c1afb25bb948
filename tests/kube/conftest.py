"""The control plane, and a namespace for each test."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator

import pytest

from tests.kube import build
from tests.kube.control_plane import ControlPlane

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

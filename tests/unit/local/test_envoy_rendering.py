"""The Envoy configuration is filled from the stack's addresses and the operator's overrides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from local.parts.envoy import Envoy
from local.ports import Ports


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Ports]:
    ports = Ports(tmp_path / "ports.json")
    yield ports
    ports.release()


async def rendered(folder: Path, ports: Ports, environ: dict[str, str]) -> str:
    upstreams = {"user": ["127.0.0.1:7001", "127.0.0.1:7002"], "gateway": ["127.0.0.1:7003"]}
    envoy = Envoy(folder, ports=ports, upstreams=upstreams, environ=environ)
    await envoy.prepare()
    return (folder / "envoy.yaml").read_text()


async def test_every_replica_is_an_endpoint(tmp_path: Path, ports: Ports) -> None:
    text = await rendered(tmp_path / "envoy", ports, {})

    clusters = yaml.safe_load(text)["static_resources"]["clusters"]
    [user] = [cluster for cluster in clusters if cluster["name"] == "user"]
    [locality] = user["load_assignment"]["endpoints"]
    found = [
        each["endpoint"]["address"]["socket_address"]["port_value"]
        for each in locality["lb_endpoints"]
    ]
    assert found == [7001, 7002]


async def test_operator_overrides_a_default_by_its_name(tmp_path: Path, ports: Ports) -> None:
    text = await rendered(tmp_path / "envoy", ports, {"ROOST_RATE_WRITES": "98765"})

    assert "98765" in text

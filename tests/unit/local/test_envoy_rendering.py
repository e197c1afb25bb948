"""The Envoy configuration is filled from the stack's addresses and the operator's overrides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from local.envoy_template import object_store
from local.parts.envoy import PATH_KEY, Envoy
from local.parts.seaweedfs import S3
from local.ports import Ports
from local.secret_store import SecretStore

STORE = S3("http://127.0.0.1:8333", "files", "reader", "quokka")


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Ports]:
    ports = Ports(tmp_path / "ports.json")
    yield ports
    ports.release()


async def rendered(folder: Path, ports: Ports, environ: dict[str, str]) -> str:
    upstreams = {"user": ["127.0.0.1:7001", "127.0.0.1:7002"], "gateway": ["127.0.0.1:7003"]}
    envoy = Envoy(
        folder,
        ports=ports,
        secrets=SecretStore(folder / "secrets"),
        store=STORE,
        upstreams=upstreams,
        environ=environ,
    )
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


async def test_no_secret_is_in_the_configuration(tmp_path: Path, ports: Ports) -> None:
    text = await rendered(tmp_path / "envoy", ports, {})

    secrets = SecretStore(tmp_path / "envoy" / "secrets")
    [key] = json.loads(secrets.symmetric_keys(PATH_KEY).read_text())["keys"]
    assert STORE.secret_key not in text
    assert key["k"] not in text
    assert secrets.token(PATH_KEY) not in text


@pytest.mark.parametrize(
    ("endpoint", "host", "port", "tls"),
    [
        ("http://127.0.0.1:8333", "127.0.0.1", 8333, False),
        ("http://store.example", "store.example", 80, False),
        ("https://s3.example.org", "s3.example.org", 443, True),
        ("https://s3.example.org:8443", "s3.example.org", 8443, True),
    ],
)
def test_an_endpoint_of_s3_is_an_address_with_or_without_tls(
    endpoint: str, host: str, port: int, tls: bool
) -> None:
    values = object_store(endpoint, bucket="files", region="eu-central-1")

    [found] = json.loads(values["MEDIA_S3_ENDPOINTS"])
    assert found["endpoint"]["address"]["socket_address"] == {"address": host, "port_value": port}
    transport = json.loads(values["MEDIA_S3_TRANSPORT"])
    assert transport["typed_config"].get("sni") == (host if tls else None)
    assert values["MEDIA_S3_HOST"] == endpoint.partition("//")[2]
    assert values["MEDIA_S3_PREFIX"] == "/files"

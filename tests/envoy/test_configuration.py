"""The configuration template and its values; Envoy accepts the result."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.envoy_template import (
    defaults,
    endpoints,
    endpoints_name,
    object_store,
    rate_limits,
    render,
    template,
    tracing,
    variables,
)
from local.parts.envoy import LISTENERS
from local.parts.seaweedfs import S3
from local.ports import Ports
from services.chassis.runtime.manifest import deployed
from tests.envoy.proxy import BINARY, ROOT, configuration

SERVICES = ("gateway", *(each.noun for each in deployed()))


# The first key of each limit that a listener counts.
SENT = {"edge": {"login", "class", "user"}, "media": {"listener"}}


def limiters(config: Any, listener: str) -> tuple[Any, Any]:
    """Return the filter of a listener's own buckets, and that of limits that it shares."""
    listeners = {each["name"]: each for each in config["static_resources"]["listeners"]}
    manager = listeners[listener]["filter_chains"][0]["filters"][-1]["typed_config"]
    filters = {each["name"]: each["typed_config"] for each in manager["http_filters"]}
    return filters["envoy.filters.http.local_ratelimit"], filters["envoy.filters.http.ratelimit"]


def counts(
    descriptors: Any, above: tuple[tuple[str, str], ...] = ()
) -> Iterator[tuple[tuple[tuple[str, str], ...], int]]:
    """Yield the keys and values of each limit of the rate limit service, and its requests."""
    for each in descriptors:
        keys = (*above, (each["key"], each.get("value", "")))
        if "rate_limit" in each:
            assert each["rate_limit"]["unit"] == "minute"
            yield keys, each["rate_limit"]["requests_per_unit"]
        yield from counts(each.get("descriptors", []), keys)


async def judge(file: Path) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        str(BINARY),
        *("--mode", "validate", "--disable-hot-restart", "-c", str(file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.engines
@pytest.mark.parametrize(
    "places",
    [
        pytest.param(["127.0.0.1:8081", "127.0.0.1:8082"], id="one machine"),
        pytest.param(["gateway.roost.svc.cluster.local:8080"], id="Kubernetes"),
        pytest.param(["[::1]:8080"], id="IPv6"),
        pytest.param([], id="nothing runs"),
    ],
)
async def test_envoy_accepts_the_configuration_of(tmp_path: Path, places: list[str]) -> None:
    ports = Ports(tmp_path / "ports.json")
    everywhere = {endpoints_name(name): endpoints(places) for name in SERVICES}
    file = tmp_path / "envoy.yaml"
    file.write_text(configuration(ports, tmp_path, **everywhere))
    ports.release()

    code, said = await judge(file)

    assert code == 0, said
    assert "deprecated" not in said.lower()


@pytest.mark.engines
@pytest.mark.parametrize("endpoint", ["http://store.roost:8333", "https://s3.example.org"])
async def test_envoy_accepts_an_object_store_at(tmp_path: Path, endpoint: str) -> None:
    ports = Ports(tmp_path / "ports.json")
    store = S3(endpoint, "files", "reader", "quokka", "eu-central-1")
    file = tmp_path / "envoy.yaml"
    file.write_text(configuration(ports, tmp_path, store, GATEWAY_ENDPOINTS="[]"))
    ports.release()

    code, said = await judge(file)

    assert code == 0, said


@pytest.mark.engines
@pytest.mark.parametrize("endpoint", ["http://collector:4317", "https://otlp.example.org"])
async def test_envoy_accepts_a_collector_of_traces(tmp_path: Path, endpoint: str) -> None:
    ports = Ports(tmp_path / "ports.json")
    values = {"GATEWAY_ENDPOINTS": "[]"} | tracing(endpoint, ratio=0.01)
    file = tmp_path / "envoy.yaml"
    file.write_text(configuration(ports, tmp_path, **values))
    ports.release()

    code, said = await judge(file)

    assert code == 0, said


@pytest.mark.parametrize(("endpoint", "ratio"), [("", 1.0), ("http://collector:4317", 0.0)])
def test_nothing_is_traced_without_an_endpoint_and_a_ratio(endpoint: str, ratio: float) -> None:
    assert tracing(endpoint, ratio=ratio) == {}


@pytest.mark.engines
async def test_envoy_accepts_a_rate_limit_service(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json")
    values = {
        "GATEWAY_ENDPOINTS": "[]",
        "GLOBAL_RATE_LIMITS_OFF": "false",
        "RATE_LIMIT_ENDPOINTS": endpoints(["rate-limits.roost.svc.cluster.local:7000"]),
    }
    file = tmp_path / "envoy.yaml"
    file.write_text(configuration(ports, tmp_path, **values))
    ports.release()

    code, said = await judge(file)

    assert code == 0, said
    assert "deprecated" not in said.lower()


@pytest.mark.parametrize(("listener", "added"), [("edge", ()), ("media", (("listener", "media"),))])
def test_the_rate_limit_service_has_the_limits_of_the_buckets(
    tmp_path: Path, listener: str, added: tuple[tuple[str, str], ...]
) -> None:
    ports = Ports(tmp_path / "ports.json")
    names = ("READS", "WRITES", "LOGINS", "STRANGERS", "MEDIA")
    numbers = {f"RATE_{name}": str(number) for number, name in enumerate(names, 11)}
    config = yaml.safe_load(configuration(ports, tmp_path, GATEWAY_ENDPOINTS="[]", **numbers))
    ports.release()
    buckets, shared = limiters(config, listener)
    service = yaml.safe_load(render(rate_limits(), numbers))

    limits = {
        added + tuple((each["key"], each.get("value", "")) for each in bucket["entries"]): (
            bucket["token_bucket"]["tokens_per_fill"]
        )
        for bucket in buckets["descriptors"]
    }
    counted = dict(counts(service["descriptors"]))
    assert limits == {key: of for key, of in counted.items() if key[0][0] in SENT[listener]}
    assert shared["domain"] == service["domain"]
    assert shared["filter_enabled"] == buckets["filter_enabled"]
    own = [{"actions": each["actions"][len(added) :]} for each in shared["rate_limits"]]
    assert own == buckets["rate_limits"]


def test_no_answer_of_the_edge_shows_details_of_envoy(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json")
    places = {endpoints_name(name): "[]" for name in SERVICES}
    config = yaml.safe_load(configuration(ports, tmp_path, **places))
    ports.release()
    (edge,) = (each for each in config["static_resources"]["listeners"] if each["name"] == "edge")
    managers = (each["typed_config"] for each in edge["filter_chains"][0]["filters"])
    (replies,) = (each["local_reply_config"] for each in managers if "local_reply_config" in each)
    formats = [replies["body_format"]]
    formats += [each["body_format_override"] for each in replies["mappers"]]

    placeholders = {name for each in formats for name in re.findall(r"%.+?%", json.dumps(each))}
    assert len(formats) > 10
    assert placeholders == {"%PATH(NQ)%", "%RESPONSE_CODE%"}


def test_every_block_is_repeated_for_what_the_manifests_declare() -> None:
    lines = template().splitlines()

    assert not [line for line in lines if line.lstrip().startswith("#:")]
    for each in deployed():
        assert f"    - name: {each.noun}" in lines
        for family in each.route_families:
            assert f"    - name: gateway_{family.name}" in lines


def test_a_name_without_a_value_is_refused() -> None:
    with pytest.raises(KeyError, match="EDGE_PORT"):
        render("port: ${EDGE_PORT}", {"EDGE_ADDRESS": "127.0.0.1"})


def test_every_default_is_used_and_only_addresses_lack_one() -> None:
    used = set(re.findall(r"\$\{([A-Z0-9_]+)\}", template()))
    given = set(defaults())

    assert given <= used
    places = {f"{listener}_{key}" for listener in LISTENERS for key in ("ADDRESS", "PORT")}
    store = set(object_store("http://store:80", bucket="files", region="nowhere"))
    files = {"MEDIA_S3_CREDENTIALS_FILE", "MEDIA_PATH_KEYS_FILE", "MEDIA_CACHE_FOLDER"}
    assert used - given == places | store | files | {"ADMIN_SOCKET", "GATEWAY_ENDPOINTS"}


async def test_a_shell_reads_the_defaults_as_python_does() -> None:
    file = ROOT / "envoy" / "defaults.env"

    shell = await asyncio.create_subprocess_exec(
        *("env", "-i", "sh", "-c", 'set -a; . "$0"; exec env', str(file)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await shell.communicate()

    assert variables(file.read_text()).items() <= variables(said.decode()).items()


def test_endpoints_are_a_yaml_list_of_addresses() -> None:
    written = endpoints(["10.0.0.1:80", "post.roost:9000", "[::1]:81"])

    assert json.loads(written) == yaml.safe_load(written)
    assert [each["endpoint"]["address"]["socket_address"] for each in json.loads(written)] == [
        {"address": "10.0.0.1", "port_value": 80},
        {"address": "post.roost", "port_value": 9000},
        {"address": "::1", "port_value": 81},
    ]


@pytest.mark.parametrize("address", ["", "localhost", ":80", "host:", "host:http"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="Not host:port"):
        endpoints([address])

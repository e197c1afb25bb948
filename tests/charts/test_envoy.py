"""Envoy's configuration, as the chart renders it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.envoy_template import endpoints, object_store, tracing
from services.chassis.runtime.manifest import deployed
from tests.certificates import Authority
from tests.charts.rendering import SETS, TLS, envoy_files, of_kind, rendered
from tests.envoy.proxy import BINARY

CERTIFICATES = ("/etc/roost/edge", "/etc/roost/tls")
MOUNTS = ("/etc/envoy", "/etc/roost/own", "/run/envoy", "/var/cache/roost-media", *CERTIFICATES)
OWN = {
    "media-store.credentials": "[default]\n",
    "media-path-keys.json": '{"keys": [{"kty": "oct", "alg": "HS256", "k": "AA"}]}',
}


def configuration(name: str, *sets: str) -> str:
    return envoy_files(rendered(name, *sets))["envoy.yaml"]


def clusters(text: str) -> dict[str, dict[str, Any]]:
    found = yaml.safe_load(text)["static_resources"]["clusters"]
    return {each["name"]: each for each in found}


def endpoints_of(cluster: dict[str, Any]) -> Any:
    (group,) = cluster["load_assignment"]["endpoints"]
    return group["lb_endpoints"]


@pytest.mark.engines
@pytest.mark.parametrize(
    ("name", "tls"),
    [*((name, "") for name in SETS), *(("smallest", tls) for tls in TLS)],
)
async def test_envoy_accepts_the_configuration_of(name: str, tls: str, tmp_path: Path) -> None:
    places = {mount: tmp_path / mount.removeprefix("/") for mount in MOUNTS}
    files = envoy_files(rendered(name, *TLS.get(tls, ())))
    for mount, place in places.items():
        files = {file: text.replace(mount, str(place)) for file, text in files.items()}
        place.mkdir(parents=True)
    for mount, place in places.items():
        for file, content in {"/etc/envoy": files, "/etc/roost/own": OWN}.get(mount, {}).items():
            (place / file).write_text(content)
    for mount in CERTIFICATES:
        Authority().issue(places[mount], "roost.example")

    process = await asyncio.create_subprocess_exec(
        str(BINARY),
        *("--mode", "validate", "--disable-hot-restart"),
        *("-c", str(places["/etc/envoy"] / "envoy.yaml")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()[-2000:]


def test_clusters_lead_to_the_headless_services() -> None:
    found = clusters(configuration("smallest"))

    assert endpoints_of(found["gateway"]) == json.loads(
        endpoints(["roost-gateway.town.svc.cluster.local:8000"])
    )
    for each in deployed():
        assert endpoints_of(found[each.noun]) == json.loads(
            endpoints([f"roost-{each.noun}.town.svc.cluster.local:7000"])
        )


def test_a_service_that_is_switched_off_has_no_endpoint() -> None:
    found = clusters(configuration("switched-off"))

    assert endpoints_of(found["search"]) == []
    assert endpoints_of(found["user"]) != []


@pytest.mark.parametrize(
    "endpoint",
    ["http://store", "http://store:8333", "https://s3.example", "https://s3.example:9000"],
)
def test_the_object_store_is_what_the_one_machine_stack_would_have(endpoint: str) -> None:
    text = configuration("smallest", f's3.endpoint="{endpoint}"', 's3.bucket="files"')
    wanted = object_store(endpoint, bucket="files", region="us-east-1")
    store = clusters(text)["media_store"]

    assert endpoints_of(store) == json.loads(wanted["MEDIA_S3_ENDPOINTS"])
    assert store["transport_socket"] == json.loads(wanted["MEDIA_S3_TRANSPORT"])
    assert f'host_rewrite: "{wanted["MEDIA_S3_HOST"]}"' in text
    assert f'headers:replace(":path", "{wanted["MEDIA_S3_PREFIX"]}"' in text


@pytest.mark.parametrize("ratio", [0.01, 0.25, 1])
@pytest.mark.parametrize("endpoint", ["http://collector:4317", "https://otlp.example"])
def test_traces_go_where_the_one_machine_stack_would_send_them(endpoint: str, ratio: float) -> None:
    text = configuration("smallest", f'traces.otlpEndpoint="{endpoint}"', f"traces.ratio={ratio}")
    wanted = tracing(endpoint, ratio=ratio)
    collector = clusters(text)["collector"]

    assert endpoints_of(collector) == json.loads(wanted["COLLECTOR_ENDPOINTS"])
    assert collector["transport_socket"] == json.loads(wanted["COLLECTOR_TRANSPORT"])
    for listener in ("edge", "mesh"):
        assert tracer(text, listener) == json.loads(wanted[f"{listener.upper()}_TRACING"])


@pytest.mark.parametrize("value", ['traces.otlpEndpoint="http://c:4317"', "traces.ratio=1"])
def test_without_a_collector_or_a_ratio_nothing_is_traced(value: str) -> None:
    text = configuration("smallest", value)

    assert tracer(text, "edge") is tracer(text, "mesh") is None


def tracer(text: str, listener: str) -> Any:
    (found,) = (
        each
        for each in yaml.safe_load(text)["static_resources"]["listeners"]
        if each["name"] == listener
    )
    managers = (each["typed_config"] for each in found["filter_chains"][0]["filters"])
    (tracer,) = (each["tracing"] for each in managers if "tracing" in each)
    return tracer


def test_the_disk_of_the_cache_has_room_for_its_bytes() -> None:
    deployment = of_kind(rendered("everything"), "Deployment")["town-envoy"]
    volumes = {each["name"]: each for each in deployment["spec"]["template"]["spec"]["volumes"]}

    assert volumes["cache"]["emptyDir"]["sizeLimit"] == str(2 * 4294967296)


def test_limits_of_the_rate_limit_service_are_those_of_the_edge() -> None:
    maps = of_kind(rendered("everything"), "ConfigMap")
    limits = yaml.safe_load(maps["town-rate-limits"]["data"]["rate-limits.yaml"])
    reads = [each for each in limits["descriptors"] if each.get("value") == "reads"]

    assert reads[0]["descriptors"][0]["rate_limit"]["requests_per_unit"] == 1200
    assert endpoints_of(clusters(configuration("everything"))["rate_limits"]) == json.loads(
        endpoints(["town-rate-limits.town.svc.cluster.example:8081"])
    )

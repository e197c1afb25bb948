"""TLS of the edge and of the mesh: off, each alone, and both."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.envoy_template import GATEWAY
from services.chassis.runtime.manifest import deployed
from services.chassis.runtime.settings import split_address
from tests.certificates import Authority
from tests.charts.lint import ROOT, schema
from tests.charts.rendering import (
    TLS,
    Object,
    environment,
    envoy_files,
    hooks,
    mounted_files,
    of_kind,
    pods,
    rendered,
    secret_keys,
)

CHOICES = {"off": (), **TLS}
EDGE = {"/etc/roost/edge/tls.crt", "/etc/roost/edge/tls.key"}
MESH = {f"/etc/roost/tls/{file}" for file in ("tls.crt", "tls.key", "ca.crt")}
VARIABLES = {f"ROOST_TLS_{file}_FILE" for file in ("CERTIFICATE", "KEY", "CA")}
NOUNS = {GATEWAY, *(each.noun for each in deployed() if each.processes)}

every_choice = pytest.mark.parametrize("choice", CHOICES)


def chosen(choice: str) -> list[Object]:
    return rendered("smallest", *CHOICES[choice])


@cache
def configuration(choice: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(envoy_files(chosen(choice))["envoy.yaml"])
    resources: dict[str, Any] = found["static_resources"]
    return resources


def clusters(choice: str) -> dict[str, Any]:
    return {each["name"]: each for each in configuration(choice)["clusters"]}


def listeners(choice: str) -> dict[str, str]:
    """The transport socket of each listener."""
    return {
        each["name"]: chain.get("transport_socket", {}).get("name", "none").split(".")[-1]
        for each in configuration(choice)["listeners"]
        for chain in each["filter_chains"]
    }


def verified_names() -> set[str]:
    """The names that Envoy and the processes verify in certificates of the mesh."""
    names = set()
    for noun in NOUNS:
        context = clusters("mesh")[noun]["transport_socket"]["typed_config"]["common_tls_context"]
        validation = context["combined_validation_context"]["default_validation_context"]
        names |= {each["matcher"]["exact"] for each in validation["match_typed_subject_alt_names"]}
    for pod in pods(chosen("mesh")):
        for container in pod.containers:
            if "ROOST_MESH" in environment(container):
                names.add(split_address(environment(container)["ROOST_MESH"]["value"])[0])
    return names


@pytest.mark.parametrize("choice", TLS)
def test_every_object_is_valid(choice: str) -> None:
    assert [wrong for each in chosen(choice) for wrong in schema(each, choice)] == []


@every_choice
def test_every_process_has_the_files_of_the_mesh_or_none(choice: str) -> None:
    wanted = MESH if choice in ("mesh", "both") else set()
    seen = 0
    for pod in pods(chosen(choice)):
        for container in pod.containers:
            given = environment(container)
            own = mounted_files(pod, container) & MESH
            named = {given[each]["value"] for each in VARIABLES & given.keys()}
            if "ROOST_MESH" in given:
                seen += 1
                assert own == named == wanted, pod.name
            else:
                assert not named
    assert seen > len(NOUNS)


@every_choice
def test_pods_name_only_the_secrets_of_what_is_on(choice: str) -> None:
    named = {key for pod in pods(chosen(choice)) for key in secret_keys(pod) if "town" in key[0]}

    assert named == {
        (secret, key)
        for secret, keys in {
            "town-edge": {"tls.crt", "tls.key"},
            "town-mesh": {"tls.crt", "tls.key", "ca.crt"},
        }.items()
        for key in keys
        if choice in ("both", secret.removeprefix("town-"))
    }


@every_choice
def test_jobs_need_no_certificate(choice: str) -> None:
    jobs = [pod for pod in pods(chosen(choice)) if pod.name in ("roost-migrate", "roost-topics")]

    assert len(jobs) == 2
    assert not any(mounted_files(pod, each) & MESH for pod in jobs for each in pod.containers)


@every_choice
def test_listeners_and_clusters_have_the_transports_of_what_is_on(choice: str) -> None:
    edge = "tls" if choice in ("edge", "both") else "raw_buffer"
    mesh = "tls" if choice in ("mesh", "both") else "raw_buffer"
    found = listeners(choice)

    assert {found["edge"], found["media"]} == {edge}
    assert found["mesh"] == mesh
    for noun in NOUNS:
        assert clusters(choice)[noun]["transport_socket"]["name"].split(".")[-1] == mesh


@every_choice
def test_probes_metrics_and_purges_are_plain_text(choice: str) -> None:
    found = listeners(choice)
    assert {found[each] for each in ("operators", "probes", "purges")} == {"none"}
    for pod in pods(chosen(choice)):
        for container in pod.containers:
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                probe = container.get(kind, {}).get("httpGet", {})
                assert "scheme" not in probe
                assert probe.get("port", "admin") in ("admin", "operators")


@every_choice
def test_only_an_edge_with_tls_demands_it_of_browsers(choice: str) -> None:
    (edge,) = [each for each in configuration(choice)["listeners"] if each["name"] == "edge"]
    (manager,) = [
        each["typed_config"]
        for each in edge["filter_chains"][0]["filters"]
        if "http_filters" in each["typed_config"]
    ]
    (hsts,) = [each for each in manager["http_filters"] if each["name"] == "https_only"]

    assert hsts["disabled"] is (choice not in ("edge", "both"))


@every_choice
def test_services_name_the_protocol_of_their_ports(choice: str) -> None:
    services = of_kind(chosen(choice), "Service")
    protocols = {
        name: {port["appProtocol"] for port in services[f"roost-{name}"]["spec"]["ports"]}
        for name in ("edge", "mesh", "purges", "gateway", "post")
    }
    edge = "https" if choice in ("edge", "both") else "http"
    mesh = choice in ("mesh", "both")

    assert protocols == {
        "edge": {edge},
        "purges": {"http"},
        "mesh": {"tls" if mesh else "grpc"},
        "post": {"tls" if mesh else "grpc"},
        "gateway": {"tls" if mesh else "http"},
    }


@every_choice
def test_envoy_finds_every_certificate_that_its_configuration_names(choice: str) -> None:
    files = envoy_files(chosen(choice))
    (envoy, *_) = [pod for pod in pods(chosen(choice)) if pod.name == "roost-envoy"]
    container = envoy.containers[0]
    names = {
        Path(path).name for path in re.findall(r"/etc/envoy/([\w.-]+json)", files["envoy.yaml"])
    }
    assert names == files.keys() - {"envoy.yaml"}

    named = set()
    for name in names:
        (resource,) = json.loads(files[name])["resources"]
        (content,) = [each for each in resource.values() if isinstance(each, dict)]
        folder = content.pop("watched_directory")["path"]
        for source in content.values():
            assert str(Path(source["filename"]).parent) == folder
            named.add(source["filename"])

    wanted = {"off": set(), "edge": EDGE, "mesh": MESH, "both": EDGE | MESH}[choice]
    assert named == wanted == mounted_files(envoy, container) & (EDGE | MESH)


@every_choice
def test_volumes_of_secrets_are_whole_folders_that_kubernetes_renews(choice: str) -> None:
    for pod in pods(chosen(choice)):
        for container in pod.containers:
            assert not any("subPath" in each for each in container.get("volumeMounts", []))


def test_values_of_envoy_win_over_those_of_tls() -> None:
    switched = (*CHOICES["edge"], 'envoy.settings.EDGE_HSTS_OFF="true"')

    text = envoy_files(rendered("smallest", *switched))["envoy.yaml"]

    assert re.search(r"name: https_only\n\s+disabled: true", text)


def test_a_certificate_by_the_documentation_has_all_names() -> None:
    text = (ROOT / "docs" / "kubernetes.md").read_text()
    blocks = re.findall(r"^ *```yaml\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    (certificate,) = [
        each["spec"]
        for block in blocks
        for each in yaml.safe_load_all(block)
        if each.get("kind") == "Certificate" and "dnsNames" in each["spec"]
        if GATEWAY in each["spec"]["dnsNames"]
    ]
    # The release of the documentation is in the namespace roost.
    wanted = {each.replace(".town.", ".roost.") for each in verified_names()}

    assert set(certificate["dnsNames"]) == wanted
    assert {"server auth", "client auth"} <= set(certificate["usages"])


# helm test ----------------------------------------------------------------------------------------
class Answers(BaseHTTPRequestHandler):
    """Answers as Roost does."""

    def do_GET(self) -> None:
        known = {"/readyz": (200, {}), "/v1/no-such-thing": (404, {"reason": "ROUTE_NOT_FOUND"})}
        status, body = known.get(self.path, (404, {}))
        self.send_response(status)
        self.send_header("content-length", str(len(json.dumps(body))))
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def serving(folder: Path | None) -> Iterator[int]:
    """A listener of the edge with the certificate of a folder; yields its port."""
    server = HTTPServer(("127.0.0.1", 0), Answers)
    if folder is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def outcome(choice: str, edge: Path | None, secret: Path) -> subprocess.CompletedProcess[str]:
    """Run the container of `helm test` against an edge; `secret` is its mounted folder."""
    (pod,) = pods(hooks(chosen(choice), "test"))
    (container,) = pod.containers
    module, script, service, *arguments = [*container["command"][1:], *container["args"]]
    assert service == "roost-edge.town.svc.cluster.local"
    with ExitStack() as stack:
        ports = {each: str(stack.enter_context(serving(edge))) for each in ("80", "81")}
        arguments = [ports.get(each, each) for each in arguments]
        arguments = [each.replace("/etc/roost/edge", str(secret)) for each in arguments]
        return subprocess.run(
            [sys.executable, module, script, "127.0.0.1", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def edge(tmp_path: Path) -> Path:
    names = ("roost.example", "media.roost.example")
    return Authority().issue(tmp_path / "edge", *names, loopback=False)


def test_helm_test_passes_without_tls(tmp_path: Path) -> None:
    done = outcome("off", None, tmp_path)

    assert (done.stdout, done.returncode) == ("Roost answers.\n", 0), done.stderr


def test_helm_test_passes_with_the_certificate_of_the_secret(edge: Path) -> None:
    done = outcome("edge", edge, edge)

    assert (done.stdout, done.returncode) == ("Roost answers.\n", 0), done.stderr


def test_helm_test_fails_if_the_edge_shows_another_certificate(edge: Path, tmp_path: Path) -> None:
    names = ("roost.example", "media.roost.example")
    other = Authority().issue(tmp_path / "other", *names, loopback=False)

    assert "CERTIFICATE_VERIFY_FAILED" in outcome("edge", other, edge).stderr


def test_helm_test_fails_if_the_certificate_does_not_name_the_media(tmp_path: Path) -> None:
    only = Authority().issue(tmp_path / "only", "roost.example", loopback=False)

    assert "not valid for 'media.roost.example'" in outcome("edge", only, only).stderr


def test_helm_test_fails_if_the_edge_has_no_tls(edge: Path) -> None:
    assert "SSLError" in outcome("edge", None, edge).stderr

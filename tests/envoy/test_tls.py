"""Envoy by TLS at every hop: clients of the edge, callers of the mesh, and what is behind both."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx2
import pytest
import pytest_asyncio
from cryptography import x509
from roost.user.v1.user_service_pb2 import GetUserRequest
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from local.envoy_template import (
    EDGE_CERTIFICATE,
    MESH_CERTIFICATE,
    authority_secret,
    certificate_secret,
    edge_tls,
    endpoints_name,
    mutual_tls,
)
from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.errors import Unavailable
from services.chassis.runtime.settings import split_address
from tests.certificates import Authority, files_of
from tests.envoy import gateway as http
from tests.envoy import service as grpc_service
from tests.envoy.gateway import Gateway
from tests.envoy.issuer import Issuer
from tests.envoy.proxy import Proxy, eventually, running
from tests.envoy.service import Service
from tests.waiting import LIMIT

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="module")]

EDGE_NAME = "roost.example"
# The metrics of the alert in charts/roost/files/alerts.yaml.
EXPIRY = "envoy_(listener|cluster)_ssl_certificate_expiration_unix_time_seconds"
ATTACH = "/roost.notification.v1.EventService/Attach"


@dataclass(frozen=True)
class Secured:
    """An Envoy with TLS everywhere, and the files of everyone in it."""

    proxy: Proxy
    gateway: Gateway
    folder: Path
    inside: Authority
    outside: Authority

    def issued(self, name: str, *, by: Authority | None = None, expired: bool = False) -> Path:
        """A new folder of a process."""
        return (by or self.inside).issue(self.folder / "callers" / name, "post", expired=expired)

    @property
    def edge_address(self) -> tuple[str, int]:
        host, port = self.proxy.edge.removeprefix("http://").split(":")
        return host, int(port)

    def public_context(self) -> ssl.SSLContext:
        """Trusts the public authority."""
        return ssl.create_default_context(cadata=self.outside.pem.decode())

    def browser(self) -> httpx2.AsyncClient:
        """A client of the edge."""
        return httpx2.AsyncClient(
            base_url=self.proxy.edge.replace("http:", "https:"),
            verify=self.public_context(),
            trust_env=False,
            timeout=LIMIT,
        )


def credentials(folder: Path) -> grpc.ServerCredentials:
    pair = ((folder / "tls.key").read_bytes(), (folder / "tls.crt").read_bytes())
    return grpc.ssl_server_credentials(
        [pair], root_certificates=(folder / "ca.crt").read_bytes(), require_client_auth=True
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    inside, outside = Authority("inside"), Authority("outside")
    mesh = inside.issue(folder / "mesh", "mesh", serial=100)
    edge = outside.issue(folder / "edge", EDGE_NAME, serial=100)
    (folder / "edge.json").write_text(certificate_secret(EDGE_CERTIFICATE, str(edge)))
    (folder / "mesh.json").write_text(certificate_secret(MESH_CERTIFICATE, str(mesh)))
    (folder / "authority.json").write_text(authority_secret(str(mesh)))
    # The certificate of `media` has another name, and that of `search` another authority.
    names = {"user": "user", "notification": "notification", "media": "post", "search": "search"}
    async with AsyncExitStack() as stack:
        addresses = {}
        for noun, name in names.items():
            signed_by = Authority("foreign") if noun == "search" else inside
            files = signed_by.issue(folder / noun, name)
            (files / "ca.crt").write_bytes(inside.pem)
            service = Service(credentials=credentials(files))
            await stack.enter_async_context(grpc_service.serving(service))
            addresses[endpoints_name(noun)] = [service.address]
        gateway = Gateway("one", jwks=Issuer().jwks())
        own = files_of(inside.issue(folder / "gateway", "gateway"))
        await stack.enter_async_context(http.serving(gateway, tls=own.server_context()))
        proxy = await stack.enter_async_context(
            running(
                folder,
                GATEWAY_ENDPOINTS=[gateway.address],
                **edge_tls(str(folder / "edge.json")),
                **mutual_tls(
                    certificate=str(folder / "mesh.json"),
                    authority=str(folder / "authority.json"),
                ),
                **addresses,
            )
        )

        async def healthy() -> bool:
            states = [
                await proxy.count(f"cluster.{noun}.membership_healthy")
                for noun in ("gateway", "stream", "user", "notification")
            ]
            return states == [1, 1, 1, 1]

        await eventually(healthy)
        yield Secured(proxy, gateway, folder, inside, outside)


async def test_a_browser_reaches_the_gateway(secured: Secured) -> None:
    async with secured.browser() as browser:
        answer = await browser.get("/hello")

    assert answer.json() == {"seen by": "one"}
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert secured.gateway.seen("/hello")[-1].headers["x-forwarded-proto"] == "https"


async def test_a_browser_reaches_the_gateway_by_http_2(secured: Secured) -> None:
    context = secured.public_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    reader, writer = await asyncio.open_connection(*secured.edge_address, ssl=context)
    chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
    # GET and https of the static table of HPACK, then :authority and :path as literals.
    headers = b"\x82\x87\x41\x05roost\x44\x06/hello"
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4) + frame(1, headers, stream=1))
    answers = {}
    async with asyncio.timeout(LIMIT):
        while not {1, 0} <= answers.keys():
            head = await reader.readexactly(9)
            answers[head[3]] = await reader.readexactly(int.from_bytes(head[:3], "big"))
    writer.close()

    assert chosen == "h2"
    assert answers[1][:1] == b"\x88"  # :status 200
    assert answers[0] == b'{"seen by": "one"}'


async def test_tokens_are_verified_with_keys_that_were_fetched_by_tls(secured: Secured) -> None:
    await eventually(lambda: secured.gateway.seen("/.well-known/jwks.json"))


async def test_the_edge_speaks_no_plain_text(secured: Secured) -> None:
    async with httpx2.AsyncClient(
        base_url=secured.proxy.edge, trust_env=False, timeout=LIMIT
    ) as client:
        with pytest.raises(httpx2.TransportError):
            await client.get("/hello")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_the_edge_speaks_no_older_tls(secured: Secured) -> None:
    context = secured.public_context()
    context.set_ciphers("ALL:@SECLEVEL=0")  # this end would speak it
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises(ssl.SSLError, match="alert protocol version"):
        await asyncio.open_connection(*secured.edge_address, ssl=context)


async def test_a_websocket_passes(secured: Secured) -> None:
    reader, writer = await asyncio.open_connection(
        *secured.edge_address, ssl=secured.public_context()
    )
    head = "GET /v1/stream HTTP/1.1\r\nhost: roost\r\nconnection: upgrade\r\nupgrade: websocket"
    writer.write(f"{head}\r\n\r\n".encode())
    async with asyncio.timeout(LIMIT):
        switched = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"echo me")
        echoed = await reader.readexactly(7)
    writer.close()

    assert b"101 Switching Protocols" in switched
    assert echoed == b"echo me"


async def test_a_caller_with_a_certificate_reaches_a_service(secured: Secured) -> None:
    own = files_of(secured.issued("caller"))

    async with Mesh(secured.proxy.mesh, tls=own) as mesh:
        answer = await mesh.stub(UserServiceStub).GetUser(GetUserRequest(user_id=5), timeout=LIMIT)

    assert answer.ByteSize() > 0


async def test_a_stream_passes(secured: Secured) -> None:
    async with channel(secured, secured.issued("streaming")) as connection:
        attached = connection.stream_stream(ATTACH)()
        await attached.write(b"one")
        assert await attached.read() == b"one"
        attached.cancel()


@pytest.mark.parametrize("certificate", ["none", "of another authority", "expired"])
async def test_other_callers_are_refused(secured: Secured, certificate: str) -> None:
    by = Authority() if certificate == "of another authority" else secured.inside
    own = secured.issued("other", by=by, expired=certificate == "expired")
    if certificate == "none":
        connection = grpc.aio.secure_channel(
            secured.proxy.mesh, grpc.ssl_channel_credentials(secured.inside.pem)
        )
    else:
        connection = channel(secured, own)

    async with connection:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await connection.unary_unary("/roost.user.v1.UserService/GetUser")(b"", timeout=LIMIT)

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_the_mesh_speaks_no_older_tls(secured: Secured) -> None:
    own = secured.issued("older")
    context = ssl.create_default_context(cafile=own / "ca.crt")
    context.load_cert_chain(own / "tls.crt", own / "tls.key")
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    with pytest.raises(ssl.SSLError, match="alert protocol version"):
        await _serial(*split_address(secured.proxy.mesh), context)


async def test_the_mesh_speaks_no_plain_text(secured: Secured) -> None:
    async with Mesh(secured.proxy.mesh) as mesh:
        with pytest.raises(Unavailable):
            await mesh.stub(UserServiceStub).GetUser(GetUserRequest(user_id=5), timeout=LIMIT)


async def test_a_service_of_another_name_or_authority_gets_no_call(secured: Secured) -> None:
    async def refused() -> bool:
        wrong_name = await secured.proxy.count("cluster.media.ssl.fail_verify_san")
        wrong_authority = await secured.proxy.count("cluster.search.ssl.fail_verify_error")
        return wrong_name > 0 and wrong_authority > 0

    await eventually(refused)
    for noun in ("media", "search"):
        assert await secured.proxy.count(f"cluster.{noun}.membership_healthy") == 0


async def test_renewed_files_are_used_and_open_connections_stay(secured: Secured) -> None:
    own = secured.issued("renewing")
    async with channel(secured, own) as connection, secured.browser() as browser:
        attached = connection.stream_stream(ATTACH)()
        await attached.write(b"before")
        assert await attached.read() == b"before"
        assert (await browser.get("/hello")).status_code == 200

        secured.inside.issue(secured.folder / "mesh", "mesh", serial=200)
        secured.outside.issue(secured.folder / "edge", EDGE_NAME, serial=200)

        async def renewed() -> bool:
            return [await shown(secured.proxy.mesh, own), await shown_by_edge(secured)] == [
                200,
                200,
            ]

        await eventually(renewed)
        await attached.write(b"after")
        assert await attached.read() == b"after"
        assert (await browser.get("/hello")).status_code == 200
        attached.cancel()


async def test_an_unfinished_renewal_changes_nothing(secured: Secured) -> None:
    before = await shown_by_edge(secured)
    refused = await secured.proxy.count("sds.edge.key_rotation_failed")
    draft = secured.outside.issue(secured.folder / "draft", EDGE_NAME, serial=300)

    async def is_refused() -> bool:
        return await secured.proxy.count("sds.edge.key_rotation_failed") > refused

    (draft / "tls.key").replace(secured.folder / "edge" / "tls.key")
    await eventually(is_refused)
    assert await shown_by_edge(secured) == before

    async def is_renewed() -> bool:
        return await shown_by_edge(secured) == 300

    (draft / "tls.crt").replace(secured.folder / "edge" / "tls.crt")
    await eventually(is_renewed)


async def test_the_times_at_which_certificates_expire_are_metrics(secured: Secured) -> None:
    async def exported() -> dict[str, set[float]]:
        found: dict[str, set[float]] = {}
        for sample in await secured.proxy.exported():
            name = sample.labels.get("envoy_tls_certificate")
            if name and re.fullmatch(EXPIRY, sample.name):
                found.setdefault(name, set()).add(sample.value)
        return found

    async def is_that_of_the_files() -> bool:
        return await exported() == {
            "edge": {expiry(secured.folder / "edge" / "tls.crt")},
            "mesh": {expiry(secured.folder / "mesh" / "tls.crt")},
            "authority": {expiry(secured.folder / "mesh" / "ca.crt")},
        }

    await eventually(is_that_of_the_files)
    secured.inside.issue(secured.folder / "mesh", "mesh", days=20)
    secured.outside.issue(secured.folder / "edge", EDGE_NAME, days=30)
    await eventually(is_that_of_the_files)


def expiry(certificate: Path) -> float:
    found, *_ = x509.load_pem_x509_certificates(certificate.read_bytes())
    return found.not_valid_after_utc.timestamp()


def channel(secured: Secured, folder: Path) -> grpc.aio.Channel:
    """A caller of the mesh that shows the certificate of a folder."""
    pair = ((folder / "tls.key").read_bytes(), (folder / "tls.crt").read_bytes())
    return grpc.aio.secure_channel(
        secured.proxy.mesh, grpc.ssl_channel_credentials(secured.inside.pem, *pair)
    )


def frame(kind: int, payload: bytes = b"", *, stream: int = 0) -> bytes:
    """A frame of HTTP/2; one of a stream is its last and has all headers."""
    flags = 5 if stream else 0
    return (
        len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
    )


async def shown_by_edge(secured: Secured) -> int:
    return await _serial(*secured.edge_address, secured.public_context())


async def shown(address: str, folder: Path) -> int:
    context = ssl.create_default_context(cafile=folder / "ca.crt")
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    context.set_alpn_protocols(["h2"])
    return await _serial(*split_address(address), context)


async def _serial(host: str, port: int, context: ssl.SSLContext) -> int:
    _, writer = await asyncio.open_connection(host, port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(der).serial_number

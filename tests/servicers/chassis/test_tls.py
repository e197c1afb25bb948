"""A server and the mesh's client by mutual TLS: who is refused, and how renewed files are taken."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from prometheus_client import REGISTRY, CollectorRegistry
from roost.notification.v1.event_service_pb2 import AttachRequest, AttachResponse, AttachUser
from roost.notification.v1.event_service_pb2_grpc import (
    EventServiceServicer,
    EventServiceStub,
    add_EventServiceServicer_to_server,
)
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import GetUserRequest, GetUserResponse
from roost.user.v1.user_service_pb2_grpc import (
    UserServiceServicer,
    UserServiceStub,
    add_UserServiceServicer_to_server,
)

from services.chassis.auth import access_policy
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.server import MountedServicer, Server
from services.chassis.runtime.errors import Unavailable
from tests.certificates import Authority, files_of
from tests.servicers.grpc_server import verifier
from tests.waiting import LIMIT, eventually

ASK = GetUserRequest(user_id=7)
OTHERS = frozenset(UserServiceServicer.__dict__.keys() - {"GetUser"})
OTHER_EVENTS = frozenset(EventServiceServicer.__dict__.keys() - {"Attach"})


class Users(UserServiceServicer):
    @access_policy.anyone
    async def GetUser(self, request: GetUserRequest, context: object) -> GetUserResponse:
        return GetUserResponse(user=User(id=request.user_id))


class Events(EventServiceServicer):
    @access_policy.anyone
    async def Attach(
        self, requests: AsyncIterator[AttachRequest], context: object
    ) -> AsyncIterator[AttachResponse]:
        async for _ in requests:
            yield AttachResponse()


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server_files(tmp_path: Path, authority: Authority) -> Path:
    return authority.issue(tmp_path / "server", "user", serial=100)


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[str]:
    server = Server(
        [
            MountedServicer(add_UserServiceServicer_to_server, Users(), without=OTHERS),  # type: ignore[abstract]
            MountedServicer(add_EventServiceServicer_to_server, Events(), without=OTHER_EVENTS),  # type: ignore[abstract]
        ],
        verifier=verifier(),
        max_in_flight=10,
        registry=CollectorRegistry(),
    )
    port = server.bind("127.0.0.1:0", tls=files_of(folder))
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


async def answer(mesh: Mesh, *, timeout: float = LIMIT) -> int:
    return (await mesh.stub(UserServiceStub).GetUser(ASK, timeout=timeout)).user.id


async def shown(address: str, folder: Path) -> int:
    """The serial number of the certificate that the server shows to a new connection."""
    context = ssl.create_default_context(cafile=folder / "ca.crt")
    context.check_hostname = False
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    context.set_alpn_protocols(["h2"])
    host, port = address.split(":")
    async with asyncio.timeout(LIMIT):
        _, writer = await asyncio.open_connection(host, int(port), ssl=context)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
    return x509.load_der_x509_certificate(der).serial_number


async def test_a_client_with_a_certificate_of_the_authority_is_served(
    tmp_path: Path, authority: Authority, server_files: Path
) -> None:
    own = authority.issue(tmp_path / "client", "post")

    async with serving(server_files) as address, Mesh(address, tls=files_of(own)) as mesh:
        assert await answer(mesh) == 7


@pytest.mark.parametrize("certificate", ["none", "of another authority", "expired"])
async def test_other_clients_are_refused(
    tmp_path: Path, authority: Authority, server_files: Path, certificate: str
) -> None:
    signed_by = Authority() if certificate == "of another authority" else authority
    own = signed_by.issue(tmp_path / "client", "post", expired=certificate == "expired")
    pair = (None, None)
    if certificate != "none":
        pair = ((own / "tls.key").read_bytes(), (own / "tls.crt").read_bytes())
    credentials = grpc.ssl_channel_credentials(authority.pem, *pair)

    async with (
        serving(server_files) as address,
        grpc.aio.secure_channel(address, credentials) as channel,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await UserServiceStub(channel).GetUser(ASK, timeout=LIMIT)

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_plain_text_is_refused(server_files: Path) -> None:
    async with serving(server_files) as address, Mesh(address) as mesh:
        with pytest.raises(Unavailable):
            await answer(mesh)


@pytest.mark.parametrize("fault", ["another authority", "another name", "expired"])
async def test_a_mesh_whose_certificate_does_not_fit_gets_no_call(
    tmp_path: Path, authority: Authority, fault: str
) -> None:
    signed_by = Authority() if fault == "another authority" else authority
    folder = signed_by.issue(
        tmp_path / "mesh", "mesh", loopback=fault != "another name", expired=fault == "expired"
    )
    own = authority.issue(tmp_path / "client", "post")
    # The server trusts the client, so that only the client can refuse.
    (folder / "ca.crt").write_bytes(authority.pem)

    async with serving(folder) as address, Mesh(address, tls=files_of(own)) as mesh:
        with pytest.raises(Unavailable):
            await answer(mesh)


async def test_a_server_takes_renewed_files_and_drops_no_connection(
    tmp_path: Path, authority: Authority, server_files: Path
) -> None:
    own = authority.issue(tmp_path / "client", "post")

    async with serving(server_files) as address, Mesh(address, tls=files_of(own)) as mesh:
        stream = mesh.stub(EventServiceStub).Attach(_requests(first := asyncio.Event(), 2))
        first.set()
        assert await anext(stream)
        assert await shown(address, own) == 100

        authority.issue(server_files, "user", serial=200)

        assert await shown(address, own) == 200
        assert await anext(stream)
        assert await answer(mesh) == 7


async def test_an_unfinished_renewal_changes_nothing(
    tmp_path: Path, authority: Authority, server_files: Path
) -> None:
    own = authority.issue(tmp_path / "client", "post")
    other = authority.issue(tmp_path / "other", "user")

    async with serving(server_files) as address:
        (server_files / "tls.key").write_bytes((other / "tls.key").read_bytes())
        between = await shown(address, own)
        (server_files / "tls.crt").write_bytes((other / "tls.crt").read_bytes())
        after = await shown(address, own)

    assert between == 100
    assert after not in {0, 100}


async def test_a_renewed_authority_ends_the_trust_in_the_last_one(
    tmp_path: Path, authority: Authority, server_files: Path
) -> None:
    own = authority.issue(tmp_path / "client", "post")
    renewed = Authority()

    async with serving(server_files) as address:
        renewed.issue(server_files, "user")
        (own / "ca.crt").write_bytes(renewed.pem)
        async with Mesh(address, tls=files_of(own)) as mesh:
            with pytest.raises(Unavailable):
                await answer(mesh)
        renewed.issue(own, "post")
        async with Mesh(address, tls=files_of(own)) as mesh:
            assert await answer(mesh) == 7


async def test_a_client_uses_its_renewed_files_for_new_calls_and_keeps_its_streams(
    tmp_path: Path, authority: Authority, server_files: Path
) -> None:
    own = authority.issue(tmp_path / "client", "post")
    renewed = Authority()

    async with (
        serving(server_files) as address,
        Mesh(address, tls=files_of(own), tls_seconds=0.01) as mesh,
    ):
        users = mesh.stub(UserServiceStub)
        stream = mesh.stub(EventServiceStub).Attach(_requests(first := asyncio.Event(), 2))
        first.set()
        assert await anext(stream)

        # From here on a new connection needs the renewed files at both ends.
        renewed.issue(server_files, "user")
        renewed.issue(own, "post")
        channel = mesh._channel
        await eventually(lambda: mesh._channel is not channel)

        assert (await users.GetUser(ASK, timeout=LIMIT)).user.id == 7
        assert await anext(stream)
        await stream.aclose()


async def test_the_time_at_which_the_certificate_expires_is_a_metric(
    tmp_path: Path, authority: Authority
) -> None:
    folder = authority.issue(tmp_path / "own", "user")
    files_of(folder)

    [own] = x509.load_pem_x509_certificates((folder / "tls.crt").read_bytes())
    labels = {"file": str(folder / "tls.crt")}
    assert (
        REGISTRY.get_sample_value("roost_tls_certificate_expiry_time_seconds", labels)
        == own.not_valid_after_utc.timestamp()
    )


async def _requests(first: asyncio.Event, count: int) -> AsyncIterator[AttachRequest]:
    await first.wait()
    for _ in range(count):
        yield AttachRequest(attach=AttachUser(user_id=7))
    await asyncio.Event().wait()

"""The gateway by mutual TLS: it serves Envoy alone, while its admin port stays open to probes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from cryptography import x509
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.certificates import Authority, settings_of
from tests.gateway.processes import PATIENCE, said, started
from tests.waiting import LIMIT


@dataclass(frozen=True)
class Running:
    """A gateway without a mesh, which answers what needs none."""

    listen: str
    admin: str
    authority: Authority
    files: Path

    async def get(self, context: ssl.SSLContext) -> int:
        async with self._client(context) as client:
            return (await client.get("/livez")).status_code

    def _client(self, context: ssl.SSLContext) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=f"https://{self.listen}", verify=context, timeout=PATIENCE, trust_env=False
        )

    async def shown(self, context: ssl.SSLContext) -> int:
        """The serial number of the certificate that a new connection is shown."""
        host, port = self.listen.split(":")
        _, writer = await asyncio.open_connection(host, int(port), ssl=context)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return x509.load_der_x509_certificate(der).serial_number


@pytest_asyncio.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Running]:
    authority = Authority()
    files = authority.issue(tmp_path / "gateway", "gateway", serial=100)
    settings = {
        name.removeprefix("ROOST_").lower(): value for name, value in settings_of(files).items()
    }
    process = await started(
        listen="127.0.0.1:0", admin_listen="127.0.0.1:0", mesh="127.0.0.1:1", **settings
    )
    try:
        ready = await said(process, "ready")
        yield Running(ready["listen"], ready["admin"], authority, files)
    finally:
        process.kill()
        await process.wait()


def context(authority: Authority, folder: Path | None) -> ssl.SSLContext:
    """A client's context; without a folder it shows no certificate."""
    made = ssl.create_default_context(cadata=authority.pem.decode())
    if folder is not None:
        made.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return made


async def test_envoy_is_served_and_probes_need_no_certificate(
    gateway: Running, tmp_path: Path
) -> None:
    own = gateway.authority.issue(tmp_path / "mesh", "mesh")
    async with httpx2.AsyncClient(
        base_url=f"http://{gateway.admin}", trust_env=False, timeout=LIMIT
    ) as probe:
        ready = await probe.get("/readyz")

    assert await gateway.get(context(gateway.authority, own)) == 200
    assert ready.status_code == 200


async def test_a_handshake_of_a_websocket_reaches_the_application(
    gateway: Running, tmp_path: Path
) -> None:
    own = gateway.authority.issue(tmp_path / "mesh", "mesh")

    with pytest.raises(InvalidStatus) as answered:
        await connect(
            f"wss://{gateway.listen}/v1/nowhere",
            ssl=context(gateway.authority, own),
            proxy=None,
            open_timeout=LIMIT,
        )

    assert answered.value.response.status_code == 404


@pytest.mark.parametrize("certificate", ["none", "of another authority", "expired"])
async def test_others_are_refused(gateway: Running, tmp_path: Path, certificate: str) -> None:
    own = None
    if certificate != "none":
        by = Authority() if certificate == "of another authority" else gateway.authority
        own = by.issue(tmp_path / "mesh", "mesh", expired=certificate == "expired")

    with pytest.raises(httpx2.TransportError):
        await gateway.get(context(gateway.authority, own))


async def test_older_tls_is_refused(gateway: Running, tmp_path: Path) -> None:
    older = context(gateway.authority, gateway.authority.issue(tmp_path / "mesh", "mesh"))
    older.maximum_version = ssl.TLSVersion.TLSv1_2

    with pytest.raises(httpx2.TransportError):
        await gateway.get(older)


async def test_plain_text_is_refused(gateway: Running) -> None:
    async with httpx2.AsyncClient(
        base_url=f"http://{gateway.listen}", trust_env=False, timeout=LIMIT
    ) as client:
        with pytest.raises(httpx2.TransportError):
            await client.get("/livez")


async def test_renewed_files_are_used_and_open_connections_stay(
    gateway: Running, tmp_path: Path
) -> None:
    own = context(gateway.authority, gateway.authority.issue(tmp_path / "mesh", "mesh"))
    async with gateway._client(own) as open_connection:
        assert (await open_connection.get("/livez")).status_code == 200
        assert await gateway.shown(own) == 100

        gateway.authority.issue(gateway.files, "gateway", serial=200)

        assert await gateway.shown(own) == 200
        assert (await open_connection.get("/livez")).status_code == 200


async def test_an_authority_may_have_comments_in_any_language(
    gateway: Running, tmp_path: Path
) -> None:
    renewed = Authority()
    own = renewed.issue(tmp_path / "mesh", "mesh")
    renewed.issue(gateway.files, "gateway")
    (gateway.files / "ca.crt").write_bytes("# Behörde\n".encode() + renewed.pem)

    assert await gateway.get(context(renewed, own)) == 200


async def test_a_renewed_authority_ends_the_trust_in_the_last_one(
    gateway: Running, tmp_path: Path
) -> None:
    former = gateway.authority.issue(tmp_path / "former", "mesh")
    renewed = Authority()
    later = renewed.issue(tmp_path / "later", "mesh")

    renewed.issue(gateway.files, "gateway")

    assert await gateway.get(context(renewed, later)) == 200
    with pytest.raises(httpx2.TransportError):
        await gateway.get(context(renewed, former))

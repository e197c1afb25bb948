"""A browser and its push service, for tests: keys, decryption, and an HTTP server on loopback.

Written from RFC 8188, 8291 and 8292 for the receiver. It shares no code with the sender.
"""

import asyncio
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def b64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """A subscription of a browser, with the private key."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self.key = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self.secret = hashlib.sha256(self.key).digest()[:16]
        self.p256dh = b64(self.key)
        self.auth = b64(self.secret)

    def decrypt(self, body: bytes) -> bytes:
        """The plaintext of a message of one record."""
        salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        assert len(record) <= size
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self._private.exchange(ec.ECDH(), public)
        info = b"WebPush: info\0" + self.key + sender
        keying = _expand(_extract(self.secret, shared), info, 32)
        secret = _extract(salt, keying)
        key = _expand(secret, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _expand(secret, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
        assert padded[-1:] == b"\x02"
        return padded[:-1]


def _extract(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt, secret, "sha256")


def _expand(key: bytes, info: bytes, length: int) -> bytes:
    return hmac.digest(key, info + b"\x01", "sha256")[:length]


@dataclass
class Pushed:
    """A received message."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def topic(self) -> str:
        return self.headers["topic"]

    def claims(self, audience: str, key: str) -> dict[str, Any]:
        """The claims of the sender, after its signature is verified."""
        scheme, _, rest = self.headers["authorization"].partition(" ")
        assert scheme == "vapid"
        given = dict(each.strip().split("=", 1) for each in rest.split(","))
        assert given["k"] == key
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(given["k"]))
        assert jwt.get_unverified_header(given["t"]) == {"alg": "ES256", "typ": "JWT"}
        return jwt.decode(given["t"], public, algorithms=["ES256"], audience=audience)


# Status and headers of a response. None means no response.
Reply = tuple[int, dict[str, str]] | None


@dataclass
class PushServer:
    """An HTTP server that receives messages, and responds as the test sets."""

    address: str = ""
    arrived: list[Pushed] = field(default_factory=list)
    reply: Callable[[Pushed], Reply] = lambda _: (201, {})
    # How many messages got no response so far.
    ignored: int = 0
    _open: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://{self.address}"

    def at(self, path: str) -> list[Pushed]:
        return [each for each in self.arrived if each.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request, *lines = head.decode().rstrip().split("\r\n")
                headers = {
                    name.lower(): value for name, value in (line.split(": ", 1) for line in lines)
                }
                body = await reader.readexactly(int(headers["content-length"]))
                pushed = Pushed(request.split(" ")[1], headers, body)
                self.arrived.append(pushed)
                reply = self.reply(pushed)
                if reply is None:
                    self.ignored += 1
                    await reader.read()
                    return
                status, extra = reply
                extra_headers = "".join(f"{name}: {value}\r\n" for name, value in extra.items())
                writer.write(
                    f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n{extra_headers}\r\n".encode()
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            del self._open[task]

    async def close(self) -> None:
        """Ends every connection."""
        for writer in self._open.values():
            writer.close()
        while self._open:
            await asyncio.wait(list(self._open))


@asynccontextmanager
async def push_server(*, host: str = "127.0.0.1") -> AsyncIterator[PushServer]:
    """A push service at an address of loopback, for the duration of the block."""
    service = PushServer()
    server = await asyncio.start_server(service.serve, host, 0)
    host, port = server.sockets[0].getsockname()
    service.address = f"{host}:{port}"
    try:
        yield service
    finally:
        server.close()
        await service.close()

"""The keys that tokens are signed and verified with, and where the public ones come from."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextvars import Context
from pathlib import Path
from typing import Protocol, TypedDict

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.chassis.auth.tokens.jws import ALGORITHM, Key, key_of
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import Unavailable
from services.chassis.runtime.logs import logger

# How long a fetched key set is used before it is fetched again; the issuer announces a new key
# at least twice as long before it signs with it.
MAX_AGE = 60.0
# An unknown `kid` makes the ring fetch the keys again, but forged ones not more often than this.
MIN_INTERVAL = 5.0

_NEVER = float("-inf")


class Jwk(TypedDict):
    """A public EC P-256 key in the members of RFC 7517."""

    kid: str
    kty: str
    crv: str
    alg: str
    use: str
    x: str
    y: str


class JwksSource(Protocol):
    """Where public keys come from."""

    async def fetch(self) -> Sequence[Jwk]:
        """All keys that may verify now. Raises a RoostError if they cannot be had."""
        ...


class StaticJwks:
    """Keys that are known from the start."""

    def __init__(self, keys: Sequence[Jwk]) -> None:
        self._keys = keys

    async def fetch(self) -> Sequence[Jwk]:
        """The same keys, always."""
        return self._keys


class SigningKey:
    """A private ES256 key and the name (`kid`) that its tokens carry."""

    def __init__(self, kid: str, private: ec.EllipticCurvePrivateKey) -> None:
        if not isinstance(private.curve, ec.SECP256R1):
            raise ValueError("an ES256 key lies on the curve P-256")  # noqa: TRY004 - a bad file
        self.kid = kid
        self._private = private
        self.key: Key = key_of(self.pem())

    @classmethod
    def generate(cls, kid: str) -> "SigningKey":
        return cls(kid, ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, kid: str, pem: bytes) -> "SigningKey":
        """The key of an unencrypted PEM. Raises ValueError if there is none for ES256 in it."""
        private = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ValueError("not an elliptic curve key")  # noqa: TRY004 - a bad file
        return cls(kid, private)

    def pem(self) -> bytes:
        """The private key as an unencrypted PEM."""
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def public_jwk(self) -> Jwk:
        """The public half, to be published."""
        members = self.key.public_key().to_dict()
        return Jwk(
            kid=self.kid,
            kty="EC",
            crv="P-256",
            alg=ALGORITHM,
            use="sig",
            x=_text(members["x"]),
            y=_text(members["y"]),
        )


class KeyRing:
    """The public keys of one issuer, by `kid`, kept fresh.

    They are fetched at the first need, again in the background when older than MAX_AGE, and at
    once for a `kid` that is not among them, though not more often than every MIN_INTERVAL. While
    the source is away the keys that are known stay good.
    """

    def __init__(self, source: JwksSource, *, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        # Those last fetched, and when they are due to be fetched again: `refresh` then.
        self.keys: Mapping[str, Key] = {}
        self.stale_at = _NEVER
        self._tried_at = _NEVER
        self._fetching: asyncio.Task[None] | None = None

    def refresh(self) -> None:
        """Fetches the keys in the background, if that was not tried just now."""
        if self._may_try():
            self._fetch()

    async def find(self, kid: str) -> Key | None:
        """The key of that name, or None if the issuer has none. Raises Unavailable if the keys
        were never seen and cannot be had."""
        if self._clock.monotonic() >= self.stale_at:
            self.refresh()
        key = self.keys.get(kid)
        if key is not None:
            return key
        if self._fetching is not None or self._may_try():
            await asyncio.shield(self._fetch())
        if self.stale_at == _NEVER:
            raise Unavailable("Tokens cannot be checked now; try again.")
        return self.keys.get(kid)

    def _may_try(self) -> bool:
        return self._clock.monotonic() >= self._tried_at + MIN_INTERVAL

    def _fetch(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._tried_at = self._clock.monotonic()
            # In an empty context: without the deadline and the token of the call that noticed.
            self._fetching = asyncio.create_task(self._refresh(), context=Context())
            self._fetching.add_done_callback(self._forget)
        return self._fetching

    def _forget(self, _: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _refresh(self) -> None:
        try:
            # An unchanged key keeps its object, so that tokens verified with it stay verified.
            self.keys = {
                each["kid"]: self._same(each) or _construct(each)
                for each in await self._source.fetch()
            }
        except Exception as error:
            # Whatever is wrong with the source, the keys that are known are still good.
            logger().warning("jwks_fetch_failed", error=repr(error))
            return
        self.stale_at = self._clock.monotonic() + MAX_AGE

    def _same(self, published: Jwk) -> Key | None:
        key = self.keys.get(published["kid"])
        if key is None:
            return None
        members = key.to_dict()
        same = (_text(members["x"]), _text(members["y"])) == (published["x"], published["y"])
        return key if same else None


def service_keys(file: Path) -> list[Jwk]:
    """The public keys of all services, from a JWKS file. Raises ValueError or OSError."""
    keys = json.loads(file.read_bytes())["keys"]
    for each in keys:
        _construct(each)
    return list(keys)


def _construct(published: Jwk) -> Key:
    if published["kty"] != "EC" or published["crv"] != "P-256":
        raise ValueError("a public key is not for ES256")
    return key_of({"kty": "EC", "crv": "P-256", "x": published["x"], "y": published["y"]})


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value

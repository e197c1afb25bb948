"""The keys that sign access tokens: generation, sealing, rotation, publication and removal.

The state of a key depends on time alone. A new key is published at once and signs from `sign_time`
on, ANNOUNCED later, so that every verifier has it by then. It signs until the next key's
`sign_time`, and stays published until the last token that it signed has expired.
"""

import contextlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from prometheus_client import Gauge

from services.chassis.auth.tokens import AccessTokens, Jwk, SigningKey
from services.chassis.auth.tokens.access_tokens import LIFETIME
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import Unavailable
from services.chassis.storage.transaction import in_transaction
from services.user.domain.model import StoredKey
from services.user.domain.store import Store, UserTransaction

# Twice what others may keep a key set for (60 s); a signer reads the keys every RELOAD_SECONDS.
ANNOUNCED = timedelta(seconds=120)
RELOAD_SECONDS = 30.0
# How long one key signs.
PERIOD = timedelta(days=30)
# After the expiry of its last token, for clocks that differ.
_KEPT_LONGER = timedelta(minutes=2)

_NONCE_SIZE = 12
_PURPOSE = b"roost signing key"

_age = Gauge(
    "roost_signing_key_age_seconds",
    "Since when a published key signs access tokens; negative until it signs",
    ["kid"],
)


class KeySeal:
    """Encrypts private keys for the database, under a key derived (HKDF) from the master key."""

    def __init__(self, *, master_key: bytes) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(master_key)
        self._cipher = AESGCM(derived)

    def close(self, key: SigningKey, sign_time: datetime) -> StoredKey:
        """The key as it is stored."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        public = key.public_jwk()
        return StoredKey(
            kid=key.kid,
            sign_time=sign_time,
            sealed_private=nonce + self._cipher.encrypt(nonce, key.pem(), key.kid.encode()),
            x=public["x"],
            y=public["y"],
        )

    def open(self, stored: StoredKey) -> SigningKey:
        """The key itself. Raises InvalidTag if it was sealed under another master key."""
        nonce, content = (
            stored.sealed_private[:_NONCE_SIZE],
            stored.sealed_private[_NONCE_SIZE:],
        )
        return SigningKey.from_pem(
            stored.kid, self._cipher.decrypt(nonce, content, stored.kid.encode())
        )


def current(keys: Sequence[StoredKey], now: datetime) -> StoredKey | None:
    """The key (of keys oldest first) that signs at that time."""
    return next((key for key in reversed(keys) if key.sign_time <= now), None)


def published(keys: Sequence[StoredKey], now: datetime) -> list[StoredKey]:
    """The keys (oldest first) that may verify a token at that time."""
    replaced = [
        key
        for key, successor in pairwise(keys)
        if now < successor.sign_time + LIFETIME + _KEPT_LONGER
    ]
    return [*replaced, *keys[-1:]]


async def rotate(store: Store, *, clock: Clock, seal: KeySeal) -> StoredKey:
    """Publishes and returns the next key, unless one is published already.

    The very first key signs at once. Keys that no token needs any more are deleted.
    """

    async def effect(transaction: UserTransaction) -> StoredKey:
        now = clock.now()
        keys = await transaction.lock_signing_keys()
        kept = published(keys, now)
        await transaction.remove_signing_keys([key.kid for key in keys if key not in kept])
        if keys and keys[-1].sign_time > now:
            return keys[-1]
        key = SigningKey.generate(f"at-{now:%Y%m%d}-{secrets.token_hex(4)}")
        stored = seal.close(key, now + ANNOUNCED if keys else now)
        await transaction.add_signing_key(stored)
        return stored

    return await in_transaction(store.transaction, effect)


async def rotate_if_due(
    store: Store, *, clock: Clock, seal: KeySeal, period: timedelta = PERIOD
) -> StoredKey | None:
    """Rotates if there is no key yet, or the newest has signed for `period`."""
    keys = await store.signing_keys()
    if keys and clock.now() < keys[-1].sign_time + period:
        return None
    return await rotate(store, clock=clock, seal=seal)


class Signer:
    """Signs access tokens with the current key, and returns the published keys."""

    def __init__(
        self, *, store: Store, clock: Clock, seal: KeySeal, access_tokens: AccessTokens
    ) -> None:
        self._store = store
        self._clock = clock
        self._seal = seal
        self._access_tokens = access_tokens
        self._stored: list[StoredKey] = []
        self._opened: dict[str, SigningKey] = {}

    async def load(self) -> None:
        """Reads the keys; creates the first one if there is none."""
        keys = await self._store.signing_keys()
        if not keys:
            await rotate(self._store, clock=self._clock, seal=self._seal)
            keys = await self._store.signing_keys()
        self._opened = {key.kid: self._opened.get(key.kid) or self._seal.open(key) for key in keys}
        self._show_ages(self._stored, published(keys, self._clock.now()))
        self._stored = keys

    def issue(self, user_id: int, session_id: int) -> tuple[str, datetime]:
        """An access token for the session, and its expiry time."""
        now = self._clock.now()
        key = current(self._stored, now)
        if key is None:
            raise Unavailable("Nobody can sign in now; try again.")
        token = self._access_tokens.issue(user_id, session_id, key=self._opened[key.kid])
        return token, now.replace(microsecond=0) + LIFETIME

    def _show_ages(self, before: Sequence[StoredKey], keys: Sequence[StoredKey]) -> None:
        for each in before:
            if each not in keys:
                with contextlib.suppress(KeyError):
                    _age.remove(each.kid)
        for each in keys:
            _age.labels(each.kid).set_function(partial(self._age, each.sign_time))

    def _age(self, sign_time: datetime) -> float:
        return (self._clock.now() - sign_time).total_seconds()

    async def fetch(self) -> list[Jwk]:
        """The published public keys."""
        return [
            self._opened[key.kid].public_jwk() for key in published(self._stored, self._clock.now())
        ]

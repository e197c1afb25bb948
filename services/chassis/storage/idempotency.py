"""Mutations that may be sent twice and happen once.

A request that carries a `request_id` leaves a record in the transaction of its effect: who asked,
a fingerprint of what was asked, and the response. The same request later gets the same response,
byte for byte; a twin that is still running turns it away, and so does another body under the id.
"""

import hashlib
import hmac
import os
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from google.protobuf.message import Message

from services.chassis.runtime.errors import Conflict, RuleBroken
from services.chassis.storage.connection import Connection
from services.chassis.storage.transaction import Transaction, in_transaction

T = TypeVar("T", bound=Transaction)
M = TypeVar("M", bound=Message)

_NONCE_BYTES = 12


class RequestInFlight(Conflict):
    """The same request is being worked on at this moment."""

    reason = "IDEMPOTENCY_KEY_IN_FLIGHT"
    message = "A request with this id is still running; try again soon."


class RequestIdReused(RuleBroken):
    """The id was used before, for a different request."""

    reason = "IDEMPOTENCY_KEY_REUSED"
    message = "This request id was used for a different request."


class Seal:
    """Closes responses that hold secrets, so that whoever reads the table learns nothing.

    The key (HKDF, RFC 5869) needs both a secret that only the caller repeats, a password or a
    refresh token, and one that only the service holds. The second keeps a stolen table from
    serving to guess passwords; for the same reason it keys the fingerprint.
    """

    def __init__(self, *, caller_secret: bytes, service_secret: bytes) -> None:
        self._fingerprint_key = _derived(service_secret, b"roost idempotency fingerprint")
        self._cipher = AESGCM(
            _derived(caller_secret, b"roost idempotency response", salt=service_secret)
        )

    def fingerprint(self, content: bytes) -> bytes:
        """Like sha256, but worth nothing without the service's secret."""
        return hmac.digest(self._fingerprint_key, content, "sha256")

    def close(self, response: bytes, *, bound_to: bytes) -> bytes:
        """Encrypts (AES-256-GCM); it opens only together with the same `bound_to`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, response, bound_to)

    def open(self, sealed: bytes, *, bound_to: bytes) -> bytes:
        """Decrypts. Raises RequestIdReused where the secret is not the one it was closed with."""
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, content, bound_to)
        except InvalidTag as wrong:
            raise RequestIdReused from wrong


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Names one request of one caller, and what it asked for."""

    caller_id: str
    request_id: str
    fingerprint: bytes
    seal: Seal | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> bytes:
        """Caller and request id without ambiguity."""
        return f"{len(self.caller_id)}:{self.caller_id}:{self.request_id}".encode()

    @property
    def lock(self) -> int:
        """The advisory lock that the request holds in PostgreSQL while it runs."""
        return int.from_bytes(hashlib.sha256(self.name).digest()[:8], signed=True)

    @classmethod
    def of(
        cls, request: Message, *, caller_id: str, method: str, seal: Seal | None = None
    ) -> "RequestKey | None":
        """The key of a request message with a `request_id` field; None where that is empty.

        `caller_id` must tell strangers apart where it can (`register:HANDLE`), since two callers
        of one id share their request ids. A request that holds a secret needs a seal.
        """
        request_id: str = getattr(request, "request_id")  # noqa: B009 - a field of the message
        if not request_id:
            return None
        bare = type(request)()
        bare.CopyFrom(request)
        bare.ClearField("request_id")
        content = method.encode() + b"\0" + bare.SerializeToString(deterministic=True)
        fingerprint = seal.fingerprint(content) if seal else hashlib.sha256(content).digest()
        return cls(caller_id, request_id, fingerprint, seal)


async def once(
    begin: Callable[[], AbstractAsyncContextManager[T]],
    key: RequestKey | None,
    response: type[M],
    effect: Callable[[T], Awaitable[M]],
) -> M:
    """Runs a mutation in one transaction, at most once for a key: `effect` gives its response.

        return await once(
            self._store.transaction,
            RequestKey.of(request, caller_id=str(caller.user_id), method="CreatePost"),
            CreatePostResponse,
            effect,
        )

    A repetition gets the first response and `effect` does not run. A failure is not remembered:
    nothing happened, so the same id may be tried again. Without a key it simply runs. Raises
    RequestInFlight or RequestIdReused. `effect` runs again where the database aborts the
    transaction, so it does nothing outside of it that must not be repeated.
    """
    if key is None:
        return await in_transaction(begin, effect)

    async def remembered(transaction: T) -> M:
        stored = await transaction.replay(key)
        if stored is not None:
            return response.FromString(_opened(key, stored))
        made = await effect(transaction)
        content = made.SerializeToString(deterministic=True)
        if key.seal is not None:
            content = key.seal.close(content, bound_to=key.name)
        await transaction.remember(key, content)
        return made

    return await in_transaction(begin, remembered)


async def repeated(
    begin: Callable[[], AbstractAsyncContextManager[T]], key: RequestKey | None, response: type[M]
) -> M | None:
    """The first response, if this is a repetition: for requests whose checks are dear, or would
    fail now that the effect has happened. Where it gives None, `once` asks again."""
    if key is None:
        return None
    async with begin() as transaction:
        stored = await transaction.replay(key)
    return None if stored is None else response.FromString(_opened(key, stored))


# The lock comes with the look-up to save a trip. A twin that commits between this statement's
# snapshot and its lock stays unseen here; the primary key then refuses the second record.
_LOOK_UP = """
SELECT pg_try_advisory_xact_lock($3) AS locked, r.fingerprint, r.response
FROM (SELECT) AS always
LEFT JOIN idempotency_records r ON r.caller_id = $1 AND r.request_id = $2
"""


async def look_up(connection: Connection, key: RequestKey) -> bytes | None:
    """`Transaction.replay` for the running transaction on PostgreSQL."""
    row = await connection.fetchrow(_LOOK_UP, key.caller_id, key.request_id, key.lock)
    if row is None or not row["locked"]:
        raise RequestInFlight
    return stored_response(key, row["fingerprint"], row["response"])


async def record(connection: Connection, key: RequestKey, response: bytes) -> None:
    """`Transaction.remember` for the running transaction on PostgreSQL."""
    try:
        await connection.execute(
            "INSERT INTO idempotency_records (caller_id, request_id, fingerprint, response) "
            "VALUES ($1, $2, $3, $4)",
            key.caller_id,
            key.request_id,
            key.fingerprint,
            response,
        )
    except asyncpg.UniqueViolationError as twin:
        raise RequestInFlight from twin


async def forget(connection: Connection, *, before: datetime, limit: int) -> int:
    """Deletes up to `limit` records older than `before`; says how many went."""
    status = await connection.execute(
        "DELETE FROM idempotency_records WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM idempotency_records WHERE create_time < $1 LIMIT $2))",
        before,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def forget_callers(connection: Connection, caller_ids: Collection[str]) -> None:
    """`Transaction.forget_requests` for the running transaction on PostgreSQL."""
    await connection.execute(
        "DELETE FROM idempotency_records WHERE caller_id = ANY($1)", list(caller_ids)
    )


def stored_response(
    key: RequestKey, fingerprint: bytes | None, response: bytes | None
) -> bytes | None:
    """What a record answers to a request: nothing if there is none, RequestIdReused if unlike."""
    if fingerprint is None:
        return None
    if not hmac.compare_digest(fingerprint, key.fingerprint):
        raise RequestIdReused
    return response


def _opened(key: RequestKey, stored: bytes) -> bytes:
    return stored if key.seal is None else key.seal.open(stored, bound_to=key.name)


def _derived(secret: bytes, purpose: bytes, salt: bytes | None = None) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=purpose).derive(secret)

"""Keys of requests that may be sent twice, and the table of their responses.

A request that carries a `request_id` leaves a record in the transaction of its effect: the caller,
a fingerprint of the request, and the response. The same request later gets the same response, byte
for byte. It is refused while the first one is still running, and so is another request with the
same id. `rpc.commands` has the functions that a servicer calls.
"""

import hashlib
import hmac
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from google.protobuf.message import Message

from services.chassis.runtime.errors import Conflict, RuleBroken
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage import shard_key
from services.chassis.storage.connection import Connection

_NONCE_BYTES = 12


class RequestInFlight(Conflict):
    """The same request is running now."""

    reason = "IDEMPOTENCY_KEY_IN_FLIGHT"
    message = "A request with this id is still running; try again soon."


class RequestIdReused(RuleBroken):
    """The id was used before, for a different request."""

    reason = "IDEMPOTENCY_KEY_REUSED"
    message = "This request id was used for a different request."


class Seal:
    """Encrypts responses that hold secrets, so that the table discloses nothing.

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
        """An HMAC-SHA-256 with the service's secret."""
        return hmac.digest(self._fingerprint_key, content, "sha256")

    def close(self, response: bytes, *, bound_to: bytes) -> bytes:
        """Encrypts (AES-256-GCM); `open` needs the same `bound_to`."""
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
    """Identifies one request of one caller, with a fingerprint of its content."""

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

        Two callers with one `caller_id` share their request ids. A request that holds a secret
        needs a seal.
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


# The lock comes with the look-up to save a trip. A twin that commits between this statement's
# snapshot and its lock stays unseen here; the primary key then refuses the second record.
_LOOK_UP = """
SELECT pg_try_advisory_xact_lock($3) AS locked, r.fingerprint, r.response
FROM (SELECT) AS always
LEFT JOIN idempotency_records r
  ON r.caller_id = $1 AND r.request_id = $2 AND r.shard_key = $4
"""

_RECORD = """
INSERT INTO idempotency_records (caller_id, request_id, fingerprint, response, shard_key)
VALUES ($1, $2, $3, $4, $5)
"""

_EXPIRED = "SELECT count(*), min(create_time) FROM idempotency_records WHERE create_time < $1"
_FORGET = "DELETE FROM idempotency_records WHERE create_time >= $1 AND create_time < $2"

_FORGET_CALLERS = """
DELETE FROM idempotency_records
WHERE caller_id = ANY($1::text[]) AND shard_key = ANY($2)
"""


async def look_up(connection: Connection, request: RequestKey, *, key: ShardKey) -> bytes | None:
    """`Transaction.replay` for the running transaction on PostgreSQL."""
    row = await connection.fetchrow(
        _LOOK_UP,
        request.caller_id,
        request.request_id,
        request.lock,
        shard_key.of_name(key, request.caller_id),
    )
    if row is None or not row["locked"]:
        raise RequestInFlight
    return stored_response(request, row["fingerprint"], row["response"])


async def record(
    connection: Connection, request: RequestKey, response: bytes, *, key: ShardKey
) -> None:
    """`Transaction.remember` for the running transaction on PostgreSQL."""
    try:
        await connection.execute(
            _RECORD,
            request.caller_id,
            request.request_id,
            request.fingerprint,
            response,
            shard_key.of_name(key, request.caller_id),
        )
    except asyncpg.UniqueViolationError as twin:
        raise RequestInFlight from twin


async def expired(connection: Connection, *, before: datetime) -> tuple[int, datetime | None]:
    """How many records are older than `before`, and the time of the oldest."""
    row = await connection.fetchrow(_EXPIRED, before)
    assert row is not None  # noqa: S101 - an aggregate
    return row[0], row[1]


async def forget(connection: Connection, *, since: datetime, before: datetime) -> int:
    """Deletes the records of a span of time; returns how many."""
    status = await connection.execute(_FORGET, since, before)
    return int(status.rpartition(" ")[2])


async def forget_callers(
    connection: Connection, caller_ids: Collection[str], *, key: ShardKey
) -> None:
    """`Transaction.forget_requests` for the running transaction on PostgreSQL."""
    await connection.execute(
        _FORGET_CALLERS, list(caller_ids), [shard_key.of_name(key, each) for each in caller_ids]
    )


def stored_response(
    key: RequestKey, fingerprint: bytes | None, response: bytes | None
) -> bytes | None:
    """The response of a record, None if there is no record. Raises RequestIdReused."""
    if fingerprint is None:
        return None
    if not hmac.compare_digest(fingerprint, key.fingerprint):
        raise RequestIdReused
    return response


def _derived(secret: bytes, purpose: bytes, salt: bytes | None = None) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=purpose).derive(secret)

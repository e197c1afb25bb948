"""Sends messages to devices by the Web Push protocol (RFC 8030), through their push services."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpcore2
import msgspec

from services.chassis.runtime.clock import Clock
from services.delivery.adapters.guarded_network import AddressBusy, Addresses, GuardedNetwork
from services.delivery.adapters.resolver import TooManyLookUps
from services.delivery.domain.encryption import encrypt
from services.delivery.domain.endpoints import HTTPS_PORT, AddressRefused, EndpointRule
from services.delivery.domain.errors import PushEndpointRefused
from services.delivery.domain.model import PushSubscription, SendResult, SendStatus
from services.delivery.domain.vapid import Vapid
from services.notification.domain.model import Group, Kind

# What a receiver may take for one message, connecting included.
SEND_SECONDS = 10.0
# How long a push service keeps a message for a device that is off: news of yesterday is no news.
MESSAGE_LIFETIME = timedelta(hours=24)

# To one IP address, whatever names lead to it.
MAX_CONNECTIONS_PER_ADDRESS = 32
# What a receiver may ask us to wait; deliveries are given up after a day.
LONGEST_WAIT = timedelta(hours=24)
# The longest form of a date (RFC 9110, 5.6.7) has 33 characters.
_MAX_RETRY_AFTER = 64

# Answers have no body worth reading; a little is read so that the connection can be used again.
_READ_BYTES = 4096
_CONNECTIONS = 100
_KEEP_ALIVE_SECONDS = 60.0
# What wakes a device that saves its battery (RFC 8030, 5.3).
_PRESSING = frozenset({Kind.MENTION, Kind.REPLY, Kind.QUOTE, Kind.FOLLOW_REQUEST})


class Message(msgspec.Struct, frozen=True):
    """What a device reads, as JSON. Documented in README.md: clients of others rely on it."""

    id: str
    kind: str
    post_id: str | None
    user_ids: list[str]
    count: int
    title: str
    type: str = "notification"


def message_of(group: Group, title: str) -> bytes:
    """The plaintext that tells of a group."""
    return msgspec.json.encode(
        Message(
            id=str(group.id),
            kind=group.kind.name.lower(),
            post_id=str(group.post_id) if group.post_id else None,
            user_ids=[str(each) for each in group.actor_ids],
            count=group.count,
            title=title,
        )
    )


class PushServices:
    """The push services of the world. Made by `connect`."""

    def __init__(
        self,
        pool: httpcore2.AsyncConnectionPool,
        *,
        network: GuardedNetwork,
        rule: EndpointRule,
        vapid: Vapid,
        clock: Clock,
    ) -> None:
        self._pool = pool
        self._network = network
        self._rule = rule
        self._vapid = vapid
        self._clock = clock
        self._addresses = Addresses(limit=MAX_CONNECTIONS_PER_ADDRESS)

    async def send(
        self, device: PushSubscription, content: bytes, *, kind: Kind, topic: str
    ) -> SendResult:
        """Has the message delivered; of several with one topic a waiting device gets the last.

        Takes SEND_SECONDS at most, and raises nothing that a receiver can bring about.
        """
        try:
            self._rule.check(device.endpoint)
        except PushEndpointRefused:
            # Registered under an earlier rule.
            return SendResult(SendStatus.REFUSED, "endpoint refused")
        body = encrypt(content, device_key=device.key, device_secret=device.secret)
        headers = {
            "authorization": self._vapid.authorization(device.endpoint),
            "content-type": "application/octet-stream",
            "content-encoding": "aes128gcm",
            "ttl": str(int(MESSAGE_LIFETIME.total_seconds())),
            "urgency": "normal" if kind in _PRESSING else "low",
            "topic": topic,
        }
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await self._post(device.endpoint, list(headers.items()), body)
        except AddressRefused:
            return SendResult(SendStatus.REFUSED, "address refused")
        except (AddressBusy, TooManyLookUps):
            return SendResult(SendStatus.BUSY, "busy")
        except (TimeoutError, httpcore2.TimeoutException):
            return SendResult(SendStatus.LATER, "timeout", timed_out=True)
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as failure:
            return SendResult(SendStatus.LATER, type(failure).__name__)

    async def _post(self, endpoint: str, headers: list[tuple[str, str]], body: bytes) -> SendResult:
        parts = urlsplit(endpoint)
        default = HTTPS_PORT if parts.scheme == "https" else 80
        first, *_ = await self._network.resolve(parts.hostname or "", parts.port or default)
        with self._addresses.reserve(first):
            async with self._pool.stream(
                "POST", endpoint, headers=headers, content=body
            ) as response:
                await _read_prefix(response)
                return self._status_of(response)

    def _status_of(self, response: httpcore2.Response) -> SendResult:
        status = response.status
        said = str(status)
        if 200 <= status < 300:
            return SendResult(SendStatus.TAKEN, said)
        if status in {404, 410}:
            return SendResult(SendStatus.GONE, said)
        if status in {408, 429} or status >= 500:
            return SendResult(SendStatus.LATER, said, self._retry_after(response))
        # Redirections are not followed: nobody said that they lead to a push service.
        return SendResult(SendStatus.REFUSED, said)

    def _retry_after(self, response: httpcore2.Response) -> timedelta | None:
        value = next(
            (value for name, value in response.headers if name.lower() == b"retry-after"), None
        )
        return None if value is None else retry_after(value.decode("latin-1"), self._clock.now())


def retry_after(value: str, now: datetime) -> timedelta | None:
    """How long a Retry-After header asks to wait (RFC 9110, 10.2.3), from nothing to LONGEST_WAIT;
    None if it cannot be read."""
    text = value.strip()
    if len(text) > _MAX_RETRY_AFTER:
        return None
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except Exception:
        # The parser raises ValueError, OverflowError, TypeError and IndexError for what peers make
        # up, and a date at the end of time has no difference from ours.
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


@asynccontextmanager
async def connect(*, vapid: Vapid, rule: EndpointRule, clock: Clock) -> AsyncIterator[PushServices]:
    """Keeps connections for the block's length, to endpoints that the rule takes alone."""
    network = GuardedNetwork(rule)
    try:
        async with httpcore2.AsyncConnectionPool(
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            network_backend=network,
        ) as pool:
            yield PushServices(pool, network=network, rule=rule, vapid=vapid, clock=clock)
    finally:
        network.close()


async def _read_prefix(response: httpcore2.Response) -> None:
    size = 0
    async for part in response.aiter_stream():
        size += len(part)
        if size > _READ_BYTES:
            return

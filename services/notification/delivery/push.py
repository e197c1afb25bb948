"""Sends messages to devices by the Web Push protocol (RFC 8030), through their push services."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpcore2
import msgspec

from services.chassis.clock import Clock
from services.notification.delivery.encryption import encrypt
from services.notification.delivery.endpoints import AddressRefused, EndpointRule, GuardedNetwork
from services.notification.delivery.model import Answer, PushSubscription, Verdict
from services.notification.delivery.vapid import Vapid
from services.notification.model import Group, Kind

# What a receiver may take for one message, connecting included.
SEND_SECONDS = 10.0
# How long a push service keeps a message for a device that is off: news of yesterday is no news.
MESSAGE_LIFETIME = timedelta(hours=24)

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

    def __init__(self, pool: httpcore2.AsyncConnectionPool, *, vapid: Vapid, clock: Clock) -> None:
        self._pool = pool
        self._vapid = vapid
        self._clock = clock

    async def send(
        self, device: PushSubscription, content: bytes, *, kind: Kind, topic: str
    ) -> Answer:
        """Has the message delivered; of several with one topic a waiting device gets the last.

        Takes SEND_SECONDS at most, and raises nothing that a receiver can bring about.
        """
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
            async with (
                asyncio.timeout(SEND_SECONDS),
                self._pool.stream(
                    "POST", device.endpoint, headers=list(headers.items()), content=body
                ) as response,
            ):
                await _read_a_little(response)
                return self._judge(response)
        except AddressRefused:
            return Answer(Verdict.REFUSED, "address refused")
        except (TimeoutError, httpcore2.TimeoutException):
            return Answer(Verdict.LATER, "timeout")
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as failure:
            return Answer(Verdict.LATER, type(failure).__name__)

    def _judge(self, response: httpcore2.Response) -> Answer:
        status = response.status
        said = str(status)
        if 200 <= status < 300:
            return Answer(Verdict.TAKEN, said)
        if status in {404, 410}:
            return Answer(Verdict.GONE, said)
        if status in {408, 429} or status >= 500:
            return Answer(Verdict.LATER, said, self._retry_after(response))
        # Redirections are not followed: nobody said that they lead to a push service.
        return Answer(Verdict.REFUSED, said)

    def _retry_after(self, response: httpcore2.Response) -> timedelta | None:
        value = next(
            (value for name, value in response.headers if name.lower() == b"retry-after"), None
        )
        return None if value is None else retry_after(value.decode("latin-1"), self._clock.now())


def retry_after(value: str, now: datetime) -> timedelta | None:
    """How long a Retry-After header asks to wait (RFC 9110, 10.2.3); None if it cannot be read."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now


@asynccontextmanager
async def connect(*, vapid: Vapid, rule: EndpointRule, clock: Clock) -> AsyncIterator[PushServices]:
    """Keeps connections for the block's length, to endpoints that the rule takes alone."""
    async with httpcore2.AsyncConnectionPool(
        max_connections=_CONNECTIONS,
        max_keepalive_connections=_CONNECTIONS,
        keepalive_expiry=_KEEP_ALIVE_SECONDS,
        network_backend=GuardedNetwork(rule),
    ) as pool:
        yield PushServices(pool, vapid=vapid, clock=clock)


async def _read_a_little(response: httpcore2.Response) -> None:
    size = 0
    async for part in response.aiter_stream():
        size += len(part)
        if size > _READ_BYTES:
            return

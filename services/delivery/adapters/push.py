"""Sends messages to devices by the Web Push protocol (RFC 8030), through their push services."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import httpcore2

from services.chassis.runtime.backoff import retry_after
from services.chassis.runtime.clock import Clock
from services.delivery.adapters.guarded_network import AddressBusy, AddressLimits, GuardedNetwork
from services.delivery.adapters.resolver import TooManyLookUps
from services.delivery.domain.encryption import encrypt
from services.delivery.domain.endpoints import HTTPS_PORT, AddressRefused, EndpointRule
from services.delivery.domain.errors import PushEndpointRefused
from services.delivery.domain.model import PushSubscription, SendResult, SendStatus
from services.delivery.domain.vapid import Vapid

# The time limit for one message, including the connection.
SEND_SECONDS = 10.0
# How long a push service keeps a message for a device that is offline.
MESSAGE_LIFETIME = timedelta(hours=24)

# To one IP address, for all names that resolve to it.
MAX_CONNECTIONS_PER_ADDRESS = 32

# Response bodies are not used; a small part is read so that the connection can be reused.
_READ_BYTES = 4096
_CONNECTIONS = 100
_KEEP_ALIVE_SECONDS = 60.0


class WebPushServices:
    """See `ports.PushServices`. Created by `connect`."""

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
        self._limits = AddressLimits(limit=MAX_CONNECTIONS_PER_ADDRESS)

    async def send(
        self, device: PushSubscription, content: bytes, *, urgent: bool, topic: str
    ) -> SendResult:
        """See `ports.PushServices.send`. It takes at most SEND_SECONDS."""
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
            # "normal" wakes a device that saves its battery (RFC 8030, 5.3).
            "urgency": "normal" if urgent else "low",
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
        with self._limits.reserve(first):
            async with self._pool.stream(
                "POST", endpoint, headers=headers, content=body
            ) as response:
                await _read_prefix(response)
                return self._status_of(response)

    def _status_of(self, response: httpcore2.Response) -> SendResult:
        status = response.status
        text = str(status)
        if 200 <= status < 300:
            return SendResult(SendStatus.TAKEN, text)
        if status in {404, 410}:
            return SendResult(SendStatus.GONE, text)
        if status in {408, 429} or status >= 500:
            return SendResult(SendStatus.LATER, text, self._retry_after(response))
        # Redirects are not followed: their target need not be a push service.
        return SendResult(SendStatus.REFUSED, text)

    def _retry_after(self, response: httpcore2.Response) -> timedelta | None:
        value = next(
            (value for name, value in response.headers if name.lower() == b"retry-after"), None
        )
        return None if value is None else retry_after(value.decode("latin-1"), self._clock.now())


@asynccontextmanager
async def connect(
    *, vapid: Vapid, rule: EndpointRule, clock: Clock
) -> AsyncIterator[WebPushServices]:
    """Keeps connections for the duration of the block, only to endpoints that the rule allows."""
    network = GuardedNetwork(rule)
    try:
        async with httpcore2.AsyncConnectionPool(
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            network_backend=network,
        ) as pool:
            yield WebPushServices(pool, network=network, rule=rule, vapid=vapid, clock=clock)
    finally:
        network.close()


async def _read_prefix(response: httpcore2.Response) -> None:
    size = 0
    async for part in response.aiter_stream():
        size += len(part)
        if size > _READ_BYTES:
            return

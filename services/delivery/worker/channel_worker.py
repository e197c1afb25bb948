"""Sends the due messages of one channel: claims them, prepares and sends them, records the results.

A claimed delivery belongs to its worker for LEASE. If the worker dies, another worker sends the
delivery afterwards. So a message is sent twice only if a worker dies between the receiver's answer
and its record, and then with the same topic or Message-ID.
"""

import asyncio
import traceback
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from prometheus_client import Counter, Histogram

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import (
    DeadlineExceeded,
    RoostError,
    TooMany,
    Unavailable,
)
from services.chassis.runtime.logs import logger
from services.delivery.domain.model import (
    Channel,
    Delivery,
    DeliveryUpdate,
    SendResult,
    SendStatus,
    State,
)
from services.delivery.domain.retries import BUSY_PAUSE, MAX_ATTEMPTS, update_after
from services.delivery.domain.store import DeliveryStore

KeyT = TypeVar("KeyT", int, str)

# Three times the time limit of any receiver.
LEASE = timedelta(seconds=30)

_POLL_SECONDS = 0.5
_TROUBLE_SECONDS = 5.0
# After these the whole batch is tried again: its deliveries are not the cause.
_TRANSIENT = (Unavailable, DeadlineExceeded, TooMany)

_attempts = Counter(
    "roost_delivery_attempts_total",
    "Attempts to deliver by push or email, by resulting state",
    ["channel", "state"],
)
_failures = Counter(
    "roost_delivery_failures_total",
    "Deliveries that failed by an error of our own, by the step that raised it",
    ["channel", "step"],
)
_delay = Histogram(
    "roost_delivery_delay_seconds",
    "From when a message was first due to when its receiver accepted it",
    ["channel"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400),
)


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many deliveries of a channel one process has in flight at most."""

    total: int
    # To one receiver. It is below the total, so that a hanging receiver leaves capacity for others.
    receiver: int
    # Of one user, whose devices may all hang.
    user: int


CAPACITIES: Mapping[Channel, Capacity] = {
    Channel.PUSH: Capacity(total=64, receiver=32, user=4),
    # Each is a connection to the mail server, and servers limit connections.
    Channel.CODE: Capacity(total=6, receiver=3, user=1),
    Channel.DIGEST: Capacity(total=4, receiver=4, user=1),
}


@dataclass(frozen=True, slots=True)
class PreparedMessage:
    """A message that can be sent. `receiver` is what capacity is counted by: a domain of push
    services or mailboxes, or the mail server."""

    receiver: str
    send: Callable[[], Awaitable[SendResult]]


class ChannelSender(Protocol):
    """Prepares the messages of one channel."""

    async def prepare(
        self, deliveries: Sequence[Delivery]
    ) -> Mapping[Delivery, PreparedMessage | DeliveryUpdate]:
        """The message of each delivery, or its result if nothing is sent. A delivery that is absent
        is skipped.

        Raises Unavailable, DeadlineExceeded or TooMany on a temporary failure: all deliveries are
        tried again. After any other error the deliveries are prepared one by one: one that raises
        a RoostError is tried again, one that raises another error has failed.
        """
        ...

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """When the topic may be sent again, if a later version was added since."""
        ...


class ChannelWorker:
    """Sends what is due on one channel."""

    def __init__(
        self,
        channel: Channel,
        channel_sender: ChannelSender,
        capacity: Capacity,
        *,
        store: DeliveryStore,
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._channel_sender = channel_sender
        self._capacity = capacity
        self._store = store
        self._clock = clock
        self._in_flight: set[asyncio.Task[None]] = set()
        self._at_receiver: Tally[str] = Tally()
        self._of_user: Tally[int] = Tally()
        # Users whose receiver was busy, and until when nothing of theirs is claimed.
        self._waiting: dict[int, datetime] = {}

    async def run(self) -> None:
        """Sends until it is cancelled; messages in flight are finished first."""
        try:
            while True:
                try:
                    taken = await self.take()
                except Exception as error:
                    _log_fault("deliveries_claim_failed", self._channel, error)
                    await asyncio.sleep(_TROUBLE_SECONDS)
                    continue
                if not taken:
                    await self._wait_for_more()
        finally:
            await self.settle()

    async def take(self) -> int:
        """Claims as many deliveries as there is capacity for and starts to send them; returns their
        number."""
        capacity = self._capacity.total - len(self._in_flight)
        if capacity <= 0:
            return 0
        now = self._clock.now()
        claimed = await self._store.claim(
            self._channel,
            now=now,
            until=now + LEASE,
            limit=capacity,
            share=self._capacity.user,
            taken=self._taken(now),
        )
        prepared = await self._prepare(claimed)
        for delivery, each in prepared.items():
            self._start(delivery, each)
        return len(claimed)

    async def settle(self) -> None:
        """Returns when no message is in flight."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    def _taken(self, now: datetime) -> dict[int, int]:
        """How much of each user's share is in use."""
        self._waiting = {user: until for user, until in self._waiting.items() if until > now}
        return dict(self._of_user) | dict.fromkeys(self._waiting, self._capacity.user)

    async def _prepare(
        self, claimed: Sequence[Delivery]
    ) -> dict[Delivery, PreparedMessage | DeliveryUpdate]:
        prepared: dict[Delivery, PreparedMessage | DeliveryUpdate] = {}
        fit = []
        for delivery in claimed:
            if delivery.attempts > MAX_ATTEMPTS:
                # The worker that claimed it before died without recording a result.
                prepared[delivery] = self._fail(delivery, "never recorded")
                _failures.labels(self._channel, "claim").inc()
            else:
                fit.append(delivery)
        if fit:
            try:
                prepared |= await self._prepare_batch(fit)
            except _TRANSIENT as error:
                logger().warning("deliveries_postponed", error=repr(error))
                prepared |= {each: self._postponed(each) for each in fit}
            except Exception as error:
                _log_fault("deliveries_preparation_failed", self._channel, error)
                for delivery in fit:
                    prepared |= await self._prepare_single(delivery)
        return prepared

    async def _prepare_batch(
        self, deliveries: Sequence[Delivery]
    ) -> dict[Delivery, PreparedMessage | DeliveryUpdate]:
        found = await self._channel_sender.prepare(deliveries)
        now = self._clock.now()
        return {
            each: found.get(each)
            or DeliveryUpdate(State.SKIPPED, "", self._channel_sender.again(each, now))
            for each in deliveries
        }

    async def _prepare_single(
        self, delivery: Delivery
    ) -> dict[Delivery, PreparedMessage | DeliveryUpdate]:
        try:
            return await self._prepare_batch([delivery])
        except RoostError as error:
            logger().warning("deliveries_postponed", error=repr(error))
            return {delivery: self._postponed(delivery)}
        except Exception as error:
            return {delivery: self._set_aside(delivery, "prepare", error)}

    def _start(self, delivery: Delivery, prepared: PreparedMessage | DeliveryUpdate) -> None:
        self._of_user[delivery.user_id] += 1
        task = asyncio.create_task(self._deliver(delivery, prepared))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _deliver(
        self, delivery: Delivery, prepared: PreparedMessage | DeliveryUpdate
    ) -> None:
        try:
            update = await self._update(delivery, prepared)
            recorded = await self._record(delivery, update)
        finally:
            _release(self._of_user, delivery.user_id)
        if recorded is not None:
            _attempts.labels(self._channel, recorded.state).inc()
            if recorded.state is State.SENT:
                waited = self._clock.now() - delivery.start_time
                _delay.labels(self._channel).observe(waited.total_seconds())

    async def _update(
        self, delivery: Delivery, prepared: PreparedMessage | DeliveryUpdate
    ) -> DeliveryUpdate:
        if isinstance(prepared, DeliveryUpdate):
            return prepared
        try:
            return await self._attempt(delivery, prepared)
        except Exception as error:
            return self._set_aside(delivery, "send", error)

    async def _attempt(self, delivery: Delivery, prepared: PreparedMessage) -> DeliveryUpdate:
        if self._at_receiver[prepared.receiver] < self._capacity.receiver:
            self._at_receiver[prepared.receiver] += 1
            try:
                result = await prepared.send()
            finally:
                _release(self._at_receiver, prepared.receiver)
        else:
            result = SendResult(SendStatus.BUSY, "busy")
        now = self._clock.now()
        if result.status is SendStatus.BUSY:
            self._waiting[delivery.user_id] = now + BUSY_PAUSE
        return update_after(
            delivery, result, again=self._channel_sender.again(delivery, now), now=now
        )

    async def _record(self, delivery: Delivery, update: DeliveryUpdate) -> DeliveryUpdate | None:
        """Records the update, and returns what was recorded. None if the store is unavailable: the
        delivery is claimed again when its lease ends."""
        try:
            await self._store.record(delivery, update, self._clock.now())
            return update
        except RoostError as error:
            logger().warning("delivery_record_failed", error=repr(error))
            return None
        except Exception as error:
            # The store cannot write the update: a plain failure is recorded instead.
            failed = self._set_aside(delivery, "record", error)
        try:
            await self._store.record(delivery, failed, self._clock.now())
            return failed
        except Exception as error:
            _log_fault("delivery_record_failed", self._channel, error)
            return None

    def _postponed(self, delivery: Delivery) -> DeliveryUpdate:
        """The update of a delivery that could not be prepared now. It counts as an attempt, so that
        a delivery that can never be prepared is given up."""
        now = self._clock.now()
        again = self._channel_sender.again(delivery, now)
        return update_after(
            delivery, SendResult(SendStatus.LATER, "postponed"), again=again, now=now
        )

    def _set_aside(self, delivery: Delivery, step: str, error: Exception) -> DeliveryUpdate:
        _log_fault("delivery_set_aside", self._channel, error, step=step)
        _failures.labels(self._channel, step).inc()
        return self._fail(delivery, type(error).__name__)

    def _fail(self, delivery: Delivery, reason: str) -> DeliveryUpdate:
        return DeliveryUpdate(
            State.FAILED, reason, self._channel_sender.again(delivery, self._clock.now())
        )

    async def _wait_for_more(self) -> None:
        """Waits for half a second, or until a message in flight is finished."""
        if self._in_flight:
            await asyncio.wait(
                self._in_flight, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        else:
            await asyncio.sleep(_POLL_SECONDS)


def _release(tally: Tally[KeyT], key: KeyT) -> None:
    tally[key] -= 1
    if not tally[key]:
        del tally[key]


def _log_fault(event: str, channel: Channel, error: Exception, **more: str) -> None:
    """Logs where the error was raised, without its message, which may contain an address."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger().error(
        event, channel=channel.value, error=type(error).__name__, traceback=frames, **more
    )

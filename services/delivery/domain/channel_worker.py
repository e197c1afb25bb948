"""One channel's way out: claims what is due, packs it, sends it, and records what became of it.

A claimed delivery belongs to its worker for LEASE; if the worker dies, another sends it afterwards.
So a message goes out twice only if a worker dies between the receiver's answer and the record of
it, and then under the same topic or Message-ID.
"""

import asyncio
import traceback
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from prometheus_client import Counter

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

# Three times what any receiver is given.
LEASE = timedelta(seconds=30)

_POLL_SECONDS = 0.5
_TROUBLE_SECONDS = 5.0
# All of the batch is tried again: its deliveries are not the reason.
_TRANSIENT = (Unavailable, DeadlineExceeded, TooMany)

_attempts = Counter(
    "roost_deliveries_total", "What became of attempts outside the app", ["channel", "state"]
)
_set_aside = Counter(
    "roost_deliveries_set_aside_total",
    "Deliveries that failed for a fault of their own, by the step that raised",
    ["channel", "step"],
)


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many deliveries of a channel one process has under way at most."""

    total: int
    # To one receiver: less than all, so that one which hangs leaves the others room.
    receiver: int
    # Of one person, whose devices may all hang.
    person: int


CAPACITIES: Mapping[Channel, Capacity] = {
    Channel.PUSH: Capacity(total=64, receiver=32, person=4),
    # Each is a connection to the mail server, and servers refuse many at once.
    Channel.CODE: Capacity(total=6, receiver=3, person=1),
    Channel.DIGEST: Capacity(total=4, receiver=4, person=1),
}


@dataclass(frozen=True, slots=True)
class PreparedMessage:
    """A message, ready to go. `receiver` is who takes it in: a domain with push services or
    mailboxes, or the mail server."""

    receiver: str
    send: Callable[[], Awaitable[SendResult]]


class ChannelSender(Protocol):
    """Knows the way out of the app that one channel is."""

    async def prepare(
        self, deliveries: Sequence[Delivery]
    ) -> Mapping[Delivery, PreparedMessage | DeliveryUpdate]:
        """What is to be sent, or what became of it without sending; what is absent is moot.

        Raises Unavailable, DeadlineExceeded or TooMany where that cannot be said now: then all are
        tried again. For whatever else it raises, the deliveries are packed one by one: each that
        raises a RoostError alone is tried again, each that raises anything else has failed.
        """
        ...

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """When the topic may go out again, should there be more to tell by now."""
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
        self._under_way: set[asyncio.Task[None]] = set()
        self._at_receiver: Tally[str] = Tally()
        self._of_user: Tally[int] = Tally()
        # People who met a busy receiver, and until when nothing more of theirs is claimed.
        self._waiting: dict[int, datetime] = {}

    async def run(self) -> None:
        """Sends until it is cancelled; what is under way then is finished first."""
        try:
            while True:
                try:
                    taken = await self.take()
                except Exception as error:
                    _log_fault("deliveries_not_claimed", self._channel, error)
                    await asyncio.sleep(_TROUBLE_SECONDS)
                    continue
                if not taken:
                    await self._wait_for_more()
        finally:
            await self.settle()

    async def take(self) -> int:
        """Claims as much as there is room for, and begins to send it; returns how much it was."""
        room = self._capacity.total - len(self._under_way)
        if room <= 0:
            return 0
        now = self._clock.now()
        claimed = await self._store.claim(
            self._channel,
            now=now,
            until=now + LEASE,
            limit=room,
            share=self._capacity.person,
            taken=self._taken(now),
        )
        packed = await self._prepare(claimed)
        for delivery, each in packed.items():
            self._start(delivery, each)
        return len(claimed)

    async def settle(self) -> None:
        """Returns once nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _taken(self, now: datetime) -> dict[int, int]:
        """How much of each person's share is in use."""
        self._waiting = {user: until for user, until in self._waiting.items() if until > now}
        return dict(self._of_user) | dict.fromkeys(self._waiting, self._capacity.person)

    async def _prepare(
        self, claimed: Sequence[Delivery]
    ) -> dict[Delivery, PreparedMessage | DeliveryUpdate]:
        """What to do with each."""
        packed: dict[Delivery, PreparedMessage | DeliveryUpdate] = {}
        fit = []
        for delivery in claimed:
            if delivery.attempts > MAX_ATTEMPTS:
                # The worker that claimed it before died without recording an outcome.
                packed[delivery] = self._fail(delivery, "never recorded")
                _set_aside.labels(self._channel, "claim").inc()
            else:
                fit.append(delivery)
        if fit:
            try:
                packed |= await self._packed(fit)
            except _TRANSIENT as error:
                logger().warning("deliveries_postponed", error=repr(error))
                packed |= {each: self._postponed(each) for each in fit}
            except Exception as error:
                _log_fault("deliveries_not_packed", self._channel, error)
                for delivery in fit:
                    packed |= await self._packed_alone(delivery)
        return packed

    async def _packed(
        self, deliveries: Sequence[Delivery]
    ) -> dict[Delivery, PreparedMessage | DeliveryUpdate]:
        found = await self._channel_sender.prepare(deliveries)
        now = self._clock.now()
        return {
            each: found.get(each)
            or DeliveryUpdate(State.SKIPPED, "", self._channel_sender.again(each, now))
            for each in deliveries
        }

    async def _packed_alone(
        self, delivery: Delivery
    ) -> dict[Delivery, PreparedMessage | DeliveryUpdate]:
        try:
            return await self._packed([delivery])
        except RoostError as error:
            logger().warning("deliveries_postponed", error=repr(error))
            return {delivery: self._postponed(delivery)}
        except Exception as error:
            return {delivery: self._set_aside(delivery, "pack", error)}

    def _start(self, delivery: Delivery, packed: PreparedMessage | DeliveryUpdate) -> None:
        self._of_user[delivery.user_id] += 1
        task = asyncio.create_task(self._deliver(delivery, packed))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _deliver(self, delivery: Delivery, packed: PreparedMessage | DeliveryUpdate) -> None:
        try:
            outcome = await self._outcome(delivery, packed)
            recorded = await self._record(delivery, outcome)
        finally:
            _release(self._of_user, delivery.user_id)
        if recorded is not None:
            _attempts.labels(self._channel, recorded.state).inc()

    async def _outcome(
        self, delivery: Delivery, packed: PreparedMessage | DeliveryUpdate
    ) -> DeliveryUpdate:
        if isinstance(packed, DeliveryUpdate):
            return packed
        try:
            return await self._attempt(delivery, packed)
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

    async def _record(self, delivery: Delivery, outcome: DeliveryUpdate) -> DeliveryUpdate | None:
        """Records it; returns what was recorded. None where the store does not answer: it is
        claimed again when the lease ends."""
        try:
            await self._store.record(delivery, outcome, self._clock.now())
            return outcome
        except RoostError as error:
            logger().warning("delivery_not_recorded", error=repr(error))
            return None
        except Exception as error:
            # What the store cannot write comes from the outcome: a plainer one is written instead.
            failed = self._set_aside(delivery, "record", error)
        try:
            await self._store.record(delivery, failed, self._clock.now())
            return failed
        except Exception as error:
            _log_fault("delivery_not_recorded", self._channel, error)
            return None

    def _postponed(self, delivery: Delivery) -> DeliveryUpdate:
        """Nothing was sent, but it counts: what can never be packed is given up some day."""
        now = self._clock.now()
        again = self._channel_sender.again(delivery, now)
        return update_after(
            delivery, SendResult(SendStatus.LATER, "postponed"), again=again, now=now
        )

    def _set_aside(self, delivery: Delivery, step: str, error: Exception) -> DeliveryUpdate:
        _log_fault("delivery_set_aside", self._channel, error, step=step)
        _set_aside.labels(self._channel, step).inc()
        return self._fail(delivery, type(error).__name__)

    def _fail(self, delivery: Delivery, reason: str) -> DeliveryUpdate:
        return DeliveryUpdate(
            State.FAILED, reason, self._channel_sender.again(delivery, self._clock.now())
        )

    async def _wait_for_more(self) -> None:
        """Waits for the next look: half a second, or until something under way has ended."""
        if self._under_way:
            await asyncio.wait(
                self._under_way, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        else:
            await asyncio.sleep(_POLL_SECONDS)


def _release(tally: Tally[KeyT], key: KeyT) -> None:
    tally[key] -= 1
    if not tally[key]:
        del tally[key]


def _log_fault(event: str, channel: Channel, error: Exception, **more: str) -> None:
    """Logs where it was raised. The message of an exception may hold an address, so it is left
    out."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger().error(
        event, channel=channel.value, error=type(error).__name__, traceback=frames, **more
    )

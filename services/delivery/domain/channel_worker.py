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
    Answer,
    Channel,
    Delivery,
    Outcome,
    State,
    Verdict,
)
from services.delivery.domain.retries import BUSY_PAUSE, MAX_ATTEMPTS, outcome_of
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
class Parcel:
    """A message, ready to go. `receiver` is who takes it in: a domain with push services or
    mailboxes, or the mail server."""

    receiver: str
    send: Callable[[], Awaitable[Answer]]


class Carrier(Protocol):
    """Knows the way out of the app that one channel is."""

    async def pack(self, deliveries: Sequence[Delivery]) -> Mapping[Delivery, Parcel | Outcome]:
        """What is to be sent, or what became of it without sending; what is absent is moot.

        Raises Unavailable, DeadlineExceeded or TooMany where that cannot be said now: then all are
        tried again. For whatever else it raises, the deliveries are packed one by one: each that
        raises a RoostError alone is tried again, each that raises anything else has failed.
        """
        ...

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """When the topic may go out again, should there be more to tell by now."""
        ...


class Lane:
    """Sends what is due on one channel."""

    def __init__(
        self,
        channel: Channel,
        carrier: Carrier,
        capacity: Capacity,
        *,
        store: DeliveryStore,
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._carrier = carrier
        self._capacity = capacity
        self._store = store
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()
        self._at_receiver: Tally[str] = Tally()
        self._of_person: Tally[int] = Tally()
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
                    await self._rest()
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
        packed = await self._pack(claimed)
        for delivery, each in packed.items():
            self._begin(delivery, each)
        return len(claimed)

    async def settle(self) -> None:
        """Returns once nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _taken(self, now: datetime) -> dict[int, int]:
        """How much of each person's share is in use."""
        self._waiting = {user: until for user, until in self._waiting.items() if until > now}
        return dict(self._of_person) | dict.fromkeys(self._waiting, self._capacity.person)

    async def _pack(self, claimed: Sequence[Delivery]) -> dict[Delivery, Parcel | Outcome]:
        """What to do with each."""
        packed: dict[Delivery, Parcel | Outcome] = {}
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

    async def _packed(self, deliveries: Sequence[Delivery]) -> dict[Delivery, Parcel | Outcome]:
        found = await self._carrier.pack(deliveries)
        now = self._clock.now()
        return {
            each: found.get(each) or Outcome(State.MOOT, "", self._carrier.again(each, now))
            for each in deliveries
        }

    async def _packed_alone(self, delivery: Delivery) -> dict[Delivery, Parcel | Outcome]:
        try:
            return await self._packed([delivery])
        except RoostError as error:
            logger().warning("deliveries_postponed", error=repr(error))
            return {delivery: self._postponed(delivery)}
        except Exception as error:
            return {delivery: self._set_aside(delivery, "pack", error)}

    def _begin(self, delivery: Delivery, packed: Parcel | Outcome) -> None:
        self._of_person[delivery.user_id] += 1
        task = asyncio.create_task(self._deliver(delivery, packed))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _deliver(self, delivery: Delivery, packed: Parcel | Outcome) -> None:
        try:
            outcome = await self._outcome(delivery, packed)
            recorded = await self._record(delivery, outcome)
        finally:
            _release(self._of_person, delivery.user_id)
        if recorded is not None:
            _attempts.labels(self._channel, recorded.state).inc()

    async def _outcome(self, delivery: Delivery, packed: Parcel | Outcome) -> Outcome:
        if isinstance(packed, Outcome):
            return packed
        try:
            return await self._attempt(delivery, packed)
        except Exception as error:
            return self._set_aside(delivery, "send", error)

    async def _attempt(self, delivery: Delivery, parcel: Parcel) -> Outcome:
        if self._at_receiver[parcel.receiver] < self._capacity.receiver:
            self._at_receiver[parcel.receiver] += 1
            try:
                answer = await parcel.send()
            finally:
                _release(self._at_receiver, parcel.receiver)
        else:
            answer = Answer(Verdict.BUSY, "busy")
        now = self._clock.now()
        if answer.verdict is Verdict.BUSY:
            self._waiting[delivery.user_id] = now + BUSY_PAUSE
        return outcome_of(delivery, answer, again=self._carrier.again(delivery, now), now=now)

    async def _record(self, delivery: Delivery, outcome: Outcome) -> Outcome | None:
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

    def _postponed(self, delivery: Delivery) -> Outcome:
        """Nothing was sent, but it counts: what can never be packed is given up some day."""
        now = self._clock.now()
        again = self._carrier.again(delivery, now)
        return outcome_of(delivery, Answer(Verdict.LATER, "postponed"), again=again, now=now)

    def _set_aside(self, delivery: Delivery, step: str, error: Exception) -> Outcome:
        _log_fault("delivery_set_aside", self._channel, error, step=step)
        _set_aside.labels(self._channel, step).inc()
        return self._fail(delivery, type(error).__name__)

    def _fail(self, delivery: Delivery, reason: str) -> Outcome:
        return Outcome(State.FAILED, reason, self._carrier.again(delivery, self._clock.now()))

    async def _rest(self) -> None:
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

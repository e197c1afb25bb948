"""Sends what is due: takes it on, looks whether there is still something to tell, hands it over.

A delivery that a worker has taken on belongs to it for LEASE; whatever becomes of the worker,
somebody sends it afterwards. So a message goes out twice only if a worker dies between the
receiver's answer and its own note of it, and then under the same topic or Message-ID.
"""

import asyncio
import random
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from prometheus_client import Counter

from services.chassis.clock import Clock
from services.chassis.errors import RoostError
from services.chassis.logs import logger
from services.notification.delivery.model import (
    Answer,
    Channel,
    Delivery,
    Outcome,
    State,
    Verdict,
)
from services.notification.delivery.store import DeliveryStore

# Three times what any receiver is given.
LEASE = timedelta(seconds=30)
# Some five hours.
MAX_ATTEMPTS = 15
# A receiver may ask for longer pauses, but news of yesterday is no news.
GIVE_UP_AFTER = timedelta(hours=24)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)

# Messages under way in one process; half of them to one receiver, so that one which hangs leaves
# the others room.
AT_ONCE = 64
AT_ONE_RECEIVER = AT_ONCE // 2
_BUSY_PAUSE = timedelta(seconds=2)

_POLL_SECONDS = 0.5
_TROUBLE_SECONDS = 5.0

_attempts = Counter(
    "roost_deliveries_total", "What became of attempts outside the app", ["channel", "state"]
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message, ready to go. `receiver` is who takes it in: a push service, the mail server.

    `send` raises nothing that the receiver can bring about.
    """

    receiver: str
    send: Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Held:
    """A message that may not go out before that moment. Waiting is no attempt."""

    until: datetime


class Carrier(Protocol):
    """Knows the way out of the app that one channel is."""

    async def pack(self, deliveries: Sequence[Delivery]) -> Mapping[Delivery, Parcel | Held]:
        """What is still to be told; the others are moot. Raises a RoostError where that cannot
        be said now: then all are tried again."""
        ...

    async def again(self, delivery: Delivery, now: datetime) -> datetime:
        """When the topic may go out again, should there be more to tell by now."""
        ...


class Dispatcher:
    """Works for ever, in any number of processes."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        carriers: Mapping[Channel, Carrier],
        clock: Clock,
    ) -> None:
        self._store = store
        self._carriers = carriers
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()
        self._at_receiver: Tally[str] = Tally()

    async def run(self) -> None:
        """Takes on what is due; what is under way when it is cancelled is finished first."""
        try:
            while True:
                try:
                    taken = await self.take()
                except RoostError as error:
                    logger().warning("deliveries_postponed", error=repr(error))
                    await asyncio.sleep(_TROUBLE_SECONDS)
                    continue
                if not taken:
                    await self._rest()
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way)

    async def take(self) -> int:
        """Takes on as much as there is room for, and begins to send it; says how much it was."""
        room = AT_ONCE - len(self._under_way)
        if room == 0:
            return 0
        now = self._clock.now()
        claimed = await self._store.claim(
            self._carriers.keys(), now=now, until=now + LEASE, limit=room
        )
        for channel, carrier in self._carriers.items():
            deliveries = [each for each in claimed if each.channel is channel]
            if deliveries:
                await self._begin(deliveries, carrier)
        return len(claimed)

    async def settle(self) -> None:
        """Returns once nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _begin(self, deliveries: Sequence[Delivery], carrier: Carrier) -> None:
        try:
            parcels = await carrier.pack(deliveries)
        except RoostError as error:
            # They are due again when the lease ends.
            logger().warning("deliveries_postponed", error=repr(error))
            return
        for delivery in deliveries:
            parcel = parcels.get(delivery)
            task = asyncio.create_task(self._deliver(delivery, parcel, carrier))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _deliver(
        self, delivery: Delivery, parcel: Parcel | Held | None, carrier: Carrier
    ) -> None:
        try:
            outcome = await self._attempt(delivery, parcel, carrier)
            await self._store.record(delivery, outcome, self._clock.now())
        except RoostError as error:
            # Nobody noted what became of it: it goes out again when the lease ends.
            logger().warning("delivery_not_recorded", error=repr(error))
            return
        _attempts.labels(delivery.channel, outcome.state).inc()

    async def _attempt(
        self, delivery: Delivery, parcel: Parcel | Held | None, carrier: Carrier
    ) -> Outcome:
        if parcel is None:
            return Outcome(State.MOOT, "", await carrier.again(delivery, self._clock.now()))
        if isinstance(parcel, Held):
            return Outcome(State.DUE, "held", parcel.until, counted=False)
        if self._at_receiver[parcel.receiver] >= AT_ONE_RECEIVER:
            until = self._clock.now() + _BUSY_PAUSE
            return Outcome(State.DUE, "busy", until, counted=False)
        self._at_receiver[parcel.receiver] += 1
        try:
            answer = await parcel.send()
        finally:
            self._at_receiver[parcel.receiver] -= 1
            if not self._at_receiver[parcel.receiver]:
                del self._at_receiver[parcel.receiver]
        now = self._clock.now()
        return outcome_of(delivery, answer, again=await carrier.again(delivery, now), now=now)

    async def _rest(self) -> None:
        if len(self._under_way) < AT_ONCE:
            await asyncio.sleep(_POLL_SECONDS)
        else:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)


def outcome_of(delivery: Delivery, answer: Answer, *, again: datetime, now: datetime) -> Outcome:
    """What follows from an answer: sent, given up, or tried again after a pause that doubles with
    each attempt, or as long as the receiver asks for."""
    if answer.verdict is Verdict.TAKEN:
        return Outcome(State.SENT, answer.text, again)
    if answer.verdict is not Verdict.LATER:
        return Outcome(State.FAILED, answer.text, again)
    due_time = now + max(_pause(delivery.attempts), answer.wait or timedelta())
    if delivery.attempts >= MAX_ATTEMPTS or due_time - delivery.start_time > GIVE_UP_AFTER:
        return Outcome(State.FAILED, answer.text, again)
    return Outcome(State.DUE, answer.text, due_time)


def _pause(attempts: int) -> timedelta:
    pause = min(FIRST_PAUSE * (1 << (attempts - 1)), LONGEST_PAUSE)
    return pause * random.uniform(0.75, 1.25)  # noqa: S311 - so that not all come back at once

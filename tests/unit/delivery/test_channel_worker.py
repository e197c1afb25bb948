"""An error of one delivery affects neither the others nor the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Internal, Unavailable
from services.delivery.adapters.memory import DeliveryRow, MemoryDeliveryStore
from services.delivery.domain.model import (
    Channel,
    Delivery,
    DeliveryUpdate,
    Due,
    MailAddress,
    PushSubscription,
    SendResult,
    SendStatus,
    State,
)
from services.delivery.domain.retries import BUSY_PAUSE, MAX_ATTEMPTS
from services.delivery.worker import channel_worker as lane_module
from services.delivery.worker.channel_worker import (
    CAPACITIES,
    LEASE,
    ChannelSender,
    PreparedMessage,
)
from services.delivery.worker.dispatch import Dispatcher
from services.notification.adapters.memory import MemoryNotificationStore
from tests.waiting import eventually

TAKEN = SendResult(SendStatus.TAKEN, "201")
PUSH = CAPACITIES[Channel.PUSH]


class Poison(Exception):
    """An unexpected error."""


@dataclass
class Sending:
    """A sender whose receivers act as the test sets, by topic."""

    acts: dict[str, Callable[[], Awaitable[SendResult]]] = field(default_factory=dict)
    unpackable: Mapping[str, Exception] = field(default_factory=dict)
    receivers: Mapping[str, str] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    sent: list[tuple[int, str]] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    async def prepare(
        self, deliveries: Sequence[Delivery]
    ) -> Mapping[Delivery, PreparedMessage | DeliveryUpdate]:
        self.batches.append(len(deliveries))
        for each in deliveries:
            if each.topic in self.unpackable:
                raise self.unpackable[each.topic]
        return {each: self._prepared(each) for each in deliveries}

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        return now

    def _prepared(self, delivery: Delivery) -> PreparedMessage:
        async def send() -> SendResult:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            try:
                result = await self.acts.get(delivery.topic, taken)()
            finally:
                self.under_way -= 1
            self.sent.append((delivery.user_id, delivery.topic))
            return result

        return PreparedMessage(self.receivers.get(delivery.topic, f"of {delivery.user_id}"), send)


async def taken() -> SendResult:
    return TAKEN


async def raising() -> SendResult:
    address = "@".join(["alice", "mail.example"])
    raise Poison(address)


@dataclass
class Scenario:
    """A memory store, and users with a device and an address each."""

    clock: ManualClock
    notifications: MemoryNotificationStore
    store: MemoryDeliveryStore[Any]

    async def due(self, user_id: int, *topics: str, channel: Channel = Channel.PUSH) -> None:
        now = self.clock.now()
        device = PushSubscription(
            id=user_id,
            user_id=user_id,
            session_id=1,
            endpoint="https://push.example",
            key=b"",
            secret=b"",
            create_time=now,
            expire_time=now + timedelta(days=60),
        )
        async with self.notifications.transaction() as transaction:
            await transaction.save_subscription(device)
            await transaction.save_address(
                MailAddress(user_id=user_id, address="a@b.example", confirmed=False)
            )
            await transaction.add_due(
                [
                    Due(user_id=user_id, channel=channel, topic=each, version=1, due_time=now)
                    for each in topics
                ],
                now,
            )

    def dispatcher(
        self, channel_sender: ChannelSender, store: Any = None, **others: ChannelSender
    ) -> Dispatcher:
        senders = {Channel.PUSH: channel_sender} | {
            Channel(name): each for name, each in others.items()
        }
        return Dispatcher(store=store or self.store, senders=senders, clock=self.clock)

    def rows(self) -> dict[str, DeliveryRow]:
        return {key[3]: row for key, row in self.notifications.database.tables.deliveries.items()}

    def states(self) -> dict[str, tuple[State, str]]:
        return {topic: (row.state, row.last_answer) for topic, row in self.rows().items()}


@pytest.fixture
def scenario() -> Scenario:
    clock = ManualClock()
    notifications = MemoryNotificationStore(clock=clock)
    return Scenario(clock, notifications, MemoryDeliveryStore(notifications.database))


async def once(dispatcher: Dispatcher) -> int:
    taken = await dispatcher.take()
    await dispatcher.settle()
    return taken


def counted(step: str, channel: Channel = Channel.PUSH) -> float:
    labels = {"channel": channel.value, "step": step}
    return REGISTRY.get_sample_value("roost_delivery_failures_total", labels) or 0.0


async def test_what_cannot_be_prepared_fails_alone_and_is_counted(scenario: Scenario) -> None:
    for user in range(1, 6):
        await scenario.due(user, f"T{user}")
    before = counted("prepare")

    await once(scenario.dispatcher(Sending(unpackable={"T3": Poison()})))

    sent = (State.SENT, "201")
    assert scenario.states() == {
        "T1": sent,
        "T2": sent,
        "T3": (State.FAILED, "Poison"),
        "T4": sent,
        "T5": sent,
    }
    assert counted("prepare") == before + 1


@pytest.mark.parametrize(
    "failure", [IndexError(), ValueError(), UnicodeEncodeError("ascii", "é", 0, 1, "no")]
)
async def test_whatever_sending_raises_fails_that_delivery_alone(
    scenario: Scenario, failure: Exception
) -> None:
    async def fail() -> SendResult:
        raise failure

    for user in range(1, 4):
        await scenario.due(user, f"T{user}")
    before = counted("send")

    await once(scenario.dispatcher(Sending(acts={"T2": fail})))

    assert scenario.states()["T2"] == (State.FAILED, type(failure).__name__)
    assert {scenario.states()[each][0] for each in ("T1", "T3")} == {State.SENT}
    assert counted("send") == before + 1


async def test_delay_of_a_message_begins_when_it_was_due_and_ends_when_it_is_accepted(
    scenario: Scenario,
) -> None:
    async def later() -> SendResult:
        return SendResult(SendStatus.LATER, "503")

    await scenario.due(1, "T1", "T2")
    messages, seconds = delays()
    scenario.clock.advance(5.0)

    await once(scenario.dispatcher(Sending(acts={"T2": later})))

    assert delays() == (messages + 1, seconds + 5.0)


def delays() -> tuple[float, float]:
    name, labels = "roost_delivery_delay_seconds", {"channel": "push"}
    count, total = (
        REGISTRY.get_sample_value(f"{name}_{each}", labels) or 0.0 for each in ("count", "sum")
    )
    return count, total


async def test_a_fault_leaves_where_it_was_raised_and_no_address_in_the_log(
    scenario: Scenario, capsys: pytest.CaptureFixture[str]
) -> None:
    await scenario.due(1, "T1")

    await once(scenario.dispatcher(Sending(acts={"T1": raising})))

    logged = capsys.readouterr().out
    assert "delivery_set_aside" in logged
    assert "in raising" in logged
    assert "alice@mail.example" not in logged


class Refusing:
    """A store that fails to write some results, or is unavailable."""

    def __init__(self, store: Any, refuse: Callable[[DeliveryUpdate], Exception | None]) -> None:
        self._store = store
        self._refuse = refuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def record(self, delivery: Delivery, outcome: DeliveryUpdate, now: datetime) -> None:
        refused = self._refuse(outcome)
        if refused is not None:
            raise refused
        await self._store.record(delivery, outcome, now)


async def test_an_outcome_that_cannot_be_written_is_a_failure_in_plain_words(
    scenario: Scenario,
) -> None:
    def refuse(outcome: DeliveryUpdate) -> Exception | None:
        return asyncpg.CharacterNotInRepertoireError() if outcome.result == "bad" else None

    async def answer_badly() -> SendResult:
        return SendResult(SendStatus.TAKEN, "bad")

    await scenario.due(1, "T1")
    await scenario.due(2, "T2")
    before = counted("record")

    await once(
        scenario.dispatcher(Sending(acts={"T1": answer_badly}), Refusing(scenario.store, refuse))
    )

    assert scenario.states() == {
        "T1": (State.FAILED, "CharacterNotInRepertoireError"),
        "T2": (State.SENT, "201"),
    }
    assert counted("record") == before + 1


async def test_what_is_never_recorded_is_given_up(scenario: Scenario) -> None:
    away = Refusing(scenario.store, lambda _: Unavailable())
    sending = Sending()
    await scenario.due(1, "T1")
    before = counted("claim")

    for _ in range(MAX_ATTEMPTS):
        await once(scenario.dispatcher(sending, away))
        scenario.clock.advance(LEASE)
    await once(scenario.dispatcher(sending))

    assert len(sending.sent) == MAX_ATTEMPTS
    assert scenario.states() == {"T1": (State.FAILED, "never recorded")}
    assert counted("claim") == before + 1


async def test_while_a_dependency_is_away_all_wait(scenario: Scenario) -> None:
    sending = Sending(unpackable={"T1": Unavailable()})
    await scenario.due(1, "T1")
    await scenario.due(2, "T2")

    await once(scenario.dispatcher(sending))
    sending.unpackable = {}
    scenario.clock.advance(LEASE)
    await once(scenario.dispatcher(sending))

    assert sending.batches == [2, 2]
    assert {each[0] for each in scenario.states().values()} == {State.SENT}


async def test_what_another_service_cannot_answer_waits_alone(scenario: Scenario) -> None:
    await scenario.due(1, "T1")
    await scenario.due(2, "T2")

    await once(scenario.dispatcher(Sending(unpackable={"T1": Internal()})))

    assert scenario.states() == {"T1": (State.DUE, "postponed"), "T2": (State.SENT, "201")}


async def test_the_worker_continues_after_any_error_of_the_store(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_module, "_TROUBLE_SECONDS", 0.0)
    failures = [Poison(), asyncpg.NumericValueOutOfRangeError(), Unavailable()]

    class Failing(Refusing):
        async def claim(self, *args: Any, **more: Any) -> Any:
            if failures:
                raise failures.pop()
            return await scenario.store.claim(*args, **more)

    await scenario.due(1, "T1")
    running = asyncio.create_task(
        scenario.dispatcher(Sending(), Failing(scenario.store, lambda _: None)).run()
    )

    await eventually(lambda: scenario.states() == {"T1": (State.SENT, "201")})

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_one_user_has_a_small_share_of_the_capacity(scenario: Scenario) -> None:
    go_on = asyncio.Event()

    async def hang() -> SendResult:
        await go_on.wait()
        return TAKEN

    topics = [f"T{number}" for number in range(50)]
    sending = Sending(acts=dict.fromkeys(topics, hang), receivers={t: t for t in topics})
    dispatcher = scenario.dispatcher(sending)
    await scenario.due(1, *topics)
    scenario.clock.advance(60)
    await scenario.due(2, "stranger")

    first = await dispatcher.take()
    second = await dispatcher.take()
    await eventually(lambda: (2, "stranger") in sending.sent)

    assert (first, second) == (PUSH.user + 1, 0)
    assert sending.under_way == PUSH.user
    go_on.set()
    await dispatcher.settle()


async def test_a_user_whose_receiver_is_busy_is_not_claimed_again_immediately(
    scenario: Scenario,
) -> None:
    go_on = asyncio.Event()

    async def hang() -> SendResult:
        await go_on.wait()
        return TAKEN

    people = range(1, PUSH.receiver // PUSH.user + 2)
    acts = {f"T{user}-{n}": hang for user in people for n in range(20)}
    sending = Sending(acts=acts, receivers=dict.fromkeys(acts, "tarpit"))
    dispatcher = scenario.dispatcher(sending)
    for user in people:
        await scenario.due(user, *(f"T{user}-{n}" for n in range(20)))

    await dispatcher.take()
    await eventually(
        lambda: sum(result == "busy" for _, result in scenario.states().values()) == PUSH.user
    )
    at_once = await dispatcher.take()
    scenario.clock.advance(BUSY_PAUSE)
    later = await dispatcher.take()

    assert sending.most_under_way == PUSH.receiver
    assert (at_once, later) == (0, PUSH.user)
    assert {row.attempts for row in scenario.rows().values() if row.last_answer == "busy"} == {0}
    go_on.set()
    await dispatcher.settle()


async def test_a_channel_that_hangs_delays_no_other(scenario: Scenario) -> None:
    class Standing(Sending):
        async def prepare(
            self, deliveries: Sequence[Delivery]
        ) -> Mapping[Delivery, PreparedMessage | DeliveryUpdate]:
            await asyncio.Event().wait()
            return {}

    codes = Sending()
    await scenario.due(1, "T1")
    await scenario.due(2, "", channel=Channel.CODE)
    running = asyncio.create_task(scenario.dispatcher(Standing(), code=codes).run())

    await eventually(lambda: codes.sent == [(2, "")])

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

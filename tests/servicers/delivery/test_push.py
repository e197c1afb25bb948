"""Push messages to real receivers on loopback, with all kinds of answers."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from services.chassis.runtime.clock import ManualClock
from services.delivery.adapters import push
from services.delivery.adapters.memory import DeliveryRow, MemoryDeliveryStore
from services.delivery.compose import vapid
from services.delivery.domain.endpoints import EndpointRule
from services.delivery.domain.model import Channel, Notification, PushSubscription, State
from services.delivery.domain.retries import MAX_ATTEMPTS
from services.delivery.domain.schedule import PUSH_AFTER, Schedule
from services.delivery.domain.tokens import Tokens
from services.delivery.worker.channel_senders import PushSender
from services.delivery.worker.channel_worker import CAPACITIES, LEASE
from services.delivery.worker.dispatch import Dispatcher
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.domain.model import Kind
from services.notification.settings import NotificationSettings
from tests.builders.notifications import (
    FakeDisplayNames,
    FakeUnread,
    notification,
    notified,
    settings,
)
from tests.push import Browser, Pushed, PushServer, Reply, push_server
from tests.waiting import eventually, let_pass

ALICE, BOB = 1001, 1002


@dataclass
class Scenario:
    """Devices, a push service, and a worker that sends."""

    configured: NotificationSettings
    clock: ManualClock
    server: PushServer
    unread: FakeUnread
    names: FakeDisplayNames
    store: MemoryNotificationStore
    deliveries: MemoryDeliveryStore[Any]
    worker: Dispatcher
    browsers: dict[int, Browser] = field(default_factory=dict)

    async def device(self, user_id: int = ALICE, endpoint: str = "") -> PushSubscription:
        number = len(self.browsers) + 1
        browser = self.browsers[number] = Browser()
        now = self.clock.now()
        added = PushSubscription(
            id=number,
            user_id=user_id,
            session_id=1,
            endpoint=endpoint or f"{self.server.origin}/{number}",
            key=browser.key,
            secret=browser.secret,
            create_time=now,
            expire_time=now + timedelta(days=60),
        )
        async with self.store.transaction() as transaction:
            await transaction.save_subscription(added)
        return added

    async def notify(self, added: Notification, user_id: int = ALICE) -> None:
        """Adds what the notifier adds in its transaction."""
        self.unread.add(user_id, added)
        now = self.clock.now()
        due = Schedule(digest_hour=None).due([notified(user_id, added)], now)
        async with self.store.transaction() as transaction:
            await transaction.add_due(due, now)

    async def send(self, after: timedelta | float = PUSH_AFTER) -> None:
        """Advances the clock, and sends what is due."""
        self.clock.advance(after)
        await self.worker.take()
        await self.worker.settle()

    async def send_until_it_hangs(
        self, after: timedelta | float = PUSH_AFTER, *, server: PushServer | None = None
    ) -> None:
        """Sends what is due, and ends the time of the messages that get no response."""
        self.clock.advance(after)
        await give_up(self.worker, server or self.server)

    def read(self, pushed: Pushed) -> Any:
        """The message that the device decrypts."""
        browser = self.browsers[int(pushed.path.removeprefix("/"))]
        return json.loads(browser.decrypt(pushed.body))

    def rows(self, device_id: int) -> list[DeliveryRow]:
        """The records of what was due to the device."""
        kept = self.store.database.tables.deliveries
        return [row for key, row in kept.items() if key[2] == device_id]

    def row(self, device_id: int = 1) -> DeliveryRow:
        """The record of the device's one delivery."""
        (row,) = self.rows(device_id)
        return row


@asynccontextmanager
async def working(
    configured: NotificationSettings,
    clock: ManualClock,
    deliveries: Any,
    unread: FakeUnread,
    names: FakeDisplayNames,
) -> AsyncIterator[Dispatcher]:
    rule = EndpointRule(loopback_allowed=configured.push_loopback_allowed)
    async with push.connect(
        vapid=vapid(configured, clock=clock), rule=rule, clock=clock
    ) as services:
        channel_sender = PushSender(
            store=deliveries,
            unread=unread,
            display_names=names,
            services=services,
            tokens=Tokens(master_key=configured.master_key),
            clock=clock,
        )
        yield Dispatcher(
            store=deliveries,
            senders={Channel.PUSH: channel_sender},
            clock=clock,
        )


@pytest.fixture
async def scenario(tmp_path: Path) -> AsyncIterator[Scenario]:
    clock = ManualClock(datetime.now(UTC))
    store = MemoryNotificationStore(clock=clock)
    deliveries = MemoryDeliveryStore(store.database)
    unread, names, configured = FakeUnread(), FakeDisplayNames(), settings(tmp_path)
    async with (
        push_server() as server,
        working(configured, clock, deliveries, unread, names) as worker,
    ):
        yield Scenario(configured, clock, server, unread, names, store, deliveries, worker)


async def give_up(worker: Dispatcher, server: PushServer) -> None:
    """Sends what is due. Once the server ignores all messages in flight, their time is over."""
    (lane,) = worker._workers
    before = server.ignored
    await worker.take()
    await eventually(lambda: len(lane._in_flight) == server.ignored - before)
    let_pass(push.SEND_SECONDS)
    await worker.settle()


def answering(*replies: Reply) -> Any:
    """These answers in turn; the last one repeats."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


async def test_the_device_and_nobody_else_reads_what_happened(scenario: Scenario) -> None:
    await scenario.device()
    await scenario.notify(notification(10, Kind.LIKE, 2, 3, 4))

    await scenario.send()

    (pushed,) = scenario.server.arrived
    assert b"Bob" not in pushed.body
    assert scenario.read(pushed) == {
        "type": "notification",
        "id": "10",
        "kind": "like",
        "post_id": "7",
        "user_ids": ["2", "3", "4"],
        "count": 3,
        "names": ["Bob", "@carol"],
        "title": "Bob and 2 others like your post",
    }


async def test_the_push_service_learns_who_sends_and_how_urgent_it_is(scenario: Scenario) -> None:
    await scenario.device()
    await scenario.notify(notification(10, Kind.LIKE))
    await scenario.notify(notification(11, Kind.MENTION))

    await scenario.send()

    headers = {scenario.read(each)["kind"]: each.headers for each in scenario.server.arrived}
    assert headers["like"]["urgency"] == "low"
    assert headers["mention"]["urgency"] == "normal"
    for each in headers.values():
        assert each["ttl"] == "86400"
        assert each["content-encoding"] == "aes128gcm"
    key = vapid(scenario.configured, clock=scenario.clock).public_key
    claims = scenario.server.arrived[0].claims(scenario.server.origin, key)
    assert claims["sub"] == scenario.configured.push_contact


async def test_it_waits_two_seconds_for_somebody_who_is_reading(scenario: Scenario) -> None:
    await scenario.device()
    await scenario.notify(notification(10))

    await scenario.send(after=1.9)
    early = list(scenario.server.arrived)
    scenario.unread.read(ALICE)
    await scenario.send(after=0.1)

    assert early == []
    assert scenario.server.arrived == []
    assert scenario.row().state is State.SKIPPED


async def test_likes_within_the_wait_are_one_message(scenario: Scenario) -> None:
    await scenario.device()
    await scenario.notify(notification(10, Kind.LIKE, 2))
    scenario.clock.advance(1)
    scenario.unread.read(ALICE)
    await scenario.notify(notification(11, Kind.LIKE, 3, 2))

    await scenario.send(after=1)
    await scenario.send(after=60)

    (pushed,) = scenario.server.arrived
    assert scenario.read(pushed)["title"] == "@carol and Bob like your post"


async def test_a_later_like_replaces_the_message_on_the_device(scenario: Scenario) -> None:
    await scenario.device()
    await scenario.notify(notification(10, Kind.LIKE, 2))
    await scenario.send()
    await scenario.notify(notification(11, Kind.LIKE, 3, 2))
    await scenario.notify(notification(12, Kind.LIKE, 2, post_id=8))

    await scenario.send()

    titles = [scenario.read(each)["title"] for each in scenario.server.arrived]
    assert titles[0] == "Bob likes your post"
    topics = {scenario.read(each)["id"]: each.topic for each in scenario.server.arrived}
    assert topics["10"] == topics["11"]
    assert topics["12"] != topics["10"]


async def test_every_device_of_the_user_gets_the_message_and_no_other(scenario: Scenario) -> None:
    await scenario.device()
    await scenario.device()
    await scenario.device(BOB)
    await scenario.notify(notification(10))

    await scenario.send()

    assert {each.path for each in scenario.server.arrived} == {"/1", "/2"}


@pytest.mark.parametrize("status", [404, 410])
async def test_a_device_that_is_gone_is_forgotten(scenario: Scenario, status: int) -> None:
    device, other = await scenario.device(), await scenario.device()
    scenario.server.reply = lambda pushed: (status if pushed.path == "/1" else 201, {})
    await scenario.notify(notification(10))

    await scenario.send()

    assert await scenario.deliveries.subscriptions(ALICE, scenario.clock.now()) == [other]
    assert (scenario.row(device.id).state, scenario.row(device.id).last_answer) == (
        State.FAILED,
        str(status),
    )
    assert scenario.row(other.id).state is State.SENT


async def test_a_busy_push_service_is_tried_again_after_its_retry_after(scenario: Scenario) -> None:
    await scenario.device()
    scenario.server.reply = answering((429, {"Retry-After": "120"}), (201, {}))
    await scenario.notify(notification(10))
    await scenario.send()

    await scenario.send(after=119)
    early = len(scenario.server.arrived)
    await scenario.send(after=1)

    assert (early, len(scenario.server.arrived)) == (1, 2)
    assert (scenario.row().state, scenario.row().attempts) == (State.SENT, 2)


async def test_a_date_to_come_back_at_is_understood(scenario: Scenario) -> None:
    await scenario.device()
    moment = (scenario.clock.now() + timedelta(minutes=10)).replace(microsecond=0)
    scenario.server.reply = answering(
        (503, {"Retry-After": format_datetime(moment, usegmt=True)}), (201, {})
    )
    await scenario.notify(notification(10))
    await scenario.send()

    assert scenario.row().due_time == moment


async def test_failures_are_followed_by_success(scenario: Scenario) -> None:
    await scenario.device()
    scenario.server.reply = answering((500, {}), (502, {}), (201, {}))
    await scenario.notify(notification(10))

    await scenario.send()
    await scenario.send(after=7)
    await scenario.send(after=13)

    assert len(scenario.server.arrived) == 3
    assert len({each.topic for each in scenario.server.arrived}) == 1
    assert (scenario.row().state, scenario.row().last_answer) == (State.SENT, "201")


async def test_what_always_fails_is_given_up(scenario: Scenario) -> None:
    await scenario.device()
    scenario.server.reply = lambda _: (503, {})
    await scenario.notify(notification(10))

    for _ in range(MAX_ATTEMPTS + 3):
        await scenario.send(after=timedelta(minutes=80))

    assert scenario.row().state is State.FAILED
    assert len(scenario.server.arrived) <= MAX_ATTEMPTS


@pytest.mark.parametrize("status", [301, 400, 401, 403, 413])
async def test_what_is_refused_for_good_is_not_sent_again(scenario: Scenario, status: int) -> None:
    device = await scenario.device()
    scenario.server.reply = lambda _: (status, {"Location": f"{scenario.server.origin}/other"})
    await scenario.notify(notification(10))

    await scenario.send()
    await scenario.send(after=timedelta(hours=2))

    assert len(scenario.server.arrived) == 1
    assert (scenario.row().state, scenario.row().last_answer) == (State.FAILED, str(status))
    assert await scenario.deliveries.subscriptions(ALICE, scenario.clock.now()) == [device]


async def test_a_receiver_that_hangs_is_left_and_tried_again(scenario: Scenario) -> None:
    await scenario.device()
    await scenario.device()
    scenario.server.reply = lambda pushed: None if pushed.path == "/1" else (201, {})
    await scenario.notify(notification(10))

    await scenario.send_until_it_hangs()

    assert (scenario.row(1).state, scenario.row(1).last_answer) == (State.DUE, "timeout")
    assert scenario.row(2).state is State.SENT


async def test_a_receiver_that_hangs_leaves_the_others_room(scenario: Scenario) -> None:
    most = CAPACITIES[Channel.PUSH].receiver
    async with push_server(host="127.0.0.2") as tarpit:
        tarpit.reply = lambda _: None
        for number in range(most + 5):
            await scenario.device(number + 1, endpoint=f"{tarpit.origin}/{number}")
            await scenario.notify(notification(number + 1), number + 1)
        await scenario.device()
        await scenario.notify(notification(100))

        await scenario.send_until_it_hangs(server=tarpit)

        assert len(scenario.server.arrived) == 1
        assert len(tarpit.arrived) == most
        answers = Counter(
            row.last_answer for row in scenario.store.database.tables.deliveries.values()
        )
        assert answers == {"timeout": most, "busy": 5, "201": 1}


async def test_a_device_that_never_answers_is_tried_at_growing_intervals(
    scenario: Scenario,
) -> None:
    device = await scenario.device()
    scenario.server.reply = lambda _: None
    for number in range(10):
        await scenario.notify(notification(10 + number, post_id=number))

    pauses = []
    for timeouts in range(1, 5):
        await scenario.send_until_it_hangs(after=timedelta(hours=1))
        (found,) = await scenario.deliveries.subscriptions(ALICE, scenario.clock.now())
        assert found.timeouts == timeouts
        pauses.append(found.pause_until and found.pause_until - scenario.clock.now())
    requested = len(scenario.server.arrived)
    await scenario.send(after=timedelta(minutes=1))

    half_a_minute = timedelta(seconds=30)
    assert pauses == [None, half_a_minute, 2 * half_a_minute, 4 * half_a_minute]
    assert requested == 4 * CAPACITIES[Channel.PUSH].user
    assert len(scenario.server.arrived) == requested
    assert {row.due_time for row in scenario.rows(device.id) if row.last_answer == ""} == {
        found.pause_until
    }


async def test_a_paused_device_delays_no_other_of_the_user(scenario: Scenario) -> None:
    await scenario.device()
    await scenario.device()
    scenario.server.reply = lambda pushed: None if pushed.path == "/1" else (201, {})
    for number in range(3):
        await scenario.notify(notification(10 + number))
        await scenario.send_until_it_hangs(after=timedelta(hours=1))

    assert len(scenario.server.at("/2")) == 3


async def test_a_device_that_answers_again_is_paused_no_more(scenario: Scenario) -> None:
    await scenario.device()
    scenario.server.reply = answering(None, None, (500, {}), (201, {}))
    await scenario.notify(notification(10))

    for _ in range(4):
        await scenario.send_until_it_hangs(after=timedelta(hours=1))

    (found,) = await scenario.deliveries.subscriptions(ALICE, scenario.clock.now())
    assert (found.timeouts, found.pause_until) == (0, None)
    assert scenario.row().state is State.SENT


async def test_one_address_has_a_share_whatever_names_lead_to_it(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "MAX_CONNECTIONS_PER_ADDRESS", 3)
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
    names = ["127.0.0.1", "localhost"]
    limited = settings(tmp_path)
    async with working(
        limited, scenario.clock, scenario.deliveries, scenario.unread, scenario.names
    ) as worker:
        scenario.server.reply = lambda _: None
        port = scenario.server.address.rpartition(":")[2]
        for number in range(6):
            await scenario.device(
                number + 1, endpoint=f"http://{names[number % 2]}:{port}/{number}"
            )
            await scenario.notify(notification(number + 1), number + 1)
        scenario.clock.advance(PUSH_AFTER)
        await give_up(worker, scenario.server)

    answers = Counter(row.last_answer for row in scenario.store.database.tables.deliveries.values())
    assert answers == {"timeout": 3, "busy": 3}


async def test_nobody_there_is_tried_again(scenario: Scenario) -> None:
    await scenario.device(endpoint="http://127.0.0.1:9/1")
    await scenario.notify(notification(10))

    await scenario.send()

    assert (scenario.row().state, scenario.row().last_answer) == (State.DUE, "ConnectError")


async def strictly(scenario: Scenario, tmp_path: Path) -> None:
    """Sends by a worker that may not push to loopback."""
    strict = settings(tmp_path, push_loopback_allowed=False)
    scenario.clock.advance(PUSH_AFTER)
    async with working(
        strict, scenario.clock, scenario.deliveries, scenario.unread, scenario.names
    ) as worker:
        await worker.take()
        await worker.settle()


async def test_an_endpoint_of_an_earlier_rule_is_sent_nothing(
    scenario: Scenario, tmp_path: Path
) -> None:
    await scenario.device(endpoint=f"{scenario.server.origin}/1")
    await scenario.notify(notification(10))

    await strictly(scenario, tmp_path)

    assert scenario.server.arrived == []
    assert (scenario.row().state, scenario.row().last_answer) == (State.FAILED, "endpoint refused")


async def test_a_name_that_leads_inside_is_sent_nothing(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    await scenario.device(endpoint="https://push.example/1")
    await scenario.notify(notification(10))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: inside)

    await strictly(scenario, tmp_path)

    assert (scenario.row().state, scenario.row().last_answer) == (State.FAILED, "address refused")


async def test_while_nobody_knows_the_names_nothing_goes_out(scenario: Scenario) -> None:
    await scenario.device()
    await scenario.notify(notification(10))
    scenario.names.away = True

    await scenario.send()
    early = list(scenario.server.arrived)
    scenario.names.away = False
    await scenario.send(after=LEASE)

    assert early == []
    assert scenario.read(scenario.server.arrived[0])["title"] == "Bob likes your post"


class Dying:
    """A store that records nothing, as if the worker had died before."""

    def __init__(self, store: MemoryDeliveryStore[Any]) -> None:
        self._store = store
        self.reached = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def record(self, *_: object) -> None:
        self.reached.set()
        await asyncio.Event().wait()


async def test_a_worker_that_dies_after_sending_costs_one_more_message_of_the_topic(
    scenario: Scenario,
) -> None:
    await scenario.device()
    await scenario.notify(notification(10))
    scenario.clock.advance(PUSH_AFTER)
    dying = Dying(scenario.deliveries)
    async with working(
        scenario.configured, scenario.clock, dying, scenario.unread, scenario.names
    ) as worker:
        await worker.take()
        await dying.reached.wait()
        (lane,) = worker._workers
        for each in list(lane._in_flight):
            each.cancel()
        await worker.settle()

    await scenario.send(after=1)
    in_between = len(scenario.server.arrived)
    await scenario.send(after=LEASE)
    await scenario.send(after=timedelta(hours=1))

    assert in_between == 1
    first, second = scenario.server.arrived
    assert first.topic == second.topic
    assert scenario.read(first) == scenario.read(second)
    assert scenario.row().state is State.SENT


async def test_a_worker_that_is_cancelled_finishes_messages_in_flight(
    scenario: Scenario,
) -> None:
    await scenario.device()
    await scenario.notify(notification(10))
    scenario.clock.advance(PUSH_AFTER)
    arrived, go_on = asyncio.Event(), asyncio.Event()
    result = scenario.server.serve

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await go_on.wait()
        await result(reader, writer)

    server = await asyncio.start_server(slowly, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await scenario.device(BOB, endpoint=f"http://127.0.0.1:{port}/2")
    await scenario.notify(notification(20), BOB)
    scenario.clock.advance(PUSH_AFTER)
    running = asyncio.create_task(scenario.worker.run())
    await arrived.wait()

    running.cancel()
    await asyncio.sleep(0)
    stopped_early = running.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert not stopped_early
    assert scenario.row(2).state is State.SENT
    server.close()


async def test_quiet_hours_hold_pushes_until_they_end_one_for_each_topic(
    scenario: Scenario,
) -> None:
    await scenario.device()
    scenario.unread.quiet[ALICE] = scenario.clock.now() + timedelta(hours=8)
    await scenario.notify(notification(10, Kind.LIKE, 2))
    await scenario.send()
    held = scenario.row()
    scenario.clock.advance(timedelta(hours=7))
    scenario.unread.read(ALICE)
    await scenario.notify(notification(11, Kind.LIKE, 3, 2))
    await scenario.send()
    silent = list(scenario.server.arrived)

    scenario.unread.quiet.clear()
    await scenario.send(after=timedelta(hours=1))

    assert silent == []
    assert (held.state, held.last_answer, held.attempts) == (State.DUE, "paused", 0)
    assert [scenario.read(each)["id"] for each in scenario.server.arrived] == ["11"]


async def test_what_was_read_in_quiet_hours_is_not_pushed_when_they_end(scenario: Scenario) -> None:
    await scenario.device()
    scenario.unread.quiet[ALICE] = scenario.clock.now() + timedelta(hours=8)
    await scenario.notify(notification(10))
    await scenario.send()
    scenario.unread.read(ALICE)
    scenario.unread.quiet.clear()

    await scenario.send(after=timedelta(hours=8))

    assert scenario.server.arrived == []
    assert scenario.row().state is State.SKIPPED


async def test_a_push_that_is_tried_again_waits_for_quiet_hours_too(scenario: Scenario) -> None:
    await scenario.device()
    scenario.server.reply = answering((503, {}), (201, {}))
    await scenario.notify(notification(10))
    await scenario.send()
    scenario.unread.quiet[ALICE] = scenario.clock.now() + timedelta(hours=8)
    await scenario.send(after=timedelta(minutes=1))
    tried = len(scenario.server.arrived)
    scenario.unread.quiet.clear()

    await scenario.send(after=timedelta(hours=8))

    assert (tried, len(scenario.server.arrived)) == (1, 2)
    assert scenario.row().state is State.SENT


async def test_quiet_hours_of_one_person_hold_nobody_else(scenario: Scenario) -> None:
    await scenario.device(ALICE)
    await scenario.device(BOB)
    scenario.unread.quiet[ALICE] = scenario.clock.now() + timedelta(hours=8)
    await scenario.notify(notification(10), ALICE)
    await scenario.notify(notification(11), BOB)

    await scenario.send()

    assert [scenario.read(each)["id"] for each in scenario.server.arrived] == ["11"]

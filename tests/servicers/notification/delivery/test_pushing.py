"""What is due reaches real receivers on loopback, whatever they answer."""

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
from services.delivery.domain.channel_senders import PushCarrier
from services.delivery.domain.channel_worker import CAPACITIES, LEASE
from services.delivery.domain.dispatch import Dispatcher
from services.delivery.domain.endpoints import EndpointRule
from services.delivery.domain.model import Channel, PushSubscription, State
from services.delivery.domain.retries import MAX_ATTEMPTS
from services.delivery.domain.schedule import PUSH_AFTER, Schedule, Told
from services.delivery.domain.tokens import Tokens
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.domain.model import Group, Kind
from services.notification.settings import NotificationSettings
from tests.builders.notifications import Inbox, Names, group, settings
from tests.push import Browser, Pushed, PushServer, Reply, push_server

ALICE, BOB = 1001, 1002


@dataclass
class World:
    """Devices, a push service, and a worker that sends."""

    told: NotificationSettings
    clock: ManualClock
    server: PushServer
    inbox: Inbox
    names: Names
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

    async def tell(self, told: Group, user_id: int = ALICE) -> None:
        """As the service does in the transaction that tells somebody."""
        self.inbox.tell(user_id, told)
        now = self.clock.now()
        due = Schedule(digest_hour=None).due([Told(user_id, told, True)], now)
        async with self.store.transaction() as transaction:
            await transaction.add_due(due, now)

    async def send(self, after: timedelta | float = PUSH_AFTER) -> None:
        """Lets time pass, and has the worker do what is due then."""
        self.clock.advance(after)
        await self.worker.take()
        await self.worker.settle()

    def read(self, pushed: Pushed) -> Any:
        """What the device shows."""
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
    told: NotificationSettings, clock: ManualClock, deliveries: Any, inbox: Inbox, names: Names
) -> AsyncIterator[Dispatcher]:
    rule = EndpointRule(loopback_allowed=told.push_loopback_allowed)
    async with push.connect(vapid=vapid(told, clock=clock), rule=rule, clock=clock) as services:
        carrier = PushCarrier(
            store=deliveries,
            unread=inbox,
            people=names,
            services=services,
            tokens=Tokens(master_key=told.master_key),
            clock=clock,
        )
        yield Dispatcher(
            store=deliveries,
            carriers={Channel.PUSH: carrier},
            clock=clock,
        )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = ManualClock(datetime.now(UTC))
    store = MemoryNotificationStore(clock=clock)
    deliveries = MemoryDeliveryStore(store.database)
    inbox, names, told = Inbox(), Names(), settings(tmp_path)
    async with (
        push_server() as server,
        working(told, clock, deliveries, inbox, names) as worker,
    ):
        yield World(told, clock, server, inbox, names, store, deliveries, worker)


def answering(*replies: Reply) -> Any:
    """These answers in turn, the last one for good."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


async def test_the_device_and_nobody_else_reads_what_happened(world: World) -> None:
    await world.device()
    await world.tell(group(10, Kind.LIKE, 2, 3, 4))

    await world.send()

    (pushed,) = world.server.arrived
    assert b"Bob" not in pushed.body
    assert world.read(pushed) == {
        "type": "notification",
        "id": "10",
        "kind": "like",
        "post_id": "7",
        "user_ids": ["2", "3", "4"],
        "count": 3,
        "title": "Bob and 2 others like your post",
    }


async def test_the_push_service_learns_who_sends_and_how_urgent_it_is(world: World) -> None:
    await world.device()
    await world.tell(group(10, Kind.LIKE))
    await world.tell(group(11, Kind.MENTION))

    await world.send()

    headers = {world.read(each)["kind"]: each.headers for each in world.server.arrived}
    assert headers["like"]["urgency"] == "low"
    assert headers["mention"]["urgency"] == "normal"
    for each in headers.values():
        assert each["ttl"] == "86400"
        assert each["content-encoding"] == "aes128gcm"
    key = vapid(world.told, clock=world.clock).public_key
    claims = world.server.arrived[0].claims(world.server.origin, key)
    assert claims["sub"] == world.told.push_contact


async def test_it_waits_two_seconds_for_somebody_who_is_reading(world: World) -> None:
    await world.device()
    await world.tell(group(10))

    await world.send(after=1.9)
    early = list(world.server.arrived)
    world.inbox.read(ALICE)
    await world.send(after=0.1)

    assert early == []
    assert world.server.arrived == []
    assert world.row().state is State.MOOT


async def test_likes_within_the_wait_are_one_message(world: World) -> None:
    await world.device()
    await world.tell(group(10, Kind.LIKE, 2))
    world.clock.advance(1)
    world.inbox.read(ALICE)
    await world.tell(group(11, Kind.LIKE, 3, 2))

    await world.send(after=1)
    await world.send(after=60)

    (pushed,) = world.server.arrived
    assert world.read(pushed)["title"] == "@carol and Bob like your post"


async def test_a_later_like_replaces_the_message_on_the_device(world: World) -> None:
    await world.device()
    await world.tell(group(10, Kind.LIKE, 2))
    await world.send()
    await world.tell(group(11, Kind.LIKE, 3, 2))
    await world.tell(group(12, Kind.LIKE, 2, post_id=8))

    await world.send()

    titles = [world.read(each)["title"] for each in world.server.arrived]
    assert titles[0] == "Bob likes your post"
    topics = {world.read(each)["id"]: each.topic for each in world.server.arrived}
    assert topics["10"] == topics["11"]
    assert topics["12"] != topics["10"]


async def test_every_device_of_a_person_is_told_and_nobody_elses(world: World) -> None:
    await world.device()
    await world.device()
    await world.device(BOB)
    await world.tell(group(10))

    await world.send()

    assert {each.path for each in world.server.arrived} == {"/1", "/2"}


@pytest.mark.parametrize("status", [404, 410])
async def test_a_device_that_is_gone_is_forgotten(world: World, status: int) -> None:
    device, other = await world.device(), await world.device()
    world.server.reply = lambda pushed: (status if pushed.path == "/1" else 201, {})
    await world.tell(group(10))

    await world.send()

    assert await world.deliveries.subscriptions(ALICE, world.clock.now()) == [other]
    assert (world.row(device.id).state, world.row(device.id).last_answer) == (
        State.FAILED,
        str(status),
    )
    assert world.row(other.id).state is State.SENT


async def test_a_busy_push_service_is_asked_again_when_it_says(world: World) -> None:
    await world.device()
    world.server.reply = answering((429, {"Retry-After": "120"}), (201, {}))
    await world.tell(group(10))
    await world.send()

    await world.send(after=119)
    early = len(world.server.arrived)
    await world.send(after=1)

    assert (early, len(world.server.arrived)) == (1, 2)
    assert (world.row().state, world.row().attempts) == (State.SENT, 2)


async def test_a_date_to_come_back_at_is_understood(world: World) -> None:
    await world.device()
    moment = (world.clock.now() + timedelta(minutes=10)).replace(microsecond=0)
    world.server.reply = answering(
        (503, {"Retry-After": format_datetime(moment, usegmt=True)}), (201, {})
    )
    await world.tell(group(10))
    await world.send()

    assert world.row().due_time == moment


async def test_failures_are_followed_by_success(world: World) -> None:
    await world.device()
    world.server.reply = answering((500, {}), (502, {}), (201, {}))
    await world.tell(group(10))

    await world.send()
    await world.send(after=7)
    await world.send(after=13)

    assert len(world.server.arrived) == 3
    assert len({each.topic for each in world.server.arrived}) == 1
    assert (world.row().state, world.row().last_answer) == (State.SENT, "201")


async def test_what_always_fails_is_given_up(world: World) -> None:
    await world.device()
    world.server.reply = lambda _: (503, {})
    await world.tell(group(10))

    for _ in range(MAX_ATTEMPTS + 3):
        await world.send(after=timedelta(minutes=80))

    assert world.row().state is State.FAILED
    assert len(world.server.arrived) <= MAX_ATTEMPTS


@pytest.mark.parametrize("status", [301, 400, 401, 403, 413])
async def test_what_is_refused_for_good_is_not_sent_again(world: World, status: int) -> None:
    device = await world.device()
    world.server.reply = lambda _: (status, {"Location": f"{world.server.origin}/other"})
    await world.tell(group(10))

    await world.send()
    await world.send(after=timedelta(hours=2))

    assert len(world.server.arrived) == 1
    assert (world.row().state, world.row().last_answer) == (State.FAILED, str(status))
    assert await world.deliveries.subscriptions(ALICE, world.clock.now()) == [device]


async def test_a_receiver_that_hangs_is_left_and_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "SEND_SECONDS", 0.2)
    await world.device()
    await world.device()
    world.server.reply = lambda pushed: None if pushed.path == "/1" else (201, {})
    await world.tell(group(10))

    await world.send()

    assert (world.row(1).state, world.row(1).last_answer) == (State.DUE, "timeout")
    assert world.row(2).state is State.SENT


async def test_a_receiver_that_hangs_leaves_the_others_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "SEND_SECONDS", 0.5)
    most = CAPACITIES[Channel.PUSH].receiver
    async with push_server(host="127.0.0.2") as tarpit:
        tarpit.reply = lambda _: None
        for number in range(most + 5):
            await world.device(number + 1, endpoint=f"{tarpit.origin}/{number}")
            await world.tell(group(number + 1), number + 1)
        await world.device()
        await world.tell(group(100))

        await world.send()

        assert len(world.server.arrived) == 1
        assert len(tarpit.arrived) == most
        answers = Counter(
            row.last_answer for row in world.store.database.tables.deliveries.values()
        )
        assert answers == {"timeout": most, "busy": 5, "201": 1}


async def test_a_device_that_never_answers_is_asked_less_and_less(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "SEND_SECONDS", 0.1)
    device = await world.device()
    world.server.reply = lambda _: None
    for number in range(10):
        await world.tell(group(10 + number, post_id=number))

    pauses = []
    for timeouts in range(1, 5):
        await world.send(after=timedelta(hours=1))
        (found,) = await world.deliveries.subscriptions(ALICE, world.clock.now())
        assert found.timeouts == timeouts
        pauses.append(found.pause_until and found.pause_until - world.clock.now())
    asked = len(world.server.arrived)
    await world.send(after=timedelta(minutes=1))

    half_a_minute = timedelta(seconds=30)
    assert pauses == [None, half_a_minute, 2 * half_a_minute, 4 * half_a_minute]
    assert asked == 4 * CAPACITIES[Channel.PUSH].person
    assert len(world.server.arrived) == asked
    assert {row.due_time for row in world.rows(device.id) if row.last_answer == ""} == {
        found.pause_until
    }


async def test_a_paused_device_holds_up_no_other_of_the_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "SEND_SECONDS", 1.0)
    await world.device()
    await world.device()
    world.server.reply = lambda pushed: None if pushed.path == "/1" else (201, {})
    for number in range(3):
        await world.tell(group(10 + number))
        await world.send(after=timedelta(hours=1))

    assert len(world.server.at("/2")) == 3


async def test_a_device_that_answers_again_is_paused_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "SEND_SECONDS", 1.0)
    await world.device()
    world.server.reply = answering(None, None, (500, {}), (201, {}))
    await world.tell(group(10))

    for _ in range(4):
        await world.send(after=timedelta(hours=1))

    (found,) = await world.deliveries.subscriptions(ALICE, world.clock.now())
    assert (found.timeouts, found.pause_until) == (0, None)
    assert world.row().state is State.SENT


async def test_one_address_has_a_share_whatever_names_lead_to_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "SEND_SECONDS", 0.5)
    monkeypatch.setattr(push, "AT_ONE_ADDRESS", 3)
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
    names = ["127.0.0.1", "localhost"]
    limited = settings(tmp_path)
    async with working(limited, world.clock, world.deliveries, world.inbox, world.names) as worker:
        world.server.reply = lambda _: None
        port = world.server.address.rpartition(":")[2]
        for number in range(6):
            await world.device(number + 1, endpoint=f"http://{names[number % 2]}:{port}/{number}")
            await world.tell(group(number + 1), number + 1)
        world.clock.advance(PUSH_AFTER)
        await worker.take()
        await worker.settle()

    answers = Counter(row.last_answer for row in world.store.database.tables.deliveries.values())
    assert answers == {"timeout": 3, "busy": 3}


async def test_nobody_there_is_tried_again(world: World) -> None:
    await world.device(endpoint="http://127.0.0.1:9/1")
    await world.tell(group(10))

    await world.send()

    assert (world.row().state, world.row().last_answer) == (State.DUE, "ConnectError")


async def strictly(world: World, tmp_path: Path) -> None:
    """Has what is due sent by a worker that may not push to this machine."""
    strict = settings(tmp_path, push_loopback_allowed=False)
    world.clock.advance(PUSH_AFTER)
    async with working(strict, world.clock, world.deliveries, world.inbox, world.names) as worker:
        await worker.take()
        await worker.settle()


async def test_an_endpoint_of_an_earlier_rule_is_sent_nothing(world: World, tmp_path: Path) -> None:
    await world.device(endpoint=f"{world.server.origin}/1")
    await world.tell(group(10))

    await strictly(world, tmp_path)

    assert world.server.arrived == []
    assert (world.row().state, world.row().last_answer) == (State.FAILED, "endpoint refused")


async def test_a_name_that_leads_inside_is_sent_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    await world.device(endpoint="https://push.example/1")
    await world.tell(group(10))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: inside)

    await strictly(world, tmp_path)

    assert (world.row().state, world.row().last_answer) == (State.FAILED, "address refused")


async def test_while_nobody_knows_the_names_nothing_goes_out(world: World) -> None:
    await world.device()
    await world.tell(group(10))
    world.names.away = True

    await world.send()
    early = list(world.server.arrived)
    world.names.away = False
    await world.send(after=LEASE)

    assert early == []
    assert world.read(world.server.arrived[0])["title"] == "Bob likes your post"


class Dying:
    """A store that a worker dies before: nothing is noted of what it sent."""

    def __init__(self, store: MemoryDeliveryStore[Any]) -> None:
        self._store = store
        self.reached = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def record(self, *_: object) -> None:
        self.reached.set()
        await asyncio.Event().wait()


async def test_a_worker_that_dies_after_sending_costs_one_more_message_of_the_topic(
    world: World,
) -> None:
    await world.device()
    await world.tell(group(10))
    world.clock.advance(PUSH_AFTER)
    dying = Dying(world.deliveries)
    async with working(world.told, world.clock, dying, world.inbox, world.names) as worker:
        await worker.take()
        await dying.reached.wait()
        (lane,) = worker._lanes
        for each in list(lane._under_way):
            each.cancel()
        await worker.settle()

    await world.send(after=1)
    meanwhile = len(world.server.arrived)
    await world.send(after=LEASE)
    await world.send(after=timedelta(hours=1))

    assert meanwhile == 1
    first, second = world.server.arrived
    assert first.topic == second.topic
    assert world.read(first) == world.read(second)
    assert world.row().state is State.SENT


async def test_a_worker_that_is_told_to_stop_finishes_what_it_has_in_hand(
    world: World,
) -> None:
    await world.device()
    await world.tell(group(10))
    world.clock.advance(PUSH_AFTER)
    arrived, go_on = asyncio.Event(), asyncio.Event()
    answer = world.server.serve

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await go_on.wait()
        await answer(reader, writer)

    server = await asyncio.start_server(slowly, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await world.device(BOB, endpoint=f"http://127.0.0.1:{port}/2")
    await world.tell(group(20), BOB)
    world.clock.advance(PUSH_AFTER)
    running = asyncio.create_task(world.worker.run())
    await arrived.wait()

    running.cancel()
    await asyncio.sleep(0)
    stopped_early = running.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert not stopped_early
    assert world.row(2).state is State.SENT
    server.close()


async def test_quiet_hours_hold_pushes_until_they_end_one_for_each_topic(world: World) -> None:
    await world.device()
    world.inbox.quiet[ALICE] = world.clock.now() + timedelta(hours=8)
    await world.tell(group(10, Kind.LIKE, 2))
    await world.send()
    held = world.row()
    world.clock.advance(timedelta(hours=7))
    world.inbox.read(ALICE)
    await world.tell(group(11, Kind.LIKE, 3, 2))
    await world.send()
    silent = list(world.server.arrived)

    world.inbox.quiet.clear()
    await world.send(after=timedelta(hours=1))

    assert silent == []
    assert (held.state, held.last_answer, held.attempts) == (State.DUE, "paused", 0)
    assert [world.read(each)["id"] for each in world.server.arrived] == ["11"]


async def test_what_was_read_in_quiet_hours_is_not_pushed_when_they_end(world: World) -> None:
    await world.device()
    world.inbox.quiet[ALICE] = world.clock.now() + timedelta(hours=8)
    await world.tell(group(10))
    await world.send()
    world.inbox.read(ALICE)
    world.inbox.quiet.clear()

    await world.send(after=timedelta(hours=8))

    assert world.server.arrived == []
    assert world.row().state is State.MOOT


async def test_a_push_that_is_tried_again_waits_for_quiet_hours_too(world: World) -> None:
    await world.device()
    world.server.reply = answering((503, {}), (201, {}))
    await world.tell(group(10))
    await world.send()
    world.inbox.quiet[ALICE] = world.clock.now() + timedelta(hours=8)
    await world.send(after=timedelta(minutes=1))
    tried = len(world.server.arrived)
    world.inbox.quiet.clear()

    await world.send(after=timedelta(hours=8))

    assert (tried, len(world.server.arrived)) == (1, 2)
    assert world.row().state is State.SENT


async def test_quiet_hours_of_one_person_hold_nobody_else(world: World) -> None:
    await world.device(ALICE)
    await world.device(BOB)
    world.inbox.quiet[ALICE] = world.clock.now() + timedelta(hours=8)
    await world.tell(group(10), ALICE)
    await world.tell(group(11), BOB)

    await world.send()

    assert [world.read(each)["id"] for each in world.server.arrived] == ["11"]

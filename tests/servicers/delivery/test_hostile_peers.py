"""Hostile registrations and answers end neither the dispatcher nor other deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.headerregistry import Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from services.chassis.runtime.clock import ManualClock
from services.delivery import compose
from services.delivery.adapters import push
from services.delivery.adapters.mail import MailServer, SmtpMailer
from services.delivery.adapters.memory import DeliveryRow, MemoryDeliveryStore
from services.delivery.domain.emails import Sender, code_email
from services.delivery.domain.model import (
    Channel,
    Due,
    MailAddress,
    PushSubscription,
    SendResult,
    State,
)
from services.delivery.worker.dispatch import Dispatcher
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.domain.model import Kind
from tests.builders.notifications import NOON, FakeDisplayNames, FakeUnread, notification, settings
from tests.push import Browser

GOOD, HOSTILE = 1001, 2001
GOOD_ADDRESS, HOSTILE_ADDRESS = "good@mail.example", "hostile@mail.example"
LIMITS = hypothesis_settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SET_ASIDE = "roost_delivery_failures_total"

_TEXT = st.text(st.characters(codec=None), max_size=60)
_NEAR = st.sampled_from(
    [
        "=?utf-8?q??=@b.co",
        "=?utf-8?q?=E0?=@b.co",
        "a@b\r\nBcc: c@d.example",
        "\0",
        "\udcff",
        "a" * 100_000,
        "Bob\r\n\r\n<script>",
        "\u202e\u2066",
    ]
)
TEXTS = _TEXT | _NEAR
KEYS = st.binary(max_size=80) | st.sampled_from([b"", b"\0" * 65, b"\4" + b"\xff" * 64, b"\4" * 65])
ENDPOINTS = TEXTS | st.sampled_from(
    ["http://[", "https://127.0.0.1:99999/", "http://localhost:0", "https://" + "a." * 200 + "b"]
)

_HEADER_VALUES = st.binary(max_size=80) | st.sampled_from(
    [
        b"Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        b"Fri, 31 Dec 9999 23:59:59 -2359",
        b"9" * 500,
        b"-1",
        b"\0",
        b"\xff\xfe",
        b"x" * 70_000,
    ]
)
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"Retry-After", b"Location", b"Content-Length", b"Transfer-Encoding", b"Connection"]
        )
        | st.binary(max_size=10),
        _HEADER_VALUES,
    ),
    max_size=4,
)


@st.composite
def http_answers(draw: st.DrawFn) -> bytes:
    """Almost valid and invalid HTTP/1.1 responses."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=200))
    status = draw(st.integers(-1, 1_100).map(lambda n: str(n).encode()) | st.binary(max_size=5))
    lines = [b"HTTP/1.1 " + status + b" " + draw(st.binary(max_size=20))]
    lines += [name + b": " + value for name, value in draw(_HEADERS)]
    body = draw(st.binary(max_size=100) | st.just(b"x" * 200_000))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


SMTP_REPLIES = st.binary(max_size=100) | st.builds(
    lambda code, sign, text: code + sign + text + b"\r\n",
    st.integers(-1, 1_000).map(lambda n: str(n).encode()) | st.sampled_from([b"2x0", b"", b"250 "]),
    st.sampled_from([b" ", b"-", b""]),
    st.binary(max_size=60) | st.sampled_from([b"\0", b"\xed\xa0\x80", b"x" * 20_000]),
)


@asynccontextmanager
async def served(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any],
) -> AsyncIterator[int]:
    """The port of a server on loopback, which runs for the duration of the block."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@dataclass
class PushService:
    """Accepts messages at /good, and sends the answers of the test to all others."""

    answers: list[bytes]
    taken: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        await reader.readexactly(int(length.partition(b":")[2]))
        path = head.split(b" ")[1]
        if path == b"/good":
            self.taken += 1
            writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")
        else:
            writer.write(self.answers[int(path[1:])])


@dataclass
class MailService:
    """Accepts emails to the good address, and sends the replies of the test for all others."""

    replies: list[bytes]
    # Whether the greeting is one of the replies too.
    hostile_greeting: bool = False
    taken: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hostile = self.hostile_greeting
        to = b""
        if not hostile:
            writer.write(b"220 mail.test\r\n")
        while not hostile and (line := await reader.readline()):
            command = line[:4].upper()
            if command == b"RCPT" and GOOD_ADDRESS.encode() not in line:
                hostile = True
            elif command == b"RCPT":
                to = line
                writer.write(b"250 OK\r\n")
            elif command == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                self.taken.append(to)
                writer.write(b"250 OK\r\n")
            else:
                writer.write(b"250 OK\r\n")
        # All replies at once, then the end of the connection: no client waits for the rest.
        writer.write(b"".join(self.replies) if hostile else b"")


@dataclass
class Scenario:
    """A good and a hostile receiver on each channel, and a dispatcher with real senders."""

    clock: ManualClock
    notifications: MemoryNotificationStore
    names: FakeDisplayNames
    unread: FakeUnread
    dispatcher: Dispatcher
    browser: Browser

    async def device(self, user_id: int, number: int, endpoint: str, **keys: bytes) -> None:
        now = self.clock.now()
        usual = {"key": self.browser.key, "secret": self.browser.secret}
        added = PushSubscription(
            id=number,
            user_id=user_id,
            session_id=1,
            endpoint=endpoint,
            create_time=now,
            expire_time=now + timedelta(days=1),
            **(usual | keys),
        )
        async with self.notifications.transaction() as transaction:
            await transaction.save_subscription(added)
        await self.due(user_id, Channel.PUSH)

    async def address(self, user_id: int, address: str, channel: Channel) -> None:
        added = MailAddress(
            user_id=user_id,
            address=address,
            confirmed=channel is Channel.DIGEST,
            code_nonce=b"nonce",
            code_expire_time=self.clock.now() + timedelta(hours=1),
        )
        async with self.notifications.transaction() as transaction:
            await transaction.save_address(added)
        await self.due(user_id, channel)

    async def due(self, user_id: int, channel: Channel, actor: int = 2) -> None:
        self.unread.add(user_id, notification(10, Kind.LIKE, actor))
        self.unread.digests.add(user_id)
        now = self.clock.now()
        due = Due(user_id=user_id, channel=channel, topic="T", version=10, due_time=now)
        async with self.notifications.transaction() as transaction:
            await transaction.add_due([due], now)

    async def send(self) -> None:
        while await self.dispatcher.take():
            await self.dispatcher.settle()

    def rows(self, user_ids: range) -> list[DeliveryRow]:
        kept = self.notifications.database.tables.deliveries
        return [row for key, row in kept.items() if key[0] in user_ids]


@asynccontextmanager
async def scenario(folder: Path, mail_port: int) -> AsyncIterator[Scenario]:
    configured = settings(folder, smtp_url=f"smtp://127.0.0.1:{mail_port}")
    clock = ManualClock()
    notifications = MemoryNotificationStore(clock=clock)
    deliveries = MemoryDeliveryStore(notifications.database)
    unread, names = FakeUnread(), FakeDisplayNames()
    async with push.connect(
        vapid=compose.vapid(configured, clock=clock),
        rule=compose.endpoint_rule(configured),
        clock=clock,
    ) as services:
        senders = compose.senders(
            configured,
            store=deliveries,
            unread=unread,
            display_names=names,
            services=services,
            clock=clock,
        )
        dispatcher = Dispatcher(store=deliveries, senders=senders, clock=clock)
        yield Scenario(clock, notifications, names, unread, dispatcher, Browser())


def set_aside() -> float:
    """The number of failures so far, on all channels."""
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == SET_ASIDE
    )


def check_hostile(rows: list[DeliveryRow], counted: float) -> None:
    """Each row has a plain result, and failures by an error of our own are counted."""
    faults = 0
    for row in rows:
        assert row.state is not State.DUE or row.last_answer, "no outcome was recorded"
        assert row.last_answer.isascii()
        assert row.last_answer.isprintable()
        assert len(row.last_answer) < 64
        known = row.last_answer.lstrip("-").isdigit() or row.last_answer.endswith("refused")
        faults += row.state is State.FAILED and not known
    assert counted == faults


@given(st.lists(http_answers(), min_size=1, max_size=6))
@LIMITS
async def test_no_answer_of_a_push_service_ends_anything(
    tmp_path: Path, answers: list[bytes]
) -> None:
    service, before = PushService(answers), set_aside()
    async with served(service.serve) as port, scenario(tmp_path, 1) as at:
        for number in range(len(answers)):
            user = HOSTILE + number
            await at.device(user, user, f"http://127.0.0.1:{port}/{number}")
        await at.device(GOOD, GOOD, f"http://127.0.0.1:{port}/good")

        await at.send()

        (good,) = at.rows(range(GOOD, GOOD + 1))
        hostile = at.rows(range(HOSTILE, HOSTILE + 100))
    assert (good.state, service.taken) == (State.SENT, 1)
    check_hostile(hostile, set_aside() - before)


@given(st.lists(st.tuples(ENDPOINTS, KEYS, KEYS, TEXTS), min_size=1, max_size=6))
@LIMITS
async def test_nothing_that_a_person_registered_ends_anything(
    tmp_path: Path, registered: list[tuple[str, bytes, bytes, str]]
) -> None:
    service, before = PushService([]), set_aside()
    async with served(service.serve) as port, scenario(tmp_path, 1) as at:
        for number, (endpoint, key, secret, name) in enumerate(registered):
            user = HOSTILE + 10 * number
            at.names.known[user] = name
            await at.device(user, user, endpoint)
            await at.device(user + 1, user + 1, f"http://127.0.0.1:{port}/good", key=key)
            await at.device(user + 2, user + 2, f"http://127.0.0.1:{port}/good", secret=secret)
            await at.device(user + 3, user + 3, f"http://127.0.0.1:{port}/good")
            await at.due(user + 3, Channel.PUSH, actor=user)
        await at.device(GOOD, GOOD, f"http://127.0.0.1:{port}/good")

        await at.send()

        (good,) = at.rows(range(GOOD, GOOD + 1))
        hostile = at.rows(range(HOSTILE, HOSTILE + 100))
    assert (good.state, good.last_answer) == (State.SENT, "201")
    check_hostile(hostile, set_aside() - before)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6), st.lists(SMTP_REPLIES))
@LIMITS
async def test_no_address_name_or_reply_ends_anything(
    tmp_path: Path, given_: list[tuple[str, str]], replies: list[bytes]
) -> None:
    service, before = MailService(replies), set_aside()
    async with served(service.serve) as port, scenario(tmp_path, port) as at:
        for number, (address, name) in enumerate(given_):
            user = HOSTILE + 10 * number
            at.names.known[user] = name
            await at.address(user, address, Channel.CODE)
            await at.address(user + 1, address, Channel.DIGEST)
            await at.address(user + 2, HOSTILE_ADDRESS, Channel.CODE)
            await at.address(user + 3, HOSTILE_ADDRESS, Channel.DIGEST)
            await at.due(user + 3, Channel.DIGEST, actor=user)
        await at.address(GOOD, GOOD_ADDRESS, Channel.CODE)
        await at.address(GOOD + 1, GOOD_ADDRESS, Channel.DIGEST)

        await at.send()

        good = at.rows(range(GOOD, GOOD + 2))
        hostile = at.rows(range(HOSTILE, HOSTILE + 100))
    assert [row.state for row in good] == [State.SENT, State.SENT]
    assert sum(GOOD_ADDRESS.encode() in to for to in service.taken) == 2
    check_hostile(hostile, set_aside() - before)


LETTER = code_email(
    Sender(Address("Roost", "noreply", "roost.example"), "https://roost.example"),
    GOOD_ADDRESS,
    code="123456",
    name="code.1",
    now=NOON,
)


@given(st.lists(SMTP_REPLIES, max_size=8))
@LIMITS
async def test_whatever_a_mail_server_says_is_an_answer(replies: list[bytes]) -> None:
    service = MailService(replies, hostile_greeting=True)
    async with served(service.serve) as port:
        result = await SmtpMailer(MailServer.parse(f"smtp://127.0.0.1:{port}")).send(LETTER)

    assert isinstance(result, SendResult)
    assert result.text.isascii()


@pytest.mark.parametrize("channel", [Channel.CODE, Channel.DIGEST])
async def test_an_address_that_an_earlier_version_took_fails_alone(
    tmp_path: Path, channel: Channel
) -> None:
    service, before = MailService([]), set_aside()
    async with served(service.serve) as port, scenario(tmp_path, port) as at:
        await at.address(HOSTILE, "=?utf-8?q??=@b.co", channel)
        await at.address(GOOD, GOOD_ADDRESS, channel)

        await at.send()

        (good,) = at.rows(range(GOOD, GOOD + 1))
        (hostile,) = at.rows(range(HOSTILE, HOSTILE + 1))
    assert good.state is State.SENT
    assert (hostile.state, hostile.last_answer) == (State.FAILED, "IndexError")
    assert set_aside() - before == 1

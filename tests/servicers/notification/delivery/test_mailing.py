"""Letters reach a real mail server on loopback, whatever it answers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.chassis.runtime.clock import ManualClock
from services.delivery.adapters import mail as mail_module
from services.delivery.adapters.mail import Mailer, MailServer
from services.delivery.adapters.memory import DeliveryRow, MemoryDeliveryStore
from services.delivery.domain.channel_senders import MAX_LINES, CodeCarrier, DigestCarrier
from services.delivery.domain.channel_worker import LEASE
from services.delivery.domain.dispatch import Dispatcher
from services.delivery.domain.emails import Sender, code_letter
from services.delivery.domain.model import (
    Answer,
    Channel,
    Due,
    MailAddress,
    State,
    Verdict,
)
from services.delivery.domain.schedule import Schedule, Told, next_digest
from services.delivery.domain.tokens import Tokens
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.domain.model import Kind
from services.notification.settings import NotificationSettings
from tests.builders.notifications import Inbox, Names, group, settings
from tests.mail import Mailbox, certificate, mail_server

ALICE = 1001
ADDRESS = "alice@mail.example"
HOUR = 7


@dataclass
class World:
    """A person with an address, a mail server, and a worker that sends."""

    told: NotificationSettings
    clock: ManualClock
    box: Mailbox
    inbox: Inbox
    store: MemoryNotificationStore
    deliveries: MemoryDeliveryStore[Any]
    worker: Dispatcher
    tokens: Tokens

    async def address(self, *, confirmed: bool = True, nonce: bytes = b"") -> None:
        ends = None if confirmed else self.clock.now() + timedelta(hours=1)
        given = MailAddress(
            user_id=ALICE,
            address=ADDRESS,
            confirmed=confirmed,
            code_nonce=nonce,
            code_expire_time=ends,
        )
        async with self.store.transaction() as transaction:
            await transaction.save_address(given)

    async def ask_for_code(self) -> None:
        now = self.clock.now()
        due = Due(user_id=ALICE, channel=Channel.CODE, topic="", version=1, due_time=now)
        async with self.store.transaction() as transaction:
            await transaction.add_due([due], now)

    async def tell(self, number: int, kind: Kind = Kind.LIKE, *actors: int) -> None:
        told = group(number, kind, *actors, post_id=number)
        self.inbox.tell(ALICE, told)
        now = self.clock.now()
        due = Schedule(digest_hour=HOUR).due([Told(ALICE, told, False)], now)
        async with self.store.transaction() as transaction:
            await transaction.add_due(due, now)

    async def send(self) -> None:
        await self.worker.take()
        await self.worker.settle()

    async def next_morning(self) -> None:
        """Lets time pass until the person's digest is due, and has the worker do its work."""
        due = next_digest(ALICE, after=self.clock.now(), hour=HOUR)
        self.clock.advance(due - self.clock.now())
        await self.send()

    @property
    def row(self) -> DeliveryRow:
        """The record of the one delivery."""
        (row,) = self.store.database.tables.deliveries.values()
        return row


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with mail_server() as box:
        told = settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{box.port}")
        assert told.smtp_url is not None
        clock = ManualClock()
        store = MemoryNotificationStore(clock=clock)
        deliveries = MemoryDeliveryStore(store.database)
        inbox, tokens = Inbox(digests={ALICE}), Tokens(master_key=told.master_key)
        mailer, sender = Mailer(told.smtp_url), Sender(told.mail_from, told.public_url)
        carriers = {
            Channel.CODE: CodeCarrier(
                store=deliveries, mailer=mailer, sender=sender, tokens=tokens, clock=clock
            ),
            Channel.DIGEST: DigestCarrier(
                store=deliveries,
                unread=inbox,
                people=Names(),
                mailer=mailer,
                sender=sender,
                tokens=tokens,
                clock=clock,
                hour=HOUR,
            ),
        }
        worker = Dispatcher(store=deliveries, carriers=carriers, clock=clock)
        yield World(told, clock, box, inbox, store, deliveries, worker, tokens)


def text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_the_code_reaches_the_address(world: World) -> None:
    await world.address(confirmed=False, nonce=b"nonce")
    await world.ask_for_code()

    await world.send()

    (letter,) = world.box.to(ADDRESS)
    code = re.findall(r"\d{6}", text(letter))[0]
    assert world.tokens.is_code(code, ALICE, ADDRESS, b"nonce")
    assert letter["From"] == "Roost <noreply@roost.example>"


async def test_a_code_that_is_not_awaited_any_more_is_not_sent(world: World) -> None:
    await world.address(confirmed=False, nonce=b"nonce")
    await world.ask_for_code()
    world.clock.advance(timedelta(hours=1))

    await world.send()

    assert world.box.letters == []
    assert world.row.state is State.MOOT


async def test_the_morning_brings_what_is_unread(world: World) -> None:
    await world.address()
    await world.tell(10, Kind.LIKE, 2, 3, 4)
    await world.tell(11, Kind.FOLLOW, 3)

    await world.send()
    early = list(world.box.letters)
    await world.next_morning()

    assert early == []
    (letter,) = world.box.to(ADDRESS)
    assert letter["Subject"] == "2 unread notifications on Roost"
    lines = [line for line in text(letter).splitlines() if line.startswith("-")]
    assert lines == ["- @carol follows you", "- Bob and 2 others like your post"]


async def test_one_click_leads_to_the_person(world: World) -> None:
    await world.address()
    await world.tell(10)

    await world.next_morning()

    header = world.box.letters[0]["List-Unsubscribe"]
    link = re.fullmatch(r"<https://roost\.example/v2/email/unsubscribe\?token=([\w-]+)>", header)
    assert link is not None
    assert world.tokens.unsubscriber(link[1]) == ALICE
    assert world.box.letters[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_who_has_read_everything_gets_no_letter(world: World) -> None:
    await world.address()
    await world.tell(10)
    world.inbox.read(ALICE)

    await world.next_morning()

    assert world.box.letters == []
    assert world.row.state is State.MOOT


async def test_who_wishes_for_no_digest_gets_none(world: World) -> None:
    await world.address()
    await world.tell(10)
    world.inbox.digests.clear()

    await world.next_morning()

    assert world.box.letters == []


async def test_an_address_that_is_not_confirmed_gets_no_digest(world: World) -> None:
    await world.address()
    await world.tell(10)
    await world.address(confirmed=False, nonce=b"nonce")

    await world.next_morning()

    assert world.box.letters == []


async def test_there_is_one_digest_a_day(world: World) -> None:
    await world.address()
    await world.tell(10)
    await world.next_morning()

    await world.tell(11)
    for _ in range(23):
        world.clock.advance(timedelta(hours=1))
        await world.send()
    same_day = len(world.box.letters)
    await world.next_morning()

    assert (same_day, len(world.box.letters)) == (1, 2)


async def test_the_next_digest_goes_by_the_time_zone_of_the_person(world: World) -> None:
    await world.address()
    world.inbox.zones[ALICE] = "Asia/Tokyo"
    await world.tell(10)

    await world.next_morning()

    assert len(world.box.letters) == 1
    assert world.row.due_time.astimezone(ZoneInfo("Asia/Tokyo")).hour == HOUR


async def test_a_day_without_news_brings_no_letter(world: World) -> None:
    await world.address()
    await world.tell(10)
    await world.next_morning()

    for _ in range(3):
        await world.next_morning()

    assert len(world.box.letters) == 1


async def test_a_long_list_is_cut_and_counted(world: World) -> None:
    await world.address()
    for number in range(10, 10 + MAX_LINES + 5):
        await world.tell(number)

    await world.next_morning()

    said = text(world.box.letters[0])
    assert said.count("likes your post") == MAX_LINES
    assert "… and 5 more" in said


async def test_a_server_that_is_busy_is_asked_again(world: World) -> None:
    await world.address()
    await world.tell(10)
    world.box.answer = "451 try later"
    await world.next_morning()
    failed = (world.row.state, world.row.last_answer)
    world.box.answer = "250 OK"

    world.clock.advance(10)
    await world.send()

    assert failed == (State.DUE, "451")
    assert len(world.box.letters) == 1


async def test_a_letter_that_is_refused_is_not_sent_again(world: World) -> None:
    await world.address()
    await world.tell(10)
    world.box.refused[ADDRESS] = f"550 no such mailbox as {ADDRESS}"

    await world.next_morning()
    world.box.refused.clear()
    world.clock.advance(timedelta(hours=2))
    await world.send()

    assert world.box.letters == []
    assert (world.row.state, world.row.last_answer) == (State.FAILED, "550")


async def test_a_letter_sent_once_more_is_known_by_its_name(world: World) -> None:
    await world.address()
    await world.tell(10)
    await world.next_morning()
    (key, row), *_ = world.store.database.tables.deliveries.items()
    # As a worker leaves it that dies after the server took the letter.
    taken = DeliveryRow(
        version=row.version,
        state=State.DUE,
        due_time=world.clock.now() + LEASE,
        attempts=1,
        last_answer="",
        start_time=row.start_time,
        update_time=row.update_time,
    )
    world.store.database.tables.deliveries[key] = taken

    world.clock.advance(LEASE)
    await world.send()

    first, second = world.box.letters
    assert first["Message-ID"] == second["Message-ID"]


LETTER = code_letter(
    Sender(Address("Roost", "noreply", "roost.example"), "https://roost.example"),
    ADDRESS,
    code="123456",
    name="code.1",
    now=datetime(2026, 2, 1, tzinfo=UTC),
)


async def hand_in(url: str) -> Answer:
    return await Mailer(MailServer.parse(url)).send(LETTER)


TAKEN = Answer(Verdict.TAKEN, "250")


async def test_the_password_is_shown_to_a_server_that_is_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))

    async with mail_server(starttls=context, login=True) as box:
        right = await hand_in(f"smtp+starttls://roost:right@127.0.0.1:{box.port}")
        wrong = await hand_in(f"smtp+starttls://roost:wrong@127.0.0.1:{box.port}")

    assert right == TAKEN
    assert wrong == Answer(Verdict.LATER, "SMTPAuthenticationError")
    assert ("roost", "right") in box.logins


@pytest.mark.parametrize("how", ["starttls", "tls"])
async def test_the_connection_is_encrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    scheme = "smtps" if how == "tls" else "smtp+starttls"

    async with mail_server(**{how: context}) as box:
        answer = await hand_in(f"{scheme}://127.0.0.1:{box.port}")

    assert answer == TAKEN
    assert box.encrypted == [True]


@pytest.mark.parametrize("how", ["starttls", "tls"])
async def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path, how: str) -> None:
    context, _ = certificate(tmp_path)
    scheme = "smtps" if how == "tls" else "smtp+starttls"

    async with mail_server(**{how: context}) as box:
        answer = await hand_in(f"{scheme}://127.0.0.1:{box.port}")

    assert answer.verdict is Verdict.LATER
    assert box.letters == []


async def test_without_starttls_nothing_is_sent_in_the_clear() -> None:
    async with mail_server() as box:
        answer = await hand_in(f"smtp+starttls://127.0.0.1:{box.port}")

    assert answer.verdict is Verdict.LATER
    assert box.letters == []


async def test_a_server_that_is_away_is_tried_again() -> None:
    assert (await hand_in("smtp://127.0.0.1:9")).verdict is Verdict.LATER


async def test_a_server_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_module, "SEND_SECONDS", 0.2)

    left = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    answer = await hand_in(f"smtp://127.0.0.1:{port}")

    assert answer.verdict is Verdict.LATER
    await left.wait()
    server.close()

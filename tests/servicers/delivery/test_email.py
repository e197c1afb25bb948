"""Emails to a real mail server on loopback, with all kinds of answers."""

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
from services.delivery.adapters.mail import MailServer, SmtpMailer
from services.delivery.adapters.memory import DeliveryRow, MemoryDeliveryStore
from services.delivery.domain.emails import Sender, code_email
from services.delivery.domain.model import (
    Channel,
    Due,
    MailAddress,
    SendResult,
    SendStatus,
    State,
)
from services.delivery.domain.schedule import Schedule, next_digest
from services.delivery.domain.tokens import Tokens
from services.delivery.worker.channel_senders import MAX_LINES, CodeEmailSender, DigestEmailSender
from services.delivery.worker.channel_worker import LEASE
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
from tests.mail import Mailbox, certificate, mail_server
from tests.waiting import let_pass

ALICE = 1001
ADDRESS = "alice@mail.example"
HOUR = 7


@dataclass
class Scenario:
    """A user with an address, a mail server, and a dispatcher."""

    configured: NotificationSettings
    clock: ManualClock
    box: Mailbox
    unread: FakeUnread
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

    async def notify(self, number: int, kind: Kind = Kind.LIKE, *actors: int) -> None:
        added = notification(number, kind, *actors, post_id=number)
        self.unread.add(ALICE, added)
        now = self.clock.now()
        due = Schedule(digest_hour=HOUR).due([notified(ALICE, added, push=False)], now)
        async with self.store.transaction() as transaction:
            await transaction.add_due(due, now)

    async def send(self) -> None:
        await self.worker.take()
        await self.worker.settle()

    async def next_morning(self) -> None:
        """Advances the clock until the user's digest is due, and sends."""
        due = next_digest(ALICE, after=self.clock.now(), hour=HOUR)
        self.clock.advance(due - self.clock.now())
        await self.send()

    @property
    def row(self) -> DeliveryRow:
        """The record of the one delivery."""
        (row,) = self.store.database.tables.deliveries.values()
        return row


@pytest.fixture
async def scenario(tmp_path: Path) -> AsyncIterator[Scenario]:
    async with mail_server() as box:
        configured = settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{box.port}")
        assert configured.smtp_url is not None
        clock = ManualClock()
        store = MemoryNotificationStore(clock=clock)
        deliveries = MemoryDeliveryStore(store.database)
        unread, tokens = FakeUnread(digests={ALICE}), Tokens(master_key=configured.master_key)
        mailer, sender = (
            SmtpMailer(configured.smtp_url),
            Sender(configured.mail_from, configured.public_url),
        )
        senders = {
            Channel.CODE: CodeEmailSender(
                store=deliveries, mailer=mailer, sender=sender, tokens=tokens, clock=clock
            ),
            Channel.DIGEST: DigestEmailSender(
                store=deliveries,
                unread=unread,
                display_names=FakeDisplayNames(),
                mailer=mailer,
                sender=sender,
                tokens=tokens,
                clock=clock,
                hour=HOUR,
            ),
        }
        worker = Dispatcher(store=deliveries, senders=senders, clock=clock)
        yield Scenario(configured, clock, box, unread, store, deliveries, worker, tokens)


def text(mail_message: EmailMessage) -> str:
    body = mail_message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_the_code_reaches_the_address(scenario: Scenario) -> None:
    await scenario.address(confirmed=False, nonce=b"nonce")
    await scenario.ask_for_code()

    await scenario.send()

    (mail_message,) = scenario.box.to(ADDRESS)
    code = re.findall(r"\d{6}", text(mail_message))[0]
    assert scenario.tokens.is_code(code, ALICE, ADDRESS, b"nonce")
    assert mail_message["From"] == "Roost <noreply@roost.example>"


async def test_a_code_that_is_not_awaited_any_more_is_not_sent(scenario: Scenario) -> None:
    await scenario.address(confirmed=False, nonce=b"nonce")
    await scenario.ask_for_code()
    scenario.clock.advance(timedelta(hours=1))

    await scenario.send()

    assert scenario.box.emails == []
    assert scenario.row.state is State.SKIPPED


async def test_the_morning_brings_what_is_unread(scenario: Scenario) -> None:
    await scenario.address()
    await scenario.notify(10, Kind.LIKE, 2, 3, 4)
    await scenario.notify(11, Kind.FOLLOW, 3)

    await scenario.send()
    early = list(scenario.box.emails)
    await scenario.next_morning()

    assert early == []
    (mail_message,) = scenario.box.to(ADDRESS)
    assert mail_message["Subject"] == "2 unread notifications on Roost"
    lines = [line for line in text(mail_message).splitlines() if line.startswith("-")]
    assert lines == ["- @carol follows you", "- Bob and 2 others like your post"]


async def test_one_click_leads_to_the_person(scenario: Scenario) -> None:
    await scenario.address()
    await scenario.notify(10)

    await scenario.next_morning()

    header = scenario.box.emails[0]["List-Unsubscribe"]
    link = re.fullmatch(r"<https://roost\.example/v2/email/unsubscribe\?token=([\w-]+)>", header)
    assert link is not None
    assert scenario.tokens.unsubscriber(link[1]) == ALICE
    assert scenario.box.emails[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_a_user_without_unread_notifications_gets_no_email(scenario: Scenario) -> None:
    await scenario.address()
    await scenario.notify(10)
    scenario.unread.read(ALICE)

    await scenario.next_morning()

    assert scenario.box.emails == []
    assert scenario.row.state is State.SKIPPED


async def test_a_user_who_wants_no_digest_gets_none(scenario: Scenario) -> None:
    await scenario.address()
    await scenario.notify(10)
    scenario.unread.digests.clear()

    await scenario.next_morning()

    assert scenario.box.emails == []


async def test_an_address_that_is_not_confirmed_gets_no_digest(scenario: Scenario) -> None:
    await scenario.address()
    await scenario.notify(10)
    await scenario.address(confirmed=False, nonce=b"nonce")

    await scenario.next_morning()

    assert scenario.box.emails == []


async def test_there_is_one_digest_a_day(scenario: Scenario) -> None:
    await scenario.address()
    await scenario.notify(10)
    await scenario.next_morning()

    await scenario.notify(11)
    for _ in range(23):
        scenario.clock.advance(timedelta(hours=1))
        await scenario.send()
    same_day = len(scenario.box.emails)
    await scenario.next_morning()

    assert (same_day, len(scenario.box.emails)) == (1, 2)


async def test_the_next_digest_goes_by_the_time_zone_of_the_person(scenario: Scenario) -> None:
    await scenario.address()
    scenario.unread.zones[ALICE] = "Asia/Tokyo"
    await scenario.notify(10)

    await scenario.next_morning()

    assert len(scenario.box.emails) == 1
    assert scenario.row.due_time.astimezone(ZoneInfo("Asia/Tokyo")).hour == HOUR


async def test_a_day_without_new_notifications_sends_no_email(scenario: Scenario) -> None:
    await scenario.address()
    await scenario.notify(10)
    await scenario.next_morning()

    for _ in range(3):
        await scenario.next_morning()

    assert len(scenario.box.emails) == 1


async def test_a_long_list_is_cut_and_counted(scenario: Scenario) -> None:
    await scenario.address()
    for number in range(10, 10 + MAX_LINES + 5):
        await scenario.notify(number)

    await scenario.next_morning()

    said = text(scenario.box.emails[0])
    assert said.count("likes your post") == MAX_LINES
    assert "… and 5 more" in said


async def test_a_busy_server_is_tried_again(scenario: Scenario) -> None:
    await scenario.address()
    await scenario.notify(10)
    scenario.box.answer = "451 try later"
    await scenario.next_morning()
    failed = (scenario.row.state, scenario.row.last_answer)
    scenario.box.answer = "250 OK"

    scenario.clock.advance(10)
    await scenario.send()

    assert failed == (State.DUE, "451")
    assert len(scenario.box.emails) == 1


async def test_a_refused_email_is_not_sent_again(scenario: Scenario) -> None:
    await scenario.address()
    await scenario.notify(10)
    scenario.box.refused[ADDRESS] = f"550 no such mailbox as {ADDRESS}"

    await scenario.next_morning()
    scenario.box.refused.clear()
    scenario.clock.advance(timedelta(hours=2))
    await scenario.send()

    assert scenario.box.emails == []
    assert (scenario.row.state, scenario.row.last_answer) == (State.FAILED, "550")


async def test_an_email_that_is_sent_twice_has_the_same_message_id(scenario: Scenario) -> None:
    await scenario.address()
    await scenario.notify(10)
    await scenario.next_morning()
    (key, row), *_ = scenario.store.database.tables.deliveries.items()
    # As after a worker that died when the server had accepted the email.
    taken = DeliveryRow(
        version=row.version,
        state=State.DUE,
        due_time=scenario.clock.now() + LEASE,
        attempts=1,
        last_answer="",
        start_time=row.start_time,
        update_time=row.update_time,
    )
    scenario.store.database.tables.deliveries[key] = taken

    scenario.clock.advance(LEASE)
    await scenario.send()

    first, second = scenario.box.emails
    assert first["Message-ID"] == second["Message-ID"]


LETTER = code_email(
    Sender(Address("Roost", "noreply", "roost.example"), "https://roost.example"),
    ADDRESS,
    code="123456",
    name="code.1",
    now=datetime(2026, 2, 1, tzinfo=UTC),
)


async def hand_in(url: str) -> SendResult:
    return await SmtpMailer(MailServer.parse(url)).send(LETTER)


TAKEN = SendResult(SendStatus.TAKEN, "250")


async def test_the_password_is_shown_to_a_server_that_is_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))

    async with mail_server(starttls=context, login=True) as box:
        right = await hand_in(f"smtp+starttls://roost:right@127.0.0.1:{box.port}")
        wrong = await hand_in(f"smtp+starttls://roost:wrong@127.0.0.1:{box.port}")

    assert right == TAKEN
    assert wrong == SendResult(SendStatus.LATER, "SMTPAuthenticationError")
    assert ("roost", "right") in box.logins


@pytest.mark.parametrize("how", ["starttls", "tls"])
async def test_the_connection_is_encrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    scheme = "smtps" if how == "tls" else "smtp+starttls"

    async with mail_server(**{how: context}) as box:
        result = await hand_in(f"{scheme}://127.0.0.1:{box.port}")

    assert result == TAKEN
    assert box.encrypted == [True]


@pytest.mark.parametrize("how", ["starttls", "tls"])
async def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path, how: str) -> None:
    context, _ = certificate(tmp_path)
    scheme = "smtps" if how == "tls" else "smtp+starttls"

    async with mail_server(**{how: context}) as box:
        result = await hand_in(f"{scheme}://127.0.0.1:{box.port}")

    assert result.status is SendStatus.LATER
    assert box.emails == []


async def test_without_starttls_nothing_is_sent_in_the_clear() -> None:
    async with mail_server() as box:
        result = await hand_in(f"smtp+starttls://127.0.0.1:{box.port}")

    assert result.status is SendStatus.LATER
    assert box.emails == []


async def test_a_server_that_is_away_is_tried_again() -> None:
    assert (await hand_in("smtp://127.0.0.1:9")).status is SendStatus.LATER


async def test_a_server_that_hangs_is_left() -> None:
    reached, left = asyncio.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    handing_in = asyncio.create_task(hand_in(f"smtp://127.0.0.1:{port}"))
    await reached.wait()
    let_pass(mail_module.SEND_SECONDS)
    result = await handing_in

    assert result.status is SendStatus.LATER
    await left.wait()
    server.close()

"""The content of emails."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default

from services.delivery.domain.emails import Sender, code_email, digest_email

NOW = datetime(2026, 2, 1, 7, 5, tzinfo=UTC)
SENDER = Sender(Address("Roost", "noreply", "roost.example"), "https://roost.example")
TO = "alice@mail.example"


def digest(lines: list[str], unread: int) -> EmailMessage:
    return digest_email(
        SENDER, TO, lines=lines, unread=unread, token="t0ken", name="digest.1", now=NOW
    )


def as_read(mail_message: EmailMessage) -> EmailMessage:
    read = message_from_bytes(mail_message.as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    return read


def part(mail_message: EmailMessage, kind: str) -> str:
    body = mail_message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_digest_says_the_same_as_text_and_as_html() -> None:
    mail_message = as_read(digest(["Bob likes your post", "Carol & <Dave> follow you"], 2))

    assert mail_message["To"] == TO
    assert mail_message["From"] == "Roost <noreply@roost.example>"
    assert mail_message["Subject"] == "2 unread notifications on Roost"
    assert mail_message["Message-ID"] == "<digest.1@roost.example>"
    assert mail_message["Auto-Submitted"] == "auto-generated"
    assert mail_message["Date"] == "Sun, 01 Feb 2026 07:05:00 +0000"
    assert "- Carol & <Dave> follow you" in part(mail_message, "plain")
    assert "<li>Carol &amp; &lt;Dave&gt; follow you</li>" in part(mail_message, "html")


def test_a_digest_is_ended_by_one_click() -> None:
    mail_message = as_read(digest(["Bob likes your post"], 1))

    link = "https://roost.example/v2/email/unsubscribe?token=t0ken"
    assert mail_message["List-Unsubscribe"] == f"<{link}>"
    assert mail_message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in part(mail_message, "plain")
    assert f'href="{link}"' in part(mail_message, "html")


def test_a_digest_says_how_many_more_there_are() -> None:
    mail_message = as_read(digest(["Bob likes your post"], 100))

    assert mail_message["Subject"] == "100 or more unread notifications on Roost"
    assert "… and 99 more" in part(mail_message, "plain")


def test_one_is_not_many() -> None:
    assert as_read(digest(["x"], 1))["Subject"] == "1 unread notification on Roost"


def test_names_of_any_script_pass() -> None:
    mail_message = as_read(digest(["愛 likes your post", "\U0001f426 follows you"], 2))

    assert "愛 likes your post" in part(mail_message, "plain")


def test_a_code_is_sent_only_to_its_address() -> None:
    mail_message = as_read(code_email(SENDER, TO, code="012345", name="code.1", now=NOW))

    assert mail_message["Subject"] == "012345 is your Roost code"
    assert "012345" in part(mail_message, "plain")
    assert "012345" in part(mail_message, "html")
    assert mail_message["List-Unsubscribe"] is None

"""The letters that people get."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default

from services.delivery.domain.emails import Sender, code_letter, digest_letter

NOW = datetime(2026, 2, 1, 7, 5, tzinfo=UTC)
SENDER = Sender(Address("Roost", "noreply", "roost.example"), "https://roost.example")
TO = "alice@mail.example"


def digest(lines: list[str], unread: int) -> EmailMessage:
    return digest_letter(
        SENDER, TO, lines=lines, unread=unread, token="t0ken", name="digest.1", now=NOW
    )


def as_read(letter: EmailMessage) -> EmailMessage:
    read = message_from_bytes(letter.as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    return read


def part(letter: EmailMessage, kind: str) -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_digest_says_the_same_as_text_and_as_html() -> None:
    letter = as_read(digest(["Bob likes your post", "Carol & <Dave> follow you"], 2))

    assert letter["To"] == TO
    assert letter["From"] == "Roost <noreply@roost.example>"
    assert letter["Subject"] == "2 unread notifications on Roost"
    assert letter["Message-ID"] == "<digest.1@roost.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"] == "Sun, 01 Feb 2026 07:05:00 +0000"
    assert "- Carol & <Dave> follow you" in part(letter, "plain")
    assert "<li>Carol &amp; &lt;Dave&gt; follow you</li>" in part(letter, "html")


def test_a_digest_is_ended_by_one_click() -> None:
    letter = as_read(digest(["Bob likes your post"], 1))

    link = "https://roost.example/v2/email/unsubscribe?token=t0ken"
    assert letter["List-Unsubscribe"] == f"<{link}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in part(letter, "plain")
    assert f'href="{link}"' in part(letter, "html")


def test_a_digest_says_how_many_more_there_are() -> None:
    letter = as_read(digest(["Bob likes your post"], 100))

    assert letter["Subject"] == "100 or more unread notifications on Roost"
    assert "… and 99 more" in part(letter, "plain")


def test_one_is_not_many() -> None:
    assert as_read(digest(["x"], 1))["Subject"] == "1 unread notification on Roost"


def test_names_of_any_script_pass() -> None:
    letter = as_read(digest(["愛 likes your post", "\U0001f426 follows you"], 2))

    assert "愛 likes your post" in part(letter, "plain")


def test_a_code_is_told_to_the_address_alone() -> None:
    letter = as_read(code_letter(SENDER, TO, code="012345", name="code.1", now=NOW))

    assert letter["Subject"] == "012345 is your Roost code"
    assert "012345" in part(letter, "plain")
    assert "012345" in part(letter, "html")
    assert letter["List-Unsubscribe"] is None

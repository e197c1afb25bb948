"""The emails: each has a plain text and an HTML part with the same content."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender address of emails, and the base of their links."""

    address: Address
    public_url: str

    def unsubscribe_url(self, token: str) -> str:
        """The address that turns the digest off: a POST does so directly, a GET shows a form."""
        return f"{self.public_url}/v2/email/unsubscribe?token={token}"


def code_email(sender: Sender, to: str, *, code: str, name: str, now: datetime) -> EmailMessage:
    """The code that confirms an address. `name` is unique to the email."""
    mail_message = _mail_message(
        sender, to, subject=f"{code} is your Roost code", name=name, now=now
    )
    sentences = (
        f"Your code is {code}. It is good for an hour.",
        "Somebody entered this address on Roost. If it was not you, ignore this letter: without "
        "the code the address is not used.",
    )
    _write(mail_message, sentences, lines=(), more=0, link=None)
    return mail_message


def digest_email(
    sender: Sender,
    to: str,
    *,
    lines: Sequence[str],
    unread: int,
    token: str,
    name: str,
    now: datetime,
) -> EmailMessage:
    """The daily digest: the newest lines, and the number of unread notifications, counted up to
    100."""
    count = "100 or more" if unread >= 100 else str(unread)
    noun = "notification" if unread == 1 else "notifications"
    mail_message = _mail_message(
        sender, to, subject=f"{count} unread {noun} on Roost", name=name, now=now
    )
    link = sender.unsubscribe_url(token)
    # One click in the mail client, without a page (RFC 8058).
    mail_message["List-Unsubscribe"] = f"<{link}>"
    mail_message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    sentences = (f"You have {count} unread {noun}:",)
    _write(mail_message, sentences, lines=lines, more=max(unread - len(lines), 0), link=link)
    return mail_message


def _mail_message(
    sender: Sender, to: str, *, subject: str, name: str, now: datetime
) -> EmailMessage:
    mail_message = EmailMessage(policy=SMTP)
    mail_message["From"] = sender.address
    mail_message["To"] = to
    mail_message["Subject"] = subject
    mail_message["Date"] = format_datetime(now)
    # The same for an email that is sent twice, so that mailboxes show it once.
    mail_message["Message-ID"] = f"<{name}@{sender.address.domain}>"
    mail_message["Auto-Submitted"] = "auto-generated"
    return mail_message


def _write(
    mail_message: EmailMessage,
    sentences: Sequence[str],
    *,
    lines: Sequence[str],
    more: int,
    link: str | None,
) -> None:
    listed = [*lines, *([f"… and {more} more"] if more and lines else [])]
    text = ["\n\n".join(sentences), *(f"- {line}" for line in listed)]
    html = [f"<p>{escape(each)}</p>" for each in sentences]
    if listed:
        html.append("<ul>" + "".join(f"<li>{escape(line)}</li>" for line in listed) + "</ul>")
    if link is not None:
        text.append(f"\nNo more of these letters: {link}")
        html.append(f'<p><a href="{escape(link)}">No more of these letters</a></p>')
    mail_message.set_content("\n".join(text) + "\n")
    mail_message.add_alternative(
        "<!doctype html><html lang=en><meta charset=utf-8><body>"
        + "".join(html)
        + "</body></html>",
        subtype="html",
    )

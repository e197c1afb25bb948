"""Sends email through the operator's server (SMTP, RFC 5321)."""

import asyncio
from dataclasses import dataclass
from email.message import EmailMessage
from enum import Enum
from ipaddress import ip_address
from typing import Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.delivery.domain.model import SendResult, SendStatus

# The time limit for one email, including the connection.
SEND_SECONDS = 10.0


class Security(Enum):
    """The protection of the connection, with its default port."""

    NONE = 25
    STARTTLS = 587
    TLS = 465


_SCHEMES = {"smtp": Security.NONE, "smtp+starttls": Security.STARTTLS, "smtps": Security.TLS}


@dataclass(frozen=True, slots=True)
class MailServer:
    """The address and login of a mail server. Its repr shows neither user nor password."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port}, {self.security.name})"

    @classmethod
    def parse(cls, url: str) -> Self:
        """The server of `smtps://user:password@host:port`, `smtp+starttls://…` or `smtp://…`, the
        last one without protection. Raises ValueError with the rule, without the URL."""
        parts = urlsplit(url)
        security = _SCHEMES.get(parts.scheme)
        if security is None or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(
                "must be smtps://, smtp+starttls:// or smtp://, then user:password@host:port"
            )
        if (parts.username is None) != (parts.password is None):
            raise ValueError("must name both a user and a password, or neither")
        if (
            parts.username is not None
            and security is Security.NONE
            and not _is_local(parts.hostname)
        ):
            raise ValueError("must not send a password without TLS; use smtps or smtp+starttls")
        return cls(
            parts.hostname,
            parts.port or security.value,
            security,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )


class SmtpMailer:
    """See `ports.Mailer`. It opens one connection for each email; `channel_worker.CAPACITIES`
    limits their number."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def send(self, mail_message: EmailMessage) -> SendResult:
        server = self._server
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await aiosmtplib.send(
                    mail_message,
                    hostname=server.host,
                    port=server.port,
                    username=server.username,
                    password=server.password,
                    use_tls=server.security is Security.TLS,
                    start_tls=server.security is Security.STARTTLS,
                    timeout=SEND_SECONDS,
                )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return _status_of(refused.recipients[0].code if refused.recipients else -1)
        except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPNotSupported) as wrong:
            # The settings are wrong, not the email: it waits until the operator corrects them.
            return SendResult(SendStatus.LATER, type(wrong).__name__)
        except aiosmtplib.SMTPResponseException as refused:
            return _status_of(refused.code)
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as failure:
            return SendResult(SendStatus.LATER, type(failure).__name__)
        return SendResult(SendStatus.TAKEN, "250")


def _status_of(code: int) -> SendResult:
    """Keeps only the code: the text of a server often repeats the address."""
    return SendResult(SendStatus.REFUSED if 500 <= code < 600 else SendStatus.LATER, str(code))


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

"""Sends mail through the operator's server (SMTP, RFC 5321)."""

import asyncio
from dataclasses import dataclass
from email.message import EmailMessage
from enum import Enum
from ipaddress import ip_address
from typing import Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.delivery.domain.model import SendResult, SendStatus

# What a server may take for one mail, connecting included.
SEND_SECONDS = 10.0


class Security(Enum):
    """How the connection is protected, and the port that is usual for it."""

    NONE = 25
    STARTTLS = 587
    TLS = 465


_SCHEMES = {"smtp": Security.NONE, "smtp+starttls": Security.STARTTLS, "smtps": Security.TLS}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. Its repr shows no password, nor who logs in with it."""

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
        last one without protection. Raises ValueError, which says the rule and not the URL."""
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


class Mailer:
    """Hands mail to one server, over one connection for each letter. `lane.CAPACITIES` limits how
    many there are at once."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def send(self, mail_message: EmailMessage) -> SendResult:
        """Hands the letter in. Raises nothing that the server can bring about; ValueError and
        others for a letter that cannot be written."""
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
            # Our settings are wrong, not the letter: it waits for the operator.
            return SendResult(SendStatus.LATER, type(wrong).__name__)
        except aiosmtplib.SMTPResponseException as refused:
            return _status_of(refused.code)
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as failure:
            return SendResult(SendStatus.LATER, type(failure).__name__)
        return SendResult(SendStatus.TAKEN, "250")


def _status_of(code: int) -> SendResult:
    """Only the code is kept: what a server says besides often repeats the address."""
    return SendResult(SendStatus.REFUSED if 500 <= code < 600 else SendStatus.LATER, str(code))


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

"""The settings of delivery, besides those of every service."""

from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from services.chassis.runtime.settings import Key32, ServiceSettings
from services.delivery.adapters.mail import MailServer


def _contact(value: str) -> str:
    if not value.startswith(("mailto:", "https://")):
        raise ValueError("must be an address that starts with mailto: or https://")
    return value


def _server(value: object) -> object:
    return (MailServer.parse(value) if value else None) if isinstance(value, str) else value


def _from(value: object) -> object:
    if not isinstance(value, str):
        return value
    name, address = parseaddr(value)
    try:
        return Address(name, addr_spec=address)
    except (ValueError, IndexError):
        raise ValueError("must be a mail address, such as Roost <noreply@example.org>") from None


def _ports(value: object) -> object:
    return (
        tuple(each.strip() for each in value.split(",") if each.strip())
        if isinstance(value, str)
        else value
    )


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must be an address that starts with http:// or https://")
    return value.rstrip("/")


Port = Annotated[int, Field(ge=1, le=65_535)]
Ports = Annotated[tuple[Port, ...], NoDecode, BeforeValidator(_ports)]
Url = Annotated[str, AfterValidator(_url)]
Contact = Annotated[str, AfterValidator(_contact)]
Server = Annotated[MailServer | None, BeforeValidator(_server)]
From = Annotated[Address, BeforeValidator(_from)]


class DeliverySettings(ServiceSettings):
    """How notifications leave the app."""

    model_config = SettingsConfigDict(arbitrary_types_allowed=True)

    # Confirmation codes, unsubscribe tokens and topics are derived from it. A new key invalidates
    # the codes and links of earlier emails, and nothing else.
    master_key: Key32 = Field(repr=False)
    # An ES256 key in PEM. Devices subscribe to messages of this key alone: a new key invalidates
    # all subscriptions.
    push_key_file: Path
    # The address of this installation's operators, for those of push services (RFC 8292, 2.1).
    push_contact: Contact = "https://roost.local"
    # Ports besides 443 that messages may go to, such as 8443: for self-hosted push services.
    push_ports: Ports = ()
    # For tests and development: messages may go to this machine, and by http.
    push_loopback_allowed: bool = False
    # The public address of this installation, for links in emails.
    public_url: Url = "http://localhost:8080"
    # The mail server. Without one no email is sent.
    smtp_url: Server = Field(default=None, repr=False)
    mail_from: From = Address("Roost", "roost", "localhost")
    # Codes an hour to all addresses of one registrable domain. A large installation raises it if
    # many of its users have their addresses at one provider.
    codes_per_domain: int = Field(default=100, ge=1)
    # The hour of each user's day in which the daily digest is sent.
    digest_hour: int = Field(default=7, ge=0, le=23)

"""What the processes of the Notification service are told, on top of what every service is."""

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


class NotificationSettings(ServiceSettings):
    """How notifications leave the app."""

    model_config = SettingsConfigDict(arbitrary_types_allowed=True)

    # Confirmation codes, unsubscribe tokens and topics follow from it. Whoever loses it makes
    # codes and links that were mailed before worthless, and nothing else.
    master_key: Key32 = Field(repr=False)
    # An ES256 key in PEM: devices subscribe to messages of this key alone, so whoever loses it
    # loses all subscriptions.
    push_key_file: Path
    # How the operators of push services reach those of this installation (RFC 8292, 2.1).
    push_contact: Contact = "https://roost.local"
    # Ports beside 443 that messages may go to, such as 8443: push services of one's own.
    push_ports: Ports = ()
    # For tests and development: messages may go to this machine, and by http.
    push_loopback_allowed: bool = False
    # Where people reach this installation: links in mail lead there.
    public_url: Url = "http://localhost:8080"
    # The mail server; no mail is sent where there is none.
    smtp_url: Server = Field(default=None, repr=False)
    mail_from: From = Address("Roost", "roost", "localhost")
    # Codes an hour to all addresses of one registrable domain. A large installation, many of whose
    # people have their mail at one provider, raises it.
    codes_per_domain: int = Field(default=100, ge=1)
    # From which hour of each person's day on daily digests go out.
    digest_hour: int = Field(default=7, ge=0, le=23)

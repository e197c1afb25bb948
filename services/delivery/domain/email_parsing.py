"""Email addresses as users enter them: which are valid, and which share one mailbox."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from typing import NamedTuple

from services.delivery.domain.errors import EmailAddressInvalid
from services.delivery.domain.mail_domains import registrable_domain

# RFC 5321, 4.5.3.1.
_MAX_LOCAL_PART = 64
_MAX_ADDRESS = 254


class Mailbox(NamedTuple):
    """The key by which limits count an address. No email is sent to it."""

    address: str
    domain: str


def check_address(text: str) -> None:
    """Raises EmailAddressInvalid, which names the rule, for an address that no email can be sent
    to.

    The form is `local-part@domain.of.dots` in ASCII, without quotes, comments or encoded words.
    """
    if len(text) > _MAX_ADDRESS:
        raise EmailAddressInvalid("max_len", f"is longer than {_MAX_ADDRESS} characters")
    if "=?" in text:
        raise EmailAddressInvalid("no_encoded_word", "holds an encoded word, such as =?utf-8?q?a?=")
    if not text.isascii() or not text.isprintable():
        raise EmailAddressInvalid("ascii", "holds a character that is not printable ASCII")
    try:
        read = Address(addr_spec=text)
    except Exception:
        # The standard parser raises ValueError, IndexError, MessageError and more.
        raise EmailAddressInvalid("address", "is not an address that mail can carry") from None
    if f"{read.username}@{read.domain}" != text or text.count("@") != 1:
        raise EmailAddressInvalid("address", "is not an address that mail can carry")
    if len(read.username) > _MAX_LOCAL_PART:
        description = f"has more than {_MAX_LOCAL_PART} characters before the @"
        raise EmailAddressInvalid("max_local_part", description)
    _check_domain(read.domain)
    if not _survives_mail_headers(text):
        raise EmailAddressInvalid("address", "is not an address that mail can carry")


def mailbox_of(address: str) -> Mailbox:
    """The mailbox that codes are counted by: most mail servers deliver all spellings of it to one
    user.

    The domain is in lower case, which is the normal form of an ASCII name in IDNA. Case, dots and a
    plus-tag of the local part are removed, for all providers. So two users whose addresses differ
    only in these share one limit, and a tag does not add a second limit.
    """
    local, _, domain = address.rpartition("@")
    plain = local.casefold().partition("+")[0].replace(".", "") or local.casefold()
    name = domain.lower()
    return Mailbox(f"{plain}@{name}", registrable_domain(name))


def _check_domain(domain: str) -> None:
    labels = domain.split(".")
    wrong = len(labels) < 2 or labels[-1].isdigit()
    for label in labels:
        bare = label.replace("-", "")
        wrong |= not bare.isalnum() or len(label) > 63
        wrong |= label.startswith("-") or label.endswith("-")
    if wrong:
        raise EmailAddressInvalid("domain", "has no domain name after the @, such as example.org")


def _survives_mail_headers(text: str) -> bool:
    """Whether an email to the address can be serialized, and has exactly this recipient when it is
    parsed."""
    try:
        mail_message = EmailMessage(policy=SMTP)
        mail_message["To"] = text
        read = BytesParser(policy=SMTP).parsebytes(mail_message.as_bytes())["To"]
        return [each.addr_spec for each in read.addresses] == [text] and not read.defects
    except Exception:
        # As above: the library fails with errors of many types.
        return False

"""Which addresses are valid, and which share one mailbox."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.delivery.domain.email_parsing import Mailbox, check_address, mailbox_of
from services.delivery.domain.emails import code_email, digest_email
from services.delivery.domain.errors import EmailAddressInvalid
from services.delivery.domain.mail_domains import registrable_domain
from tests.builders.notifications import NOON
from tests.unit.delivery.test_emails import SENDER

_SIGNS = "abAB01.!#$%&'*+/=?^_`{|}~-\"\\ ()<>,;:@[]\r\n\0é\udcff"


@pytest.mark.parametrize(
    "address",
    ["alice@mail.example", "o'brien+x@b.co", "!#$%&'*+/?^_`{|}~-@b.co", "a" * 64 + "@b.co"],
)
def test_an_address_that_an_email_can_be_sent_to_is_accepted(address: str) -> None:
    check_address(address)

    mail_message = code_email(SENDER, address, code="123456", name="n", now=NOON)
    assert f"To: {address}\r\n".encode() in mail_message.as_bytes()


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("", "address"),
        ("alice", "address"),
        ("a@b.co\r\nBcc: c@d.example", "ascii"),
        ("a\0@b.co", "ascii"),
        ("ä@b.co", "ascii"),
        ("a@bücher.example", "ascii"),
        ("\udcff@b.co", "ascii"),
        ('"a b"@b.co', "address"),
        ("a@b.co, c@d.example", "address"),
        ("Alice <a@b.co>", "address"),
        ("a(comment)@b.co", "address"),
        ("a@[10.0.0.1]", "domain"),
        ("a@b_c.example", "domain"),
        ("a@-b.example", "domain"),
        ("a@b.example.", "address"),
        ("a@" + "b" * 64 + ".example", "domain"),
        ("a@b." + "c" * 254, "max_len"),
    ],
)
def test_an_address_that_no_email_can_be_sent_to_is_refused(address: str, rule: str) -> None:
    with pytest.raises(EmailAddressInvalid) as refused:
        check_address(address)

    (violation,) = refused.value.violations
    assert (violation.field, violation.rule) == ("address", rule)


@given(st.text(_SIGNS, max_size=20), st.sampled_from(["@b.co", "@b", "", "@b.co@c.example"]))
def test_every_address_that_is_taken_can_be_written_to(local: str, rest: str) -> None:
    address = local + rest
    try:
        check_address(address)
    except EmailAddressInvalid:
        return

    for mail_message in (
        code_email(SENDER, address, code="123456", name="n", now=NOON),
        digest_email(SENDER, address, lines=["x"], unread=1, token="t", name="n", now=NOON),
    ):
        assert f"To: {address}\r\n".encode() in mail_message.as_bytes()


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("victim@b.co", Mailbox("victim@b.co", "b.co")),
        ("Victim@B.CO", Mailbox("victim@b.co", "b.co")),
        ("vic.tim+tag+more@b.co", Mailbox("victim@b.co", "b.co")),
        ("+tag@b.co", Mailbox("+tag@b.co", "b.co")),
        ("a@mail.b.co.uk", Mailbox("a@mail.b.co.uk", "b.co.uk")),
        ("a@XN--BCHER-KVA.example", Mailbox("a@xn--bcher-kva.example", "xn--bcher-kva.example")),
    ],
)
def test_a_mailbox_is_the_same_for_its_spellings(address: str, mailbox: Mailbox) -> None:
    assert mailbox_of(address) == mailbox


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("Push.EXAMPLE.org.", "example.org"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("2606:2800:220:1::1", "2606:2800:220:1::1"),
        ("", ""),
    ],
)
def test_a_registrable_domain_has_one_owner(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain

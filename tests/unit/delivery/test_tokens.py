"""Codes, unsubscribe tokens and topics are derived from the master key."""

import re

import pytest

from services.delivery.domain.errors import UnsubscribeTokenInvalid
from services.delivery.domain.tokens import Tokens

TOKENS = Tokens(master_key=bytes(32))
OTHER = Tokens(master_key=bytes([1]) * 32)


def test_a_code_is_six_digits_of_one_person_address_and_nonce() -> None:
    code = TOKENS.code(1, "a@b.example", b"nonce")

    assert re.fullmatch(r"\d{6}", code)
    assert TOKENS.is_code(code, 1, "a@b.example", b"nonce")
    others = [
        TOKENS.code(2, "a@b.example", b"nonce"),
        TOKENS.code(1, "c@b.example", b"nonce"),
        TOKENS.code(1, "a@b.example", b"other"),
        OTHER.code(1, "a@b.example", b"nonce"),
    ]
    assert code not in others


def test_codes_keep_their_leading_zeros() -> None:
    codes = [TOKENS.code(1, "a@b.example", bytes([each])) for each in range(200)]

    assert {len(each) for each in codes} == {6}
    assert any(each.startswith("0") for each in codes)


def test_an_unsubscribe_token_names_its_person() -> None:
    assert TOKENS.unsubscriber(TOKENS.unsubscribe_token(2**62)) == 2**62


@pytest.mark.parametrize(
    "token",
    ["", "a", "AAAA", OTHER.unsubscribe_token(1), TOKENS.unsubscribe_token(1)[:-1], "!" * 32],
)
def test_an_invented_token_is_refused(token: str) -> None:
    with pytest.raises(UnsubscribeTokenInvalid):
        TOKENS.unsubscriber(token)


def test_a_topic_on_the_wire_is_opaque_and_fits_the_header() -> None:
    topics = [
        TOKENS.wire_topic(1, "LIKE:7"),
        TOKENS.wire_topic(2, "LIKE:7"),
        TOKENS.wire_topic(1, "LIKE:8"),
        OTHER.wire_topic(1, "LIKE:7"),
    ]

    assert len(set(topics)) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", each) for each in topics)
    assert TOKENS.wire_topic(1, "LIKE:7") == topics[0]

"""A page token works for the request that it came with, and for nothing else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roost.post.v1.post_service_pb2 import ListQuotesRequest, ListRepliesRequest

from services.chassis.rpc.paging import PageTokenInvalid, PageTokens

TOKENS = PageTokens(b"k" * 32)


def asked(token: str = "", *, post_id: int = 5, page_size: int = 20) -> ListRepliesRequest:
    return ListRepliesRequest(post_id=post_id, page_size=page_size, page_token=token)


def test_first_page_has_no_position() -> None:
    assert TOKENS.open(asked(), int) is None


@given(position=st.tuples(st.integers(0, 2**63 - 1), st.text(max_size=20), st.binary(max_size=20)))
def test_position_comes_back(position: tuple[int, str, bytes]) -> None:
    token = TOKENS.seal(asked(), position)

    assert TOKENS.open(asked(token), tuple[int, str, bytes]) == position


def test_next_page_may_have_another_size() -> None:
    token = TOKENS.seal(asked(page_size=20), 7)

    assert TOKENS.open(asked(token, page_size=50), int) == 7


def test_token_is_the_same_for_every_process_with_the_key() -> None:
    token = TOKENS.seal(asked(), 7)

    assert PageTokens(b"k" * 32).open(asked(token), int) == 7


def test_token_of_the_page_before_does_not_matter() -> None:
    second = TOKENS.seal(asked(), 7)
    third = TOKENS.seal(asked(second), 3)

    assert TOKENS.open(asked(third), int) == 3


def test_token_of_another_request_is_refused() -> None:
    token = TOKENS.seal(asked(post_id=5), 7)

    with pytest.raises(PageTokenInvalid):
        TOKENS.open(asked(token, post_id=6), int)


def test_token_of_another_method_is_refused() -> None:
    token = TOKENS.seal(asked(post_id=5), 7)

    with pytest.raises(PageTokenInvalid):
        TOKENS.open(ListQuotesRequest(post_id=5, page_size=20, page_token=token), int)


def test_token_of_another_key_is_refused() -> None:
    token = PageTokens(b"x" * 32).seal(asked(), 7)

    with pytest.raises(PageTokenInvalid):
        TOKENS.open(asked(token), int)


def test_position_of_another_form_is_refused() -> None:
    token = TOKENS.seal(asked(), "seven")

    with pytest.raises(PageTokenInvalid):
        TOKENS.open(asked(token), int)


@given(token=st.text(min_size=1, max_size=200))
def test_made_up_token_is_refused(token: str) -> None:
    with pytest.raises(PageTokenInvalid):
        TOKENS.open(asked(token), int)


@given(data=st.data())
def test_altered_token_is_refused(data: st.DataObject) -> None:
    token = TOKENS.seal(asked(), 7)
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    altered = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    with pytest.raises(PageTokenInvalid):
        TOKENS.open(asked(altered), int)


@pytest.mark.parametrize("more", ["=", "==", "A", "\n", " "])
def test_token_has_one_spelling(more: str) -> None:
    token = TOKENS.seal(asked(), 7)

    with pytest.raises(PageTokenInvalid):
        TOKENS.open(asked(token + more), int)

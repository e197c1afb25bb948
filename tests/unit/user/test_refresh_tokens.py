"""The form of refresh tokens."""

from hypothesis import given
from hypothesis import strategies as st

from services.user.domain.refresh_tokens import RefreshTokens, hash_of

TOKENS = RefreshTokens(master_key=bytes(32))
ids = st.integers(0, 2**63 - 1)


@given(ids, ids)
def test_a_token_leads_to_its_session(user_id: int, session_id: int) -> None:
    token = TOKENS.make(user_id, session_id)

    presented = TOKENS.read(token)

    assert presented is not None
    assert (presented.user_id, presented.session_id) == (user_id, session_id)
    assert presented.genuine
    assert presented.hash == hash_of(token)


def test_no_two_tokens_are_alike() -> None:
    assert len({TOKENS.make(1, 2) for _ in range(100)}) == 100


@given(st.integers(0, 86), st.sampled_from("ABCxyz019-_"))
def test_an_altered_token_is_not_genuine(origin: int, sign: str) -> None:
    token = TOKENS.make(5, 6)
    altered = token[:origin] + sign + token[origin + 1 :]

    presented = TOKENS.read(altered)

    if altered != token:
        # The last character has unused bits. A change of them is still another token.
        assert presented is None or not presented.genuine or presented.hash != hash_of(token)


def test_tokens_of_another_key_are_read_but_not_genuine() -> None:
    presented = RefreshTokens(master_key=b"\1" * 32).read(TOKENS.make(5, 6))

    assert presented is not None
    assert not presented.genuine


@given(st.text(max_size=256))
def test_what_does_not_look_like_a_token_is_none(text: str) -> None:
    presented = TOKENS.read(text)

    assert presented is None or not presented.genuine

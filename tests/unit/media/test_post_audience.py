"""Whether everyone may see a post, over all combinations of what decides it."""

import itertools

import pytest

from services.media.domain.model import AccountState, Decider, PostAudience
from tests.builders.media import START

AUTHOR, ANCESTOR = 1, 2

STATES: list[AccountState | None] = [
    None,
    AccountState(protected=False, update_time=START),
    AccountState(protected=True, update_time=START),
    AccountState(protected=False, update_time=START, deleted=True),
    AccountState(protected=True, update_time=START, deleted=True),
]


def closes(state: AccountState | None, *, was_protected: bool) -> bool:
    if state is None:
        return False
    return was_protected if state.deleted else state.protected


@pytest.mark.parametrize(
    ("public", "author", "ancestor", "was_protected"),
    list(itertools.product([True, False], STATES, STATES, [True, False])),
)
def test_post_is_open_if_it_is_public_and_no_decider_closes_it(
    public: bool,
    author: AccountState | None,
    ancestor: AccountState | None,
    was_protected: bool,
) -> None:
    audience = PostAudience(
        post_id=5,
        owner_id=AUTHOR,
        revision=1,
        public=public,
        deciders=(Decider(AUTHOR), Decider(ANCESTOR, was_protected)),
    )
    states = {AUTHOR: author, ANCESTOR: ancestor}
    accounts = {user_id: state for user_id, state in states.items() if state is not None}

    closed = closes(author, was_protected=False) or closes(ancestor, was_protected=was_protected)

    assert audience.is_open(accounts) is (public and not closed)

"""Who may see what: the whole matrix."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.user.domain import visibility
from services.user.domain.errors import AccountProtected, UserNotFound
from services.user.domain.model import Ties, User

ALICE = User(
    id=1,
    handle="alice",
    display_name="Alice",
    create_time=datetime(2025, 6, 1, tzinfo=UTC),
    update_time=datetime(2025, 6, 1, tzinfo=UTC),
)
PROTECTED = replace(ALICE, protected=True)
STRANGER, OTHER, OWNER = None, 2, 1

VIEWERS = {
    "stranger": (STRANGER, Ties.NONE),
    "other": (OTHER, Ties.NONE),
    "follower": (OTHER, Ties.FOLLOWING),
    "followed": (OTHER, Ties.FOLLOWED_BY),
    "asked": (OTHER, Ties.REQUESTED),
    "blocked": (OTHER, Ties.BLOCKED_BY),
    "blocking": (OTHER, Ties.BLOCKING),
    "muting": (OTHER, Ties.MUTING),
    "owner": (OWNER, Ties.NONE),
}


@pytest.mark.parametrize("viewer", VIEWERS)
def test_profiles_are_hidden_from_those_whom_the_person_blocks_alone(viewer: str) -> None:
    _, ties = VIEWERS[viewer]

    if viewer == "blocked":
        with pytest.raises(UserNotFound):
            visibility.check_profile(ties)
    else:
        visibility.check_profile(ties)


@pytest.mark.parametrize("viewer", VIEWERS)
def test_lists_of_open_people_are_hidden_like_profiles(viewer: str) -> None:
    viewer_id, ties = VIEWERS[viewer]

    if viewer == "blocked":
        with pytest.raises(UserNotFound):
            visibility.check_lists(viewer_id, ALICE, ties)
    else:
        visibility.check_lists(viewer_id, ALICE, ties)


@pytest.mark.parametrize("viewer", VIEWERS)
def test_lists_of_protected_people_are_for_followers_and_themselves(viewer: str) -> None:
    viewer_id, ties = VIEWERS[viewer]

    if viewer in {"follower", "owner"}:
        visibility.check_lists(viewer_id, PROTECTED, ties)
    else:
        expected = UserNotFound if viewer == "blocked" else AccountProtected
        with pytest.raises(expected):
            visibility.check_lists(viewer_id, PROTECTED, ties)


@pytest.mark.parametrize("viewer", VIEWERS)
def test_a_block_either_way_keeps_people_out_of_lists(viewer: str) -> None:
    _, ties = VIEWERS[viewer]

    assert visibility.listed(ties) == (viewer not in {"blocked", "blocking"})

"""Who may see what: the whole matrix."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.user.domain import visibility
from services.user.domain.errors import AccountProtected, UserNotFound
from services.user.domain.model import Relationship, User

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
    "stranger": (STRANGER, Relationship.NONE),
    "other": (OTHER, Relationship.NONE),
    "follower": (OTHER, Relationship.FOLLOWING),
    "followed": (OTHER, Relationship.FOLLOWED_BY),
    "asked": (OTHER, Relationship.REQUESTED),
    "blocked": (OTHER, Relationship.BLOCKED_BY),
    "blocking": (OTHER, Relationship.BLOCKING),
    "muting": (OTHER, Relationship.MUTING),
    "owner": (OWNER, Relationship.NONE),
}


@pytest.mark.parametrize("viewer", VIEWERS)
def test_profiles_are_hidden_only_from_users_whom_the_owner_blocks(viewer: str) -> None:
    _, relationship = VIEWERS[viewer]

    if viewer == "blocked":
        with pytest.raises(UserNotFound):
            visibility.check_profile(relationship)
    else:
        visibility.check_profile(relationship)


@pytest.mark.parametrize("viewer", VIEWERS)
def test_lists_of_open_accounts_are_hidden_like_profiles(viewer: str) -> None:
    viewer_id, relationship = VIEWERS[viewer]

    if viewer == "blocked":
        with pytest.raises(UserNotFound):
            visibility.check_lists(viewer_id, ALICE, relationship)
    else:
        visibility.check_lists(viewer_id, ALICE, relationship)


@pytest.mark.parametrize("viewer", VIEWERS)
def test_lists_of_protected_accounts_are_for_followers_and_owners(viewer: str) -> None:
    viewer_id, relationship = VIEWERS[viewer]

    if viewer in {"follower", "owner"}:
        visibility.check_lists(viewer_id, PROTECTED, relationship)
    else:
        expected = UserNotFound if viewer == "blocked" else AccountProtected
        with pytest.raises(expected):
            visibility.check_lists(viewer_id, PROTECTED, relationship)


@pytest.mark.parametrize("viewer", VIEWERS)
def test_a_block_in_either_direction_keeps_users_out_of_lists(viewer: str) -> None:
    _, relationship = VIEWERS[viewer]

    assert visibility.listed(relationship) == (viewer not in {"blocked", "blocking"})

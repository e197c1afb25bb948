"""Who may see which post: the whole matrix of readers, posts and authors."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import product

import pytest

from services.post.errors import AccountProtected, UserNotFound
from services.post.model import Mention, Visibility
from services.post.visibility import (
    Audience,
    audience_of,
    can_see,
    can_see_person,
    is_open,
    require_profile,
)
from tests.builders.posts import START, a_post

AUTHOR, VIEWER, STRANGER = 1, 2, 0
PUBLIC, FOLLOWERS, MENTIONED = Visibility


@dataclass(frozen=True)
class Tie:
    following: bool = False
    blocking: bool = False
    blocked_by: bool = False
    muting: bool = False


@dataclass(frozen=True)
class Author:
    id: int = AUTHOR
    handle: str = "author"
    protected: bool = False
    update_time: datetime = START
    viewer_relationship: Tie = field(default_factory=Tie)


READERS = {
    "stranger": (STRANGER, Tie(), False),
    "other": (VIEWER, Tie(), False),
    "blocked": (VIEWER, Tie(blocked_by=True), False),
    "blocker": (VIEWER, Tie(blocking=True), False),
    "muter": (VIEWER, Tie(muting=True), False),
    "follower": (VIEWER, Tie(following=True), False),
    "owner": (AUTHOR, Tie(), False),
    "mentioned": (VIEWER, Tie(), True),
    "mentioned follower": (VIEWER, Tie(following=True), True),
    "mentioned blocked": (VIEWER, Tie(blocked_by=True), True),
    "mentioned blocker": (VIEWER, Tie(blocking=True), True),
    "following blocked": (VIEWER, Tie(following=True, blocked_by=True), True),
}
INSIDERS = {"owner", "mentioned follower"}
SEEN_BY = {
    (PUBLIC, "open"): INSIDERS | {"stranger", "other", "muter", "follower", "mentioned"},
    (FOLLOWERS, "open"): INSIDERS | {"follower", "mentioned"},
    (MENTIONED, "open"): INSIDERS | {"mentioned"},
    (PUBLIC, "protected"): INSIDERS | {"follower"},
    (FOLLOWERS, "protected"): INSIDERS | {"follower"},
    (MENTIONED, "protected"): INSIDERS,
}


@pytest.mark.parametrize(
    ("reader", "visibility", "account"),
    list(product(READERS, Visibility, ["open", "protected", "deleted"])),
)
def test_the_matrix(reader: str, visibility: Visibility, account: str) -> None:
    viewer_id, tie, named = READERS[reader]
    author = Author(protected=account == "protected", viewer_relationship=tie)
    audience = Audience(AUTHOR, visibility, {VIEWER} if named else set())

    seen = can_see(audience, None if account == "deleted" else author, viewer_id)

    assert seen == (reader in SEEN_BY.get((visibility, account), set()))


@pytest.mark.parametrize("reader", list(READERS))
def test_nobody_sees_a_tombstone(reader: str) -> None:
    viewer_id, tie, _ = READERS[reader]
    audience = Audience(AUTHOR, PUBLIC, {VIEWER}, deleted=True)

    assert not can_see(audience, Author(viewer_relationship=tie), viewer_id)


def test_who_is_answered_is_addressed_like_who_is_mentioned() -> None:
    parent = a_post(10, VIEWER)
    reply = a_post(
        11, AUTHOR, answers=parent, visibility=MENTIONED, entities=(Mention(0, 4, 7, "bob"),)
    )

    assert can_see(audience_of(reply), Author(), VIEWER)
    assert can_see(audience_of(reply), Author(), 7)
    assert not can_see(audience_of(reply), Author(), 8)


def test_a_post_that_addresses_nobody_is_not_for_strangers() -> None:
    post = a_post(10, AUTHOR, visibility=MENTIONED)

    assert not can_see(audience_of(post), Author(), STRANGER)


@pytest.mark.parametrize(
    ("tie", "viewer_id", "shown"),
    [
        (Tie(), VIEWER, True),
        (Tie(blocking=True), VIEWER, False),
        (Tie(blocked_by=True), VIEWER, False),
        (Tie(blocked_by=True), STRANGER, True),
        (Tie(), AUTHOR, True),
    ],
)
def test_people_are_shown_unless_a_block_keeps_them_apart(
    tie: Tie, viewer_id: int, shown: bool
) -> None:
    assert can_see_person(Author(viewer_relationship=tie), viewer_id) == shown
    assert not can_see_person(None, viewer_id)


def test_profiles_are_for_those_whom_the_person_lets_in() -> None:
    with pytest.raises(UserNotFound):
        require_profile(None, VIEWER)
    with pytest.raises(UserNotFound):
        require_profile(Author(viewer_relationship=Tie(blocked_by=True)), VIEWER)
    for viewer_id in (VIEWER, STRANGER):
        with pytest.raises(AccountProtected):
            require_profile(Author(protected=True), viewer_id)

    follower = Author(protected=True, viewer_relationship=Tie(following=True))
    assert require_profile(follower, VIEWER) is follower
    assert require_profile(Author(protected=True), AUTHOR)
    assert require_profile(Author(viewer_relationship=Tie(blocking=True)), VIEWER)


def test_only_public_posts_of_open_accounts_may_be_carried_further() -> None:
    for visibility, protected in product(Visibility, [False, True]):
        post = a_post(10, AUTHOR, visibility=visibility)
        assert is_open(post, Author(protected=protected)) == (
            visibility is PUBLIC and not protected
        )

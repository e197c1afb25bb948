"""Who may see which post: the whole matrix of viewers, posts and authors."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import product

import pytest

from services.post.domain.errors import AccountProtected, ReplyNotAllowed, UserNotFound
from services.post.domain.model import AudienceLimit, Mention, Visibility
from services.post.domain.visibility import (
    MAX_LIMITS,
    Audience,
    audience_of,
    can_see,
    can_see_place,
    can_see_profile,
    is_open,
    limits_below,
    require_profile,
)
from tests.builders.posts import START, a_post

AUTHOR, VIEWER, ANONYMOUS_ID = 1, 2, 0
PUBLIC, FOLLOWERS, MENTIONED = Visibility


@dataclass(frozen=True)
class Flags:
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
    viewer_relationship: Flags = field(default_factory=Flags)


READERS = {
    "anonymous": (ANONYMOUS_ID, Flags(), False),
    "other": (VIEWER, Flags(), False),
    "blocked": (VIEWER, Flags(blocked_by=True), False),
    "blocker": (VIEWER, Flags(blocking=True), False),
    "muter": (VIEWER, Flags(muting=True), False),
    "follower": (VIEWER, Flags(following=True), False),
    "owner": (AUTHOR, Flags(), False),
    "mentioned": (VIEWER, Flags(), True),
    "mentioned follower": (VIEWER, Flags(following=True), True),
    "mentioned blocked": (VIEWER, Flags(blocked_by=True), True),
    "mentioned blocker": (VIEWER, Flags(blocking=True), True),
    "following blocked": (VIEWER, Flags(following=True, blocked_by=True), True),
}
INSIDERS = {"owner", "mentioned follower"}
SEEN_BY = {
    (PUBLIC, "open"): INSIDERS | {"anonymous", "other", "muter", "follower", "mentioned"},
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
    viewer_id, relationship, named = READERS[reader]
    author = Author(protected=account == "protected", viewer_relationship=relationship)
    audience = Audience(AUTHOR, visibility, {VIEWER} if named else set())

    seen = can_see(audience, {} if account == "deleted" else {AUTHOR: author}, viewer_id)

    assert seen == (reader in SEEN_BY.get((visibility, account), set()))


@pytest.mark.parametrize("reader", list(READERS))
def test_nobody_sees_a_tombstone(reader: str) -> None:
    viewer_id, relationship, _ = READERS[reader]
    audience = Audience(AUTHOR, PUBLIC, {VIEWER}, deleted=True)

    assert not can_see(audience, {AUTHOR: Author(viewer_relationship=relationship)}, viewer_id)


def test_the_author_of_the_parent_is_addressed_like_a_mentioned_user() -> None:
    parent = a_post(10, VIEWER)
    reply = a_post(
        11, AUTHOR, answers=parent, visibility=MENTIONED, entities=(Mention(0, 4, 7, "bob"),)
    )

    assert can_see(audience_of(reply), {AUTHOR: Author()}, VIEWER)
    assert can_see(audience_of(reply), {AUTHOR: Author()}, 7)
    assert not can_see(audience_of(reply), {AUTHOR: Author()}, 8)


def test_anonymous_viewers_do_not_see_a_post_that_addresses_nobody() -> None:
    post = a_post(10, AUTHOR, visibility=MENTIONED)

    assert not can_see(audience_of(post), {AUTHOR: Author()}, ANONYMOUS_ID)


@pytest.mark.parametrize(
    ("relationship", "viewer_id", "visible"),
    [
        (Flags(), VIEWER, True),
        (Flags(blocking=True), VIEWER, False),
        (Flags(blocked_by=True), VIEWER, False),
        (Flags(blocked_by=True), ANONYMOUS_ID, True),
        (Flags(), AUTHOR, True),
    ],
)
def test_users_are_shown_unless_there_is_a_block(
    relationship: Flags, viewer_id: int, visible: bool
) -> None:
    assert can_see_profile(Author(viewer_relationship=relationship), viewer_id) == visible
    assert not can_see_profile(None, viewer_id)


def test_profiles_follow_blocks_and_protection() -> None:
    with pytest.raises(UserNotFound):
        require_profile(None, VIEWER)
    with pytest.raises(UserNotFound):
        require_profile(Author(viewer_relationship=Flags(blocked_by=True)), VIEWER)
    for viewer_id in (VIEWER, ANONYMOUS_ID):
        with pytest.raises(AccountProtected):
            require_profile(Author(protected=True), viewer_id)

    follower = Author(protected=True, viewer_relationship=Flags(following=True))
    assert require_profile(follower, VIEWER) is follower
    assert require_profile(Author(protected=True), AUTHOR)
    assert require_profile(Author(viewer_relationship=Flags(blocking=True)), VIEWER)


def test_only_public_posts_of_open_accounts_are_open() -> None:
    for visibility, protected in product(Visibility, [False, True]):
        post = a_post(10, AUTHOR, visibility=visibility)
        assert is_open(post, {AUTHOR: Author(protected=protected)}) == (
            visibility is PUBLIC and not protected
        )


def test_a_public_post_below_a_closed_one_is_not_open() -> None:
    parent, profiles = (
        a_post(10, VIEWER),
        {AUTHOR: Author(), VIEWER: Author(VIEWER, protected=True)},
    )
    reply = a_post(11, AUTHOR, answers=parent, limits=limits_below(parent, profiles, AUTHOR))

    assert not is_open(reply, profiles)
    assert is_open(reply, profiles | {VIEWER: Author(VIEWER)})


def test_a_tombstone_is_for_those_who_could_see_the_post() -> None:
    profiles = {AUTHOR: Author(viewer_relationship=Flags(following=True))}
    for visibility, viewer_id in product(Visibility, (ANONYMOUS_ID, VIEWER, AUTHOR)):
        live = Audience(AUTHOR, visibility, ())
        gone = live._replace(deleted=True)

        assert can_see_place(gone, profiles, viewer_id) == can_see(live, profiles, viewer_id)
        assert can_see_place(gone, {}, viewer_id) == (visibility is PUBLIC)


def test_a_reply_has_the_limits_and_the_audience_of_its_parent() -> None:
    profiles = {each: Author(each) for each in (1, 2, 3, 4)} | {3: Author(3, protected=True)}
    first = a_post(10, 1, visibility=FOLLOWERS, entities=(Mention(0, 2, 9, "x"),))
    second = a_post(11, 2, answers=first, limits=limits_below(first, profiles, 2))
    third = a_post(12, 3, answers=second, limits=limits_below(second, profiles, 3))

    assert limits_below(third, profiles, 4) == (
        AudienceLimit(1, FOLLOWERS, (9,)),
        AudienceLimit(2, PUBLIC),
        AudienceLimit(3, PUBLIC, protected=True),
    )


def test_authors_are_not_limited_by_their_own_posts() -> None:
    profiles = {each: Author(each) for each in (1, 2)}
    first = a_post(10, 1, visibility=MENTIONED, entities=(Mention(0, 2, 2, "x"),))
    second = a_post(
        11, 2, answers=first, visibility=MENTIONED, limits=limits_below(first, profiles, 2)
    )

    assert limits_below(first, profiles, 1) == ()
    assert limits_below(second, profiles, 1) == (AudienceLimit(2, MENTIONED, (1,)),)


def test_a_viewer_must_be_in_the_audience_of_each_post_of_one_author() -> None:
    profiles = {each: Author(each) for each in (1, 2)}
    before = (AudienceLimit(1, MENTIONED, (2, 5, 7)), AudienceLimit(2, MENTIONED, (1, 5)))
    again = a_post(12, 1, visibility=MENTIONED, entities=(Mention(0, 2, 5, "x"),), limits=before)

    assert limits_below(again, profiles, 3) == (
        AudienceLimit(2, MENTIONED, (1, 5)),
        AudienceLimit(1, MENTIONED, (5,)),
    )


def test_a_limit_stores_the_current_protection_of_its_author() -> None:
    parent = a_post(
        11,
        2,
        limits=(AudienceLimit(1, PUBLIC, protected=True), AudienceLimit(9, PUBLIC, protected=True)),
    )
    profiles = {each: Author(each) for each in (1, 2)}

    # The account of 9 is deleted.
    assert limits_below(parent, profiles, 3) == (
        AudienceLimit(1, PUBLIC),
        AudienceLimit(9, PUBLIC, protected=True),
        AudienceLimit(2, PUBLIC),
    )


def test_of_many_limits_the_nearest_and_all_closed_ones_are_stored() -> None:
    closed = AudienceLimit(1, FOLLOWERS)
    crowd = tuple(AudienceLimit(each, PUBLIC) for each in range(2, MAX_LIMITS + 10))
    parent = a_post(11, 999, limits=(closed, *crowd))

    limits = limits_below(parent, {999: Author(999)}, 7)

    assert len(limits) == MAX_LIMITS
    assert limits[0] == closed
    assert limits[1:] == (*crowd, AudienceLimit(999, PUBLIC))[-MAX_LIMITS + 1 :]


def test_a_reply_under_too_many_closed_audiences_is_refused() -> None:
    crowd = tuple(AudienceLimit(each, FOLLOWERS) for each in range(1, MAX_LIMITS + 1))
    parent = a_post(1100, 999, limits=crowd)
    profiles = {999: Author(999)}

    assert len(limits_below(parent, profiles, 1)) == MAX_LIMITS
    with pytest.raises(ReplyNotAllowed):
        limits_below(a_post(1100, 999, limits=crowd, visibility=FOLLOWERS), profiles, 1000)

"""Who may see a post, in one table for the two services that decide it.

The Post service decides for every viewer, the Notification service for the recipients of
notifications. They may not import each other, so one table tests both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

import pytest

from services.notification.domain import domain_events
from services.notification.domain import model as notification_model
from services.notification.domain import recipients as notified
from services.post.domain.model import AudienceLimit, Visibility
from services.post.domain.visibility import Audience, can_see
from services.post.rpc.read_cache.profile_cache import CachedProfile, RelationshipFlags

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
AUTHOR, VIEWER, ABOVE, FURTHER = 1, 2, 3, 4
PUBLIC, FOLLOWERS, MENTIONED = Visibility


@dataclass(frozen=True)
class Part:
    """The post, or one above it, with the viewer's current relationship to its author."""

    visibility: Visibility = PUBLIC
    protected: bool = False
    was_protected: bool = False
    deleted: bool = False
    following: bool = False
    addressed: bool = False
    viewers_own: bool = False


def by_post_service(post: Part, above: Sequence[Part]) -> bool:
    profiles = {
        id_: CachedProfile(
            id_,
            f"p{id_}",
            part.protected,
            NOON,
            RelationshipFlags(part.following, False, False),
            b"",
        )
        for id_, part in zip((AUTHOR, ABOVE, FURTHER), (post, *above), strict=False)
        if not part.deleted
    }
    limits = tuple(
        AudienceLimit(
            VIEWER if part.viewers_own else id_,
            part.visibility,
            (VIEWER,) if part.addressed else (9,),
            part.was_protected,
        )
        for id_, part in zip((ABOVE, FURTHER), above, strict=False)
    )
    addressed = {VIEWER} if post.addressed else {9}
    return can_see(Audience(AUTHOR, post.visibility, addressed, limits=limits), profiles, VIEWER)


def by_notification_service(post: Part, above: Sequence[Part]) -> bool:
    authors = {
        id_: notified.Author(
            part.following and not part.deleted, part.protected and not part.deleted
        )
        for id_, part in zip((ABOVE, FURTHER), above, strict=False)
        if not part.viewers_own
    }
    post_event = domain_events.Post(
        id=10,
        author_id=AUTHOR,
        visibility=notification_model.Visibility(post.visibility),
        conversation_id=10,
        reply_to_author_id=0,
        mentioned_ids=frozenset({VIEWER} if post.addressed else {9}),
        limits=tuple(
            domain_events.AudienceLimit(
                VIEWER if part.viewers_own else id_,
                notification_model.Visibility(part.visibility),
                frozenset({VIEWER} if part.addressed else {9}),
                part.was_protected,
            )
            for id_, part in zip((ABOVE, FURTHER), above, strict=False)
        ),
    )
    author = notified.Author(post.following, post.protected)
    return notified.sees(post_event, VIEWER, author, above=authors)


DECIDERS = {"post": by_post_service, "notification": by_notification_service}
OPEN = Part()

# For a post that everyone may see: the posts above it, the nearest last, and whether the viewer may
# see it.
TABLE: dict[str, tuple[tuple[Part, ...], bool]] = {
    "nothing above": ((), True),
    "an open post": ((OPEN,), True),
    "a protected user": ((Part(protected=True, was_protected=True),), False),
    "a protected user whom the viewer follows": (
        (Part(protected=True, was_protected=True, following=True),),
        True,
    ),
    "a user who became protected later": ((Part(protected=True),), False),
    "a protected user who addressed the viewer": (
        (Part(protected=True, was_protected=True, addressed=True),),
        False,
    ),
    "the viewer, who is protected": ((Part(protected=True, viewers_own=True),), True),
    "the viewer's own closed post": ((Part(MENTIONED, viewers_own=True),), True),
    "a protected user who was deleted": ((Part(was_protected=True, deleted=True),), False),
    "a public user who was deleted": ((Part(deleted=True),), True),
    "a post for followers": ((Part(FOLLOWERS),), False),
    "a post for followers, read by a follower": ((Part(FOLLOWERS, following=True),), True),
    "a post for followers that addresses the viewer": ((Part(FOLLOWERS, addressed=True),), True),
    "a post for those addressed": ((Part(MENTIONED),), False),
    "a post for those addressed, by a followed user": (
        (Part(MENTIONED, following=True),),
        False,
    ),
    "a post that addresses the viewer": ((Part(MENTIONED, addressed=True),), True),
    "a closed post further up": ((Part(FOLLOWERS), OPEN), False),
    "a protected user further up": ((Part(protected=True), OPEN), False),
    "the viewer's own post below a closed one": ((Part(FOLLOWERS), Part(viewers_own=True)), True),
    "a closed post below the viewer's own": ((Part(viewers_own=True), Part(FOLLOWERS)), False),
    "two protected users, one of them followed": (
        (Part(protected=True, following=True), Part(protected=True)),
        False,
    ),
    "two protected users who are followed": (
        (Part(protected=True, following=True), Part(protected=True, following=True)),
        True,
    ),
}


@pytest.mark.parametrize("service", DECIDERS)
@pytest.mark.parametrize("name", TABLE)
def test_a_reply_is_for_those_who_may_see_its_ancestors(service: str, name: str) -> None:
    above, expected = TABLE[name]

    assert DECIDERS[service](OPEN, above) == expected


BOTH = (False, True)
ALONE = [
    Part(visibility, protected, following=following, addressed=addressed)
    for visibility in Visibility
    for protected, following, addressed in product(BOTH, BOTH, BOTH)
]


@pytest.mark.parametrize("service", DECIDERS)
@pytest.mark.parametrize("name", TABLE)
def test_ancestors_never_widen_the_audience_of_a_reply(service: str, name: str) -> None:
    above, expected = TABLE[name]
    for post in ALONE:
        alone = DECIDERS[service](post, ())

        assert DECIDERS[service](post, above) == (alone and expected)


ABOVE_ONE = [
    Part(visibility, *flags) for visibility in Visibility for flags in product(BOTH, repeat=6)
]


def opened_since(part: Part) -> bool:
    """Whether the account above was protected when it was replied to, and is open now.

    The Post service goes by the present state. The Notification service does not know whether an
    open account above was deleted, so it goes by the past state, which is never wider.
    """
    return part.was_protected and not part.protected and not part.deleted


def compare(post: Part, above: Sequence[Part]) -> None:
    seen = by_post_service(post, above)
    recipient = by_notification_service(post, above)
    if any(opened_since(each) for each in above):
        assert seen or not recipient, (post, above)
    else:
        assert seen == recipient, (post, above)


def test_the_two_services_agree_below_one_post() -> None:
    for post, above in product(ALONE, ABOVE_ONE):
        compare(post, [above])


def test_the_two_services_agree_below_two_posts() -> None:
    for further, above in product(ABOVE_ONE, repeat=2):
        compare(OPEN, [further, above])

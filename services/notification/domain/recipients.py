"""Decides who is notified of a domain event: by the event, by visibility, and by preferences."""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from services.notification.domain.domain_events import (
    AudienceLimit,
    DomainEvent,
    Engagement,
    Followed,
    FollowRequested,
    FollowRequestRemoved,
    Post,
    PostCreated,
    PostUpdated,
    Unfollowed,
)
from services.notification.domain.model import (
    Kind,
    KindPreference,
    Relationship,
    Sender,
    Visibility,
)


class Candidate(NamedTuple):
    """A user who may be notified of an activity, as the first of these kinds that their preferences
    allow."""

    recipient_id: int
    actor_id: int
    kinds: tuple[Kind, ...]
    # 0 for follows.
    post_id: int = 0
    conversation_id: int = 0
    # The actor's post, which the recipient may not be allowed to see; None for another's post.
    post: Post | None = None


class Withdrawal(NamedTuple):
    """Activities to withdraw, because their cause was undone."""

    recipient_id: int
    actor_id: int
    kinds: tuple[Kind, ...]
    post_id: int = 0


_OF_FOLLOWER = (Kind.FOLLOW, Kind.FOLLOW_REQUEST)


def candidates(domain_event: DomainEvent) -> list[Candidate]:
    """The candidates of an event. Nobody is notified of their own activity."""
    return [each for each in _candidates(domain_event) if each.recipient_id != each.actor_id]


def _candidates(domain_event: DomainEvent) -> Iterator[Candidate]:
    match domain_event:
        # The follower is notified that the request was accepted.
        case Followed(follower_id, followee_id, by_request=True):
            yield Candidate(follower_id, followee_id, (Kind.FOLLOW_ACCEPTED,))
            if domain_event.by_opening:
                yield Candidate(followee_id, follower_id, (Kind.FOLLOW,))
        case Followed(follower_id, followee_id):
            yield Candidate(followee_id, follower_id, (Kind.FOLLOW,))
        case FollowRequested(follower_id, followee_id):
            yield Candidate(followee_id, follower_id, (Kind.FOLLOW_REQUEST,))
        case Engagement(actor_id, post_id, author_id, is_repost, undone=False):
            kind = Kind.REPOST if is_repost else Kind.LIKE
            # The event does not contain the post's conversation. The first post of a conversation
            # has its own id as the conversation.
            yield Candidate(author_id, actor_id, (kind,), post_id, post_id)
        case PostCreated(post, quoted_author_id):
            yield from _addressed(post, quoted_author_id)
        case PostUpdated(post, mentioned_before):
            for user_id in sorted(post.mentioned_ids - mentioned_before):
                yield _of_post(post, user_id, (Kind.MENTION,))


def _addressed(post: Post, quoted_author_id: int) -> Iterator[Candidate]:
    """Each user is notified once: a reply precedes a quote, and a quote precedes a mention."""
    kinds_by_user: dict[int, list[Kind]] = {}
    if post.reply_to_author_id:
        kinds_by_user.setdefault(post.reply_to_author_id, []).append(Kind.REPLY)
    if quoted_author_id:
        kinds_by_user.setdefault(quoted_author_id, []).append(Kind.QUOTE)
    for user_id in sorted(post.mentioned_ids):
        kinds_by_user.setdefault(user_id, []).append(Kind.MENTION)
    for user_id, kinds in kinds_by_user.items():
        yield _of_post(post, user_id, tuple(kinds))


def watching(
    post: Post, watcher_ids: Collection[int], *, notified_ids: Collection[int]
) -> list[Candidate]:
    """The watchers of the author, without those who are candidates for another reason."""
    return [
        _of_post(post, user_id, (Kind.POST,))
        for user_id in watcher_ids
        if user_id not in notified_ids and user_id != post.author_id
    ]


def withdrawals(domain_event: DomainEvent) -> list[Withdrawal]:
    """The activities that the event undoes."""
    match domain_event:
        case Followed(follower_id, followee_id, by_request=True) | FollowRequestRemoved(
            follower_id, followee_id
        ):
            return [Withdrawal(followee_id, follower_id, (Kind.FOLLOW_REQUEST,))]
        case Unfollowed(follower_id, followee_id):
            return [
                Withdrawal(followee_id, follower_id, _OF_FOLLOWER),
                Withdrawal(follower_id, followee_id, (Kind.FOLLOW_ACCEPTED,)),
            ]
        case Engagement(actor_id, post_id, author_id, is_repost, undone=True):
            kind = Kind.REPOST if is_repost else Kind.LIKE
            return [Withdrawal(author_id, actor_id, (kind,), post_id)]
        case PostUpdated(post, mentioned_before):
            return [
                Withdrawal(user_id, post.author_id, (Kind.MENTION,), post.id)
                for user_id in sorted(mentioned_before - post.mentioned_ids)
            ]
        case _:
            return []


class Author(NamedTuple):
    """Whether the recipient follows an author, and whether the author is protected."""

    following: bool
    protected: bool


def deciders(candidate: Candidate) -> set[int]:
    """The authors that `notified_kind` needs in `above`."""
    if candidate.post is None:
        return set()
    return {each.author_id for each in candidate.post.limits} - {candidate.recipient_id}


def notified_kind(
    candidate: Candidate,
    relationship: Relationship,
    kind_preferences: Mapping[Kind, KindPreference],
    *,
    protected: bool,
    above: Mapping[int, Author] = MappingProxyType({}),
) -> Kind | None:
    """The kind of which the candidate is notified; None if either user blocks the other, the
    candidate may not see the post, or the preferences exclude all kinds. `protected` says whether
    the actor is protected; `above` contains the `deciders`."""
    if relationship.either_blocks:
        return None
    post, recipient_id = candidate.post, candidate.recipient_id
    if post is not None and not sees(
        post, recipient_id, Author(relationship.following, protected), above=above
    ):
        return None
    for kind in candidate.kinds:
        sender = kind_preferences.get(kind, KindPreference()).sender
        if sender is Sender.EVERYONE or (sender is Sender.FOLLOWING and relationship.following):
            return kind
    return None


def sees(
    post: Post, user_id: int, author: Author, *, above: Mapping[int, Author] = MappingProxyType({})
) -> bool:
    """Whether the user may see the post, as services/post/domain/visibility.py decides it for users
    without a block. One table tests both: tests/unit/test_post_audience.py."""
    addressed = {*post.mentioned_ids, post.reply_to_author_id}
    if not _in(post.visibility, addressed, user_id, author):
        return False
    for limit in reversed(post.limits):
        if user_id == limit.author_id:
            return True
        if not _in_limit(limit, user_id, above[limit.author_id]):
            return False
    return True


def _in_limit(limit: AudienceLimit, user_id: int, author: Author) -> bool:
    # A deleted account is not protected any more, but its posts were.
    protected = author.protected or limit.protected
    return _in(limit.visibility, limit.addressed, user_id, Author(author.following, protected))


def _in(visibility: Visibility, addressed: Collection[int], user_id: int, author: Author) -> bool:
    if author.protected and not author.following:
        return False
    match visibility:
        case Visibility.PUBLIC:
            return True
        case Visibility.FOLLOWERS:
            return author.following or user_id in addressed
        case Visibility.MENTIONED:
            return user_id in addressed


def _of_post(post: Post, user_id: int, kinds: tuple[Kind, ...]) -> Candidate:
    return Candidate(user_id, post.author_id, kinds, post.id, post.conversation_id, post)

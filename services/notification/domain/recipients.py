"""Who is told of what: by what happened, by what they may see, and by what they wish to hear."""

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
    """Somebody who may be told of a deed, as the first of these kinds that they wish to hear of."""

    recipient_id: int
    actor_id: int
    kinds: tuple[Kind, ...]
    # 0 for follows.
    post_id: int = 0
    conversation_id: int = 0
    # The post, where it is the actor's and so perhaps not for the recipient.
    post: Post | None = None


class Withdrawal(NamedTuple):
    """Deeds whose cause was undone."""

    recipient_id: int
    actor_id: int
    kinds: tuple[Kind, ...]
    post_id: int = 0


_OF_FOLLOWER = (Kind.FOLLOW, Kind.FOLLOW_REQUEST)


def candidates(domain_event: DomainEvent) -> list[Candidate]:
    """Who may be notified of what; nobody of their own acts."""
    return [each for each in _candidates(domain_event) if each.recipient_id != each.actor_id]


def _candidates(domain_event: DomainEvent) -> Iterator[Candidate]:
    match domain_event:
        # Whoever consented knows; whoever asked is told.
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
            # Its event does not say which conversation the post is in; a first post is its own.
            yield Candidate(author_id, actor_id, (kind,), post_id, post_id)
        case PostCreated(post, quoted_author_id):
            yield from _addressed(post, quoted_author_id)
        case PostUpdated(post, mentioned_before):
            for user_id in sorted(post.mentioned_ids - mentioned_before):
                yield _of_post(post, user_id, (Kind.MENTION,))


def _addressed(post: Post, quoted_author_id: int) -> Iterator[Candidate]:
    """A reply goes before a quote, and that before a mention: each person is told once."""
    people: dict[int, list[Kind]] = {}
    if post.reply_to_author_id:
        people.setdefault(post.reply_to_author_id, []).append(Kind.REPLY)
    if quoted_author_id:
        people.setdefault(quoted_author_id, []).append(Kind.QUOTE)
    for user_id in sorted(post.mentioned_ids):
        people.setdefault(user_id, []).append(Kind.MENTION)
    for user_id, kinds in people.items():
        yield _of_post(post, user_id, tuple(kinds))


def watching(
    post: Post, watcher_ids: Collection[int], *, notified_ids: Collection[int]
) -> list[Candidate]:
    """Those who watch the author, but for those who are told of the post in any case."""
    return [
        _of_post(post, user_id, (Kind.POST,))
        for user_id in watcher_ids
        if user_id not in notified_ids and user_id != post.author_id
    ]


def withdrawals(domain_event: DomainEvent) -> list[Withdrawal]:
    """The deeds that are undone by what happened."""
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
    """How the recipient stands to somebody whose post matters, and whether that one's posts are
    for followers alone."""

    following: bool
    protected: bool


def deciders(candidate: Candidate) -> set[int]:
    """The people about whom `notified_kind` must know, besides the actor and the recipient."""
    if candidate.post is None:
        return set()
    return {each.author_id for each in candidate.post.limits} - {candidate.recipient_id}


def notified_kind(
    candidate: Candidate,
    relationships: Relationship,
    kind_preferences: Mapping[Kind, KindPreference],
    *,
    protected: bool,
    above: Mapping[int, Author] = MappingProxyType({}),
) -> Kind | None:
    """As what the candidate is told; None where a block is between them, the post is not for
    them, or they do not wish to hear. `protected` says whether the actor's posts are for
    followers alone, `above` tells of the `deciders`."""
    if relationships.either_blocks:
        return None
    post, recipient_id = candidate.post, candidate.recipient_id
    if post is not None and not sees(
        post, recipient_id, Author(relationships.following, protected), above=above
    ):
        return None
    for kind in candidate.kinds:
        sender = kind_preferences.get(kind, KindPreference()).sender
        if sender is Sender.EVERYONE or (sender is Sender.FOLLOWING and relationships.following):
            return kind
    return None


def sees(
    post: Post, user_id: int, author: Author, *, above: Mapping[int, Author] = MappingProxyType({})
) -> bool:
    """The visibility of posts, as services/post/domain/visibility.py decides it for people whom
    no block parts. One table tests both: tests/unit/test_post_audience.py."""
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
    # An account that is gone is not protected any more, but its posts were.
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

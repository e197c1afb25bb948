"""Users and posts, and their acts as events of the service."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message
from roost.post.v1 import post_events_pb2 as posts
from roost.post.v1 import post_pb2
from roost.user.v1 import user_events_pb2 as users
from roost.user.v1 import user_pb2

from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.ids import MAX_ID, FixedWorker, IdGenerator
from services.delivery.domain.schedule import Schedule
from services.notification.domain.model import Group, Kind, Relationship
from services.notification.domain.notifier import Notifier
from services.notification.domain.ports import Pair
from services.notification.domain.store import NotificationStore
from services.notification.domain.visible_notifications import VisibleNotifications
from services.notification.worker.account_cleanup import AccountCleanup
from services.notification.worker.consumer import NotificationConsumer
from tests.builders.notifications import FakeVisibility

ALICE, BOB, CAROL, DAVE, ERIN = 1, 2, 3, 4, 5
EVERYBODY = (ALICE, BOB, CAROL, DAVE, ERIN)


class FakeGraph:
    """The relationships of users, set by the test; `requested` has every request."""

    def __init__(self) -> None:
        self.follows: set[Pair] = set()
        self.mutes: set[Pair] = set()
        self.blocks: set[Pair] = set()
        self.requested: list[Sequence[Pair]] = []
        # Runs before the answer is returned.
        self.before_answer: Callable[[], Awaitable[None]] | None = None

    async def relationships(self, pairs: Sequence[Pair]) -> Mapping[Pair, Relationship]:
        self.requested.append(pairs)
        answer = {
            (one, other): Relationship(
                following=(one, other) in self.follows,
                muting=(one, other) in self.mutes,
                either_blocks=not self.blocks.isdisjoint({(one, other), (other, one)}),
            )
            for one, other in pairs
        }
        if self.before_answer is not None:
            await self.before_answer()
        return answer


class Scenario:
    """Consumes the events of acts, up to `at_once` recipients in a transaction."""

    def __init__(self, store: NotificationStore, clock: ManualClock, *, at_once: int = 500) -> None:
        self.store = store
        self.clock = clock
        self.graph = FakeGraph()
        self.notifier = Notifier(
            store=store,
            graph=self.graph,
            ids=IdGenerator(clock=clock, worker=FixedWorker()),
            schedule=Schedule(digest_hour=7),
            clock=clock,
            at_once=at_once,
        )
        self.visibility = FakeVisibility()
        self.visible_notifications = VisibleNotifications(store=store, visibility=self.visibility)
        self.cleanup = AccountCleanup(store=store, graph=self.graph, clock=clock, at_once=at_once)
        self.consume = NotificationConsumer(self.notifier, self.cleanup)
        self._numbers = itertools.count(101)

    async def handle(self, *bodies: Message) -> list[Event]:
        """The events of one partition arrive together."""
        events = [self.event(body) for body in bodies]
        await self.consume(events)
        return events

    def event(self, body: Message) -> Event:
        self.clock.advance(1)
        message = OutboxMessage.of(topic="test", key=1, body=body)
        return Event.from_message(message, time=self.clock.now(), traceparent=None)

    def post(self, author_id: int, **fields: Any) -> post_pb2.Post:
        return a_post(next(self._numbers), author_id, **fields)

    async def groups(self, user_id: int, *kinds: Kind) -> list[Group]:
        return await self.store.groups(user_id, kinds=kinds, before=MAX_ID, limit=1000)

    async def listed(self, user_id: int) -> list[tuple[str, int, tuple[int, ...]]]:
        """The list, newest first: kind, post, and actors."""
        return [
            (each.kind.name.lower(), each.post_id, each.actor_ids)
            for each in await self.groups(user_id)
        ]


def a_post(
    post_id: int,
    author_id: int,
    *,
    mentions: Sequence[int] = (),
    answers: post_pb2.Post | None = None,
    quotes: post_pb2.Post | None = None,
    visibility: post_pb2.Visibility = post_pb2.VISIBILITY_PUBLIC,
) -> post_pb2.Post:
    made = post_pb2.Post(
        id=post_id,
        author_id=author_id,
        visibility=visibility,
        conversation_id=answers.conversation_id if answers else post_id,
        reply_to_post_id=answers.id if answers else 0,
        reply_to_author_id=answers.author_id if answers else 0,
        quoted_post_id=quotes.id if quotes else 0,
    )
    for user_id in mentions:
        made.entities.add(mention=post_pb2.Mention(user_id=user_id))
    return made


def created(post: post_pb2.Post, *, quoting: int = 0) -> posts.PostCreated:
    return posts.PostCreated(post=post, quoted_author_id=quoting)


def edited(post: post_pb2.Post, *, before: Sequence[int]) -> posts.PostUpdated:
    return posts.PostUpdated(post=post, previous_mentioned_user_ids=before)


def deleted(post: post_pb2.Post) -> posts.PostDeleted:
    return posts.PostDeleted(post_id=post.id, author_id=post.author_id)


def liked(user_id: int, post: post_pb2.Post) -> posts.PostLiked:
    return posts.PostLiked(post_id=post.id, author_id=post.author_id, user_id=user_id)


def unliked(user_id: int, post: post_pb2.Post) -> posts.PostUnliked:
    return posts.PostUnliked(post_id=post.id, author_id=post.author_id, user_id=user_id)


def reposted(user_id: int, post: post_pb2.Post) -> posts.PostReposted:
    return posts.PostReposted(entry=_entry(user_id, post))


def undone(user_id: int, post: post_pb2.Post) -> posts.RepostUndone:
    return posts.RepostUndone(entry=_entry(user_id, post))


def _entry(user_id: int, post: post_pb2.Post) -> post_pb2.TimelineEntry:
    return post_pb2.TimelineEntry(
        entry_id=900, post_id=post.id, author_id=post.author_id, reposter_id=user_id
    )


def followed(
    follower: int, followee: int, *, by_request: bool = False, by_opening: bool = False
) -> users.FollowCreated:
    return users.FollowCreated(
        follower_id=follower,
        followee_id=followee,
        by_request=by_request,
        by_opening=by_opening,
    )


def unfollowed(follower: int, followee: int) -> users.FollowRemoved:
    return users.FollowRemoved(follower_id=follower, followee_id=followee)


def requested(follower: int, followee: int) -> users.FollowRequested:
    return users.FollowRequested(follower_id=follower, followee_id=followee)


def request_removed(follower: int, followee: int) -> users.FollowRequestRemoved:
    return users.FollowRequestRemoved(follower_id=follower, followee_id=followee)


def blocked(blocker: int, other: int) -> users.BlockCreated:
    return users.BlockCreated(blocker_id=blocker, blocked_id=other)


def muted(muter: int, other: int) -> users.MuteCreated:
    return users.MuteCreated(muter_id=muter, muted_id=other)


def unmuted(muter: int, other: int) -> users.MuteRemoved:
    return users.MuteRemoved(muter_id=muter, muted_id=other)


def protects(user_id: int, *, protected: bool = True) -> users.UserUpdated:
    return users.UserUpdated(
        user=user_pb2.User(id=user_id, protected=protected), changed_fields=["protected"]
    )


def left(user_id: int) -> users.UserDeleted:
    return users.UserDeleted(user_id=user_id)


def session_ended(user_id: int, session_id: int) -> users.SessionRevoked:
    return users.SessionRevoked(user_id=user_id, session_id=session_id)

"""Events make right what a process that died had no time to forget."""

from datetime import UTC
from typing import Any, cast

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from roost.post.v1 import post_events_pb2 as own
from roost.post.v1.post_pb2 import Post, TimelineEntry
from roost.user.v1 import user_events_pb2 as users
from roost.user.v1.user_pb2 import User

from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.clock import ManualClock
from services.post.domain.model import AccountState
from services.post.domain.store import ChangedIds
from services.post.rpc.read_cache.profile_cache import ProfileCache
from services.post.rpc.read_cache.state_cache import PostStateCache
from services.post.worker import consumer
from services.post.worker.account_cleanup import AccountCleanup
from services.post.worker.protections import Protections


class Forgetful:
    """Notes what is forgotten, and who left."""

    def __init__(self) -> None:
        self.profiles: list[int] = []
        self.pairs: list[tuple[int, int]] = []
        self.changed: list[ChangedIds] = []
        self.left: list[int] = []
        self.parted: list[tuple[int, int]] = []
        self.accounts: list[tuple[int, AccountState]] = []

    async def invalidate(self, first: Any, pairs: Any = None) -> None:
        if isinstance(first, ChangedIds):
            self.changed.append(first)
        else:
            self.profiles += first
            self.pairs += pairs

    async def account_deleted(self, user_id: int) -> None:
        self.left.append(user_id)

    async def users_blocked(self, one_id: int, other_id: int) -> None:
        self.parted.append((one_id, other_id))

    async def account_changed(self, user_id: int, account: AccountState) -> None:
        self.accounts.append((user_id, account))

    async def delete_account(self, user_id: int) -> None:
        self.left.append(-user_id)

    async def post_deleted(self, post_id: int, author_id: int) -> None:
        self.left.append(post_id)


async def hears(body: Message) -> Forgetful:
    forgetful = Forgetful()
    routes = consumer.routes(
        cast(AccountCleanup, forgetful),
        protections=cast(Protections, forgetful),
        states=cast(PostStateCache, forgetful),
        profile_cache=cast(ProfileCache, forgetful),
    )
    message = OutboxMessage.of(topic="t", key=1, body=body)
    handle = routes(message.type)
    assert handle is not None
    await handle(Event.from_message(message, time=ManualClock().now(), traceparent=None))
    return forgetful


@pytest.mark.parametrize(
    "event",
    [
        users.FollowCreated(follower_id=1, followee_id=2),
        users.FollowRemoved(follower_id=1, followee_id=2),
        users.FollowRequested(follower_id=1, followee_id=2),
        users.FollowRequestRemoved(follower_id=1, followee_id=2),
        users.BlockCreated(blocker_id=1, blocked_id=2),
        users.BlockRemoved(blocker_id=1, blocked_id=2),
        users.MuteCreated(muter_id=1, muted_id=2),
        users.MuteRemoved(muter_id=1, muted_id=2),
    ],
    ids=lambda event: event.DESCRIPTOR.name,
)
async def test_ties_that_changed_are_forgotten(event: Message) -> None:
    assert (await hears(event)).pairs == [(1, 2)]


async def test_a_block_parts_two_people_and_its_end_does_not_undo_that() -> None:
    blocked = await hears(users.BlockCreated(blocker_id=1, blocked_id=2))
    unblocked = await hears(users.BlockRemoved(blocker_id=1, blocked_id=2))

    assert (blocked.parted, unblocked.parted) == ([(1, 2)], [])


async def test_a_profile_that_changed_is_forgotten() -> None:
    assert (await hears(users.UserUpdated(user=User(id=7)))).profiles == [7]


async def test_whoever_left_is_forgotten_before_their_posts_go() -> None:
    heard = await hears(users.UserDeleted(user_id=7))

    assert (heard.profiles, heard.left) == ([7], [7, -7])


async def test_an_account_that_becomes_protected_is_counted_otherwise() -> None:
    written = Timestamp(seconds=1_748_779_200)
    user = User(id=7, protected=True, update_time=written)

    heard = await hears(users.UserUpdated(user=user, changed_fields=["bio", "protected"]))
    edited = await hears(users.UserUpdated(user=user, changed_fields=["bio"]))

    assert heard.accounts == [(7, AccountState(True, written.ToDatetime(tzinfo=UTC)))]
    assert edited.accounts == []


@pytest.mark.parametrize(
    ("event", "changed"),
    [
        (own.PostCreated(post=Post(id=5, author_id=9)), ChangedIds()),
        (own.PostCreated(post=Post(id=5, author_id=9, reply_to_post_id=4)), ChangedIds({4})),
        (own.PostCreated(post=Post(id=5, author_id=9, quoted_post_id=3)), ChangedIds({3})),
        (own.PostUpdated(post=Post(id=5, author_id=9)), ChangedIds({5})),
        (own.PostLiked(post_id=5, author_id=9, user_id=2), ChangedIds({5}, {2})),
        (own.PostUnliked(post_id=5, author_id=9, user_id=2), ChangedIds({5}, {2})),
        (
            own.PostReposted(
                entry=TimelineEntry(entry_id=9, post_id=5, author_id=9, reposter_id=2)
            ),
            ChangedIds({5}, {2}),
        ),
        (
            own.RepostUndone(
                entry=TimelineEntry(entry_id=9, post_id=5, author_id=9, reposter_id=2)
            ),
            ChangedIds({5}, {2}),
        ),
        (own.PostDeleted(post_id=5, author_id=9, reply_to_post_id=4), ChangedIds({4, 5})),
    ],
    ids=lambda given: given.DESCRIPTOR.name if isinstance(given, Message) else "",
)
async def test_states_that_changed_are_forgotten(event: Message, changed: ChangedIds) -> None:
    assert (await hears(event)).changed == [changed]


def test_every_event_of_a_post_is_heard() -> None:
    routes = consumer.routes(
        cast(AccountCleanup, None),
        protections=cast(Protections, None),
        states=cast(PostStateCache, None),
        profile_cache=cast(ProfileCache, None),
    )

    published = [each.full_name for each in own.DESCRIPTOR.message_types_by_name.values()]

    assert [each for each in published if routes(each) is None] == []

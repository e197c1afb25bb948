"""Events repeat the invalidations of a process that died before them, and change media."""

from datetime import UTC
from typing import Any, cast
from uuid import UUID

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from roost.media.v1 import media_events_pb2 as media
from roost.post.v1 import post_events_pb2 as own
from roost.post.v1.post_pb2 import Post, TimelineEntry
from roost.user.v1 import user_events_pb2 as users
from roost.user.v1.user_pb2 import User

from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.clock import ManualClock
from services.post.adapters.memory import MemoryStore
from services.post.domain.model import OPEN_ACCOUNT, AccountState
from services.post.domain.model import Post as StoredPost
from services.post.domain.store import ChangedIds, NewPost
from services.post.rpc.convert import to_post
from services.post.rpc.read_cache.profile_cache import ProfileCache
from services.post.rpc.read_cache.state_cache import PostStateCache
from services.post.worker import consumer
from services.post.worker.account_cleanup import AccountCleanup
from services.post.worker.protections import Protections
from tests.builders.posts import a_medium, a_medium_message, a_post


class RecordingHandlers:
    """Records invalidations and cleanups."""

    def __init__(self) -> None:
        self.profiles: list[int] = []
        self.pairs: list[tuple[int, int]] = []
        self.changed: list[ChangedIds] = []
        self.events: set[UUID] = set()
        self.deleted: list[int] = []
        self.blocked: list[tuple[int, int]] = []
        self.accounts: list[tuple[int, AccountState]] = []

    async def invalidate(self, first: Any, pairs: Any = None) -> None:
        if isinstance(first, ChangedIds):
            self.changed.append(first)
        else:
            self.profiles += first
            self.pairs += pairs

    async def invalidate_again(self, event_id: UUID, first: Any, pairs: Any = None) -> None:
        self.events.add(event_id)
        await self.invalidate(first, pairs)

    async def account_deleted(self, user_id: int) -> None:
        self.deleted.append(user_id)

    async def users_blocked(self, one_id: int, other_id: int) -> None:
        self.blocked.append((one_id, other_id))

    async def account_changed(self, user_id: int, account: AccountState) -> None:
        self.accounts.append((user_id, account))

    async def delete_account(self, user_id: int) -> None:
        self.deleted.append(-user_id)

    async def post_deleted(self, post_id: int, author_id: int) -> None:
        self.deleted.append(post_id)


async def handle(body: Message, store: MemoryStore | None = None) -> RecordingHandlers:
    recording = RecordingHandlers()
    store = store or MemoryStore(clock=ManualClock())
    store.on_change(recording.invalidate)
    routes = consumer.routes(
        cast(AccountCleanup, recording),
        protections=cast(Protections, recording),
        store=store,
        states=cast(PostStateCache, recording),
        profile_cache=cast(ProfileCache, recording),
    )
    message = OutboxMessage.of(topic="t", key=1, body=body)
    handle = routes(message.type)
    assert handle is not None
    event = Event.from_message(message, time=ManualClock().now(), traceparent=None)
    await handle(event)
    # Each invalidation is a repetition of what the write of this event did.
    assert recording.events <= {event.event_id}
    return recording


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
async def test_changed_relationships_are_invalidated(event: Message) -> None:
    assert (await handle(event)).pairs == [(1, 2)]


async def test_a_block_removes_reposts_and_its_end_does_not_restore_them() -> None:
    blocked = await handle(users.BlockCreated(blocker_id=1, blocked_id=2))
    unblocked = await handle(users.BlockRemoved(blocker_id=1, blocked_id=2))

    assert (blocked.blocked, unblocked.blocked) == ([(1, 2)], [])


async def test_a_changed_profile_is_invalidated() -> None:
    assert (await handle(users.UserUpdated(user=User(id=7)))).profiles == [7]


async def test_a_deleted_account_is_invalidated_before_its_posts_are_deleted() -> None:
    handled = await handle(users.UserDeleted(user_id=7))

    assert (handled.profiles, handled.deleted) == ([7], [7, -7])


async def test_an_account_that_becomes_protected_changes_counts() -> None:
    written = Timestamp(seconds=1_748_779_200)
    user = User(id=7, protected=True, update_time=written)

    handled = await handle(users.UserUpdated(user=user, changed_fields=["bio", "protected"]))
    edited = await handle(users.UserUpdated(user=user, changed_fields=["bio"]))

    assert handled.accounts == [(7, AccountState(True, written.ToDatetime(tzinfo=UTC)))]
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
async def test_changed_states_are_invalidated(event: Message, changed: ChangedIds) -> None:
    assert (await handle(event)).changed == [changed]


def test_every_event_of_a_post_has_a_handler() -> None:
    routes = consumer.routes(
        cast(AccountCleanup, None),
        protections=cast(Protections, None),
        store=MemoryStore(clock=ManualClock()),
        states=cast(PostStateCache, None),
        profile_cache=cast(ProfileCache, None),
    )

    published = [each.full_name for each in own.DESCRIPTOR.message_types_by_name.values()]

    assert [each for each in published if routes(each) is None] == []


# Alice's post with the medium 7.
POST = a_post(5, 1, media=(a_medium(7),))


async def a_store() -> MemoryStore:
    store = MemoryStore(clock=ManualClock())
    message = OutboxMessage(topic="t", key="1", type="created", payload=b"")
    await store.create(NewPost(POST, OPEN_ACCOUNT, message, None, b""))
    return store


async def stored(store: MemoryStore) -> StoredPost:
    return (await store.posts([POST.id]))[POST.id]


async def test_a_changed_medium_replaces_the_one_in_its_post() -> None:
    store = await a_store()
    changed = a_medium_message(7, version=2, post_id=POST.id, folder="m/k")

    handled = await handle(media.MediumUpdated(medium=changed, changed_fields=["folder"]), store)

    assert [each.alt_text for each in to_post(await stored(store)).media] == ["medium 7, version 2"]
    assert handled.changed == [ChangedIds({POST.id})]


async def test_an_older_event_of_a_medium_changes_nothing_and_invalidates() -> None:
    store = await a_store()
    for version in (10, 9):
        changed = a_medium_message(7, version=version, post_id=POST.id)
        handled = await handle(media.MediumUpdated(medium=changed), store)

    assert (await stored(store)).media == (a_medium(7, version=10, post_id=POST.id),)
    assert ChangedIds({POST.id}) in handled.changed


async def test_a_deleted_medium_is_removed_from_its_post() -> None:
    store = await a_store()

    handled = await handle(media.MediumDeleted(medium_id=7, owner_id=1, post_id=POST.id), store)

    assert (await stored(store)).media == ()
    assert handled.changed == [ChangedIds({POST.id})]


@pytest.mark.parametrize(
    "event",
    [
        media.MediumUpdated(medium=a_medium_message(7, version=2)),
        media.MediumDeleted(medium_id=7, owner_id=1),
        media.MediumUpdated(medium=a_medium_message(8, version=2, post_id=POST.id)),
    ],
)
async def test_media_of_no_post_and_of_other_posts_change_nothing(event: Message) -> None:
    store = await a_store()

    await handle(event, store)

    assert await stored(store) == POST


async def test_a_change_of_media_publishes_no_event_of_the_post() -> None:
    store = await a_store()
    before = len(store.database.published)

    changed = a_medium_message(7, version=2, post_id=POST.id)
    await handle(media.MediumUpdated(medium=changed), store)
    await handle(media.MediumDeleted(medium_id=7, owner_id=1, post_id=POST.id), store)

    assert len(store.database.published) == before

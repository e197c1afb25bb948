"""What events of posts and accounts do to media, also out of order and more than once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from google.protobuf.message import Message
from roost.media.v1.media_events_pb2 import MediumDeleted, MediumUpdated
from roost.post.v1 import post_events_pb2 as posts
from roost.post.v1.post_pb2 import (
    VISIBILITY_FOLLOWERS,
    VISIBILITY_MENTIONED,
    VISIBILITY_PUBLIC,
    AudienceLimit,
    Mention,
    Post,
)
from roost.user.v1 import user_events_pb2 as users
from roost.user.v1.user_pb2 import User

from services.chassis.events.records import Event, OutboxMessage
from services.media.domain import claims
from services.media.domain.model import Access, AccountState, Claim, Medium, Use
from services.media.worker import consumer
from services.media.worker.audiences import BLOCK_DELAY
from tests.builders.media_worker import World


class Events:
    """Delivers events to the consumer."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes = consumer.routes(world.worker.audiences)
        world.services.accounts |= {
            each: AccountState(False, world.clock.now()) for each in (world.alice, world.bob)
        }

    async def deliver(self, body: Message) -> None:
        message = OutboxMessage.of(topic="events", key=1, body=body)
        # Ids of tests are not times.
        far = datetime.fromisoformat("2036-01-01T00:00:00+00:00")
        event = Event.from_message(message, time=far, traceparent=None)
        handle = self._routes(event.type)
        assert handle is not None
        await handle(event)

    async def post(self, post_id: int, media: Iterable[Medium], **given: Any) -> Post:
        post = self.a_post(post_id, media, **given)
        await self.deliver(posts.PostCreated(post=post))
        return post

    def a_post(self, post_id: int, media: Iterable[Medium], **given: Any) -> Post:
        usual = {
            "author_id": self._world.alice,
            "visibility": VISIBILITY_PUBLIC,
            "revision": 1,
            "media_ids": [each.id for each in media],
        }
        return Post(id=post_id, **(usual | given))

    async def profile(self, user_id: int, *changed: str, seconds: int = 0, **given: Any) -> None:
        user = User(id=user_id, **given)
        user.update_time.FromDatetime(self._world.clock.now() + timedelta(seconds=seconds))
        await self.deliver(users.UserUpdated(user=user, changed_fields=changed))

    async def block(self) -> None:
        world = self._world
        await self.deliver(users.BlockCreated(blocker_id=world.alice, blocked_id=world.bob))

    async def delete_user(self, user_id: int) -> None:
        body = users.UserDeleted(user_id=user_id)
        body.delete_time.FromDatetime(self._world.clock.now())
        await self.deliver(body)


@pytest.fixture
def events(world: World) -> Events:
    return Events(world)


@pytest.fixture
def post_id(world: World) -> int:
    return world.numbers.of(world.alice)


def published(world: World, kind: type[Message]) -> list[Any]:
    events = world.store.database.published  # type: ignore[attr-defined]
    name = kind.DESCRIPTOR.full_name
    return [kind.FromString(each.payload) for each in events if each.type == name]


async def settled(world: World, medium: Medium) -> Medium:
    await world.settle()
    await world.check([medium])
    return await world.current(medium)


def claim_of(medium: Medium) -> Claim:
    assert medium.claim is not None
    return medium.claim


async def test_medium_of_a_public_post_becomes_open(
    world: World, events: Events, post_id: int
) -> None:
    medium = await world.attached(post_id)

    await events.post(post_id, [medium])

    assert claim_of(await world.current(medium)).confirmed
    assert (await settled(world, medium)).folder.startswith(f"{Access.OPEN}/")


@pytest.mark.parametrize(
    "closed",
    [
        {"visibility": VISIBILITY_FOLLOWERS},
        {"visibility": VISIBILITY_MENTIONED},
        {"audience_limits": [AudienceLimit(author_id=9, visibility=VISIBILITY_FOLLOWERS)]},
        # The account is deleted: the User service does not return it.
        {
            "audience_limits": [
                AudienceLimit(author_id=9, visibility=VISIBILITY_PUBLIC, was_protected=True)
            ]
        },
    ],
)
async def test_medium_of_a_post_with_a_closed_audience_stays_closed(
    world: World, events: Events, post_id: int, closed: dict[str, Any]
) -> None:
    medium = await world.attached(post_id)

    await events.post(post_id, [medium], **closed)

    current = await settled(world, medium)
    assert claim_of(current).confirmed
    assert current.folder == medium.folder


async def test_account_that_was_protected_before_this_service_existed_closes_its_posts(
    world: World, events: Events, post_id: int
) -> None:
    world.services.accounts[world.alice] = AccountState(True, world.clock.now())
    medium = await world.attached(post_id)

    await events.post(post_id, [medium])

    assert (await settled(world, medium)).folder == medium.folder
    assert world.services.asked == [world.alice]


async def test_account_is_requested_once(world: World, events: Events, post_id: int) -> None:
    for _ in range(2):
        await events.post(post_id, [await world.attached(post_id)])

    assert world.services.asked == [world.alice]


async def test_post_without_media_stores_nothing(
    world: World, events: Events, post_id: int
) -> None:
    await events.post(post_id, [])

    assert await world.store.audience(world.alice, post_id) is None
    assert not world.services.asked


async def test_medium_that_an_edit_removed_stays_attached(
    world: World, events: Events, post_id: int
) -> None:
    first = await world.attached(post_id)
    await events.post(post_id, [first])
    second = await world.attached(post_id, key="edit")

    edited = events.a_post(post_id, [second], revision=2)
    await events.deliver(posts.PostUpdated(post=edited))

    for each in (first, second):
        claim = claim_of(await world.current(each))
        assert (claim.post_id, claim.confirmed) == (post_id, True)


async def test_late_event_of_the_creation_leaves_the_claim_of_an_edit_provisional(
    world: World, events: Events, post_id: int
) -> None:
    first = await world.attached(post_id)
    second = await world.attached(post_id, key="edit")

    await events.post(post_id, [first])

    assert claim_of(await world.current(first)).confirmed
    assert not claim_of(await world.current(second)).confirmed
    assert (await settled(world, second)).folder == second.folder


async def test_claim_that_was_released_too_early_is_made_again(
    world: World, events: Events, post_id: int
) -> None:
    medium = await world.ready()

    await events.post(post_id, [medium])

    current = await world.current(medium)
    claim = claim_of(current)
    assert (claim.use, claim.post_id, claim.confirmed) == (Use.POST, post_id, True)
    assert current.expire_time is None
    assert [each.medium.post_id for each in published(world, MediumUpdated)] == [post_id]


async def test_post_cannot_take_the_medium_of_another_post(
    world: World, events: Events, post_id: int
) -> None:
    medium = await world.attached(post_id)
    await events.post(post_id, [medium])

    await events.post(world.numbers.of(world.alice), [medium])

    assert claim_of(await world.current(medium)).post_id == post_id


async def test_post_cannot_take_the_medium_of_another_user(
    world: World, events: Events, post_id: int
) -> None:
    medium = await world.ready(world.bob)

    await events.post(post_id, [medium])

    assert (await world.current(medium)).claim is None


async def test_deleted_post_takes_its_media_with_it(
    world: World, events: Events, post_id: int
) -> None:
    medium = await world.attached(post_id)
    await events.post(post_id, [medium])
    folder = (await settled(world, medium)).folder

    await events.deliver(posts.PostDeleted(post_id=post_id, author_id=world.alice))
    await world.settle()

    await world.check()
    assert await world.find(medium) is None
    assert not world.storage.stored
    assert folder in world.purger.purged
    (deleted,) = published(world, MediumDeleted)
    assert (deleted.medium_id, deleted.post_id) == (medium.id, post_id)


async def test_claim_that_is_confirmed_after_the_deletion_of_its_post_is_deleted(
    world: World, events: Events, post_id: int
) -> None:
    await events.deliver(posts.PostDeleted(post_id=post_id, author_id=world.alice))
    medium = await world.attached(post_id)

    await events.post(post_id, [medium])

    assert await world.find(medium) is None
    await world.settle()
    await world.check()


async def test_account_that_becomes_protected_closes_the_media_of_its_posts(
    world: World, events: Events, post_id: int
) -> None:
    medium = await world.attached(post_id)
    await events.post(post_id, [medium])
    opened = await settled(world, medium)

    await events.profile(world.alice, "protected", seconds=1, protected=True)

    closed = await settled(world, medium)
    assert closed.folder.startswith(f"{Access.CLOSED}/")
    assert opened.folder in world.purger.purged
    assert not [key for key in world.storage.stored if key.startswith(f"{Access.OPEN}/")]

    await events.profile(world.alice, "protected", seconds=20_000, protected=False)
    assert (await settled(world, medium)).folder.startswith(f"{Access.OPEN}/")


async def test_author_above_who_becomes_protected_closes_the_media_of_a_reply(
    world: World, events: Events, post_id: int
) -> None:
    medium = await world.attached(post_id)
    limit = AudienceLimit(author_id=world.bob, visibility=VISIBILITY_PUBLIC)
    await events.post(post_id, [medium], audience_limits=[limit])
    assert (await settled(world, medium)).open

    await events.profile(world.bob, "protected", seconds=1, protected=True)

    assert not (await settled(world, medium)).open


async def test_older_state_of_an_account_changes_nothing(
    world: World, events: Events, post_id: int
) -> None:
    medium = await world.attached(post_id)
    await events.post(post_id, [medium])
    await events.profile(world.alice, "protected", seconds=10, protected=True)

    await events.profile(world.alice, "protected", seconds=5, protected=False)

    assert not (await settled(world, medium)).open


async def test_profile_picture_is_open_although_the_account_is_protected(
    world: World, events: Events
) -> None:
    medium = await world.claim(await world.ready(), Use.AVATAR)

    await events.profile(world.alice, "avatar_media_id", avatar_media_id=medium.id, protected=True)

    current = await settled(world, medium)
    assert claim_of(current).confirmed
    assert current.folder.startswith(f"{Access.OPEN}/")


async def test_replaced_profile_picture_is_deleted_and_the_banner_stays(
    world: World, events: Events
) -> None:
    first = await world.claim(await world.ready(), Use.AVATAR)
    banner = await world.claim(await world.ready(), Use.BANNER)
    shown = {"avatar_media_id": first.id, "banner_media_id": banner.id}
    await events.profile(world.alice, "avatar_media_id", **shown)
    second = await world.claim(await world.ready(), Use.AVATAR, key="second")
    third = await world.claim(await world.ready(), Use.AVATAR, key="third")

    shown["avatar_media_id"] = second.id
    await events.profile(world.alice, "avatar_media_id", seconds=1, **shown)

    assert await world.find(first) is None
    assert claim_of(await world.current(second)).confirmed
    assert claim_of(await world.current(banner)).confirmed
    # The write of the third has not happened yet.
    assert not claim_of(await world.current(third)).confirmed


@pytest.mark.parametrize("late", [False, True])
async def test_profile_picture_that_comes_back_is_not_deleted_by_the_write_in_between(
    world: World, events: Events, late: bool
) -> None:
    first = await world.claim(await world.ready(), Use.AVATAR)
    if not late:
        await events.profile(world.alice, "avatar_media_id", avatar_media_id=first.id)
    second = await world.claim(await world.ready(), Use.AVATAR, key="second")
    async with world.store.transaction() as transaction:
        again = Claim(Use.AVATAR, 0, "back", world.clock.now() + timedelta(seconds=2))
        await claims.claim(transaction, world.alice, [first.id], again)
    if late:
        await events.profile(world.alice, "avatar_media_id", avatar_media_id=first.id)

    shown = {"avatar_media_id": second.id}
    await events.profile(world.alice, "avatar_media_id", seconds=1, **shown)
    assert claim_of(await world.current(first)).confirmed
    shown = {"avatar_media_id": first.id}
    await events.profile(world.alice, "avatar_media_id", seconds=2, **shown)

    assert claim_of(await world.current(first)).confirmed
    assert await world.find(second) is None


async def test_older_profile_does_not_delete_the_newer_picture(
    world: World, events: Events
) -> None:
    first = await world.claim(await world.ready(), Use.AVATAR)
    second = await world.claim(await world.ready(), Use.AVATAR, key="second")
    await events.profile(world.alice, "avatar_media_id", seconds=1, avatar_media_id=second.id)

    await events.profile(world.alice, "avatar_media_id", avatar_media_id=first.id)

    assert claim_of(await world.current(second)).confirmed


async def test_deleted_account_leaves_no_media(world: World, events: Events, post_id: int) -> None:
    other = await world.ready(world.bob)
    media = [
        await world.attached(post_id),
        await world.claim(await world.ready(), Use.AVATAR),
        await world.ready(),
        await world.uploaded(),
    ]

    await events.delete_user(world.alice)
    await world.settle()

    assert not await world.store.media([each.id for each in media])
    assert await world.find(other) is not None
    assert {key.rpartition("/")[0] for key in world.storage.stored} == {other.folder}
    await world.check([other])


async def test_block_moves_the_closed_media_of_the_blocker(
    world: World, events: Events, post_id: int
) -> None:
    closed = await world.attached(post_id)
    await events.post(post_id, [closed], visibility=VISIBILITY_FOLLOWERS)
    second_post = world.numbers.of(world.alice)
    opened = await world.attached(second_post)
    await events.post(second_post, [opened])
    unattached = await world.ready()
    opened = await settled(world, opened)

    await events.block()

    moved = await settled(world, closed)
    assert moved.folder != closed.folder
    assert moved.folder.startswith(f"{Access.CLOSED}/")
    assert closed.folder in world.purger.purged
    assert not [key for key in world.storage.stored if key.startswith(f"{closed.folder}/")]
    assert (await world.current(opened)).folder == opened.folder
    assert (await world.current(unattached)).folder == unattached.folder


async def test_block_moves_the_closed_media_of_replies_below_the_blocker(
    world: World, events: Events
) -> None:
    reply_id = world.numbers.of(world.bob)
    medium = await world.attached(reply_id, owner_id=world.bob)
    above = AudienceLimit(author_id=world.alice, visibility=VISIBILITY_FOLLOWERS)
    await events.post(reply_id, [medium], author_id=world.bob, audience_limits=[above])

    await events.block()

    moved = await settled(world, medium)
    assert moved.folder != medium.folder
    assert world.purger.purged == [medium.folder]


async def test_edit_that_removes_a_mention_moves_closed_media(
    world: World, events: Events, post_id: int
) -> None:
    medium = await world.attached(post_id)
    post = await events.post(post_id, [medium], visibility=VISIBILITY_MENTIONED)
    post.entities.add(mention=Mention(user_id=world.alice))
    post.revision = 2

    await events.deliver(posts.PostUpdated(post=post, previous_mentioned_user_ids=[world.alice]))
    assert (await settled(world, medium)).folder == medium.folder
    await events.deliver(
        posts.PostUpdated(post=post, previous_mentioned_user_ids=[world.alice, world.bob])
    )

    moved = await settled(world, medium)
    assert moved.folder != medium.folder
    assert moved.folder.startswith(f"{Access.CLOSED}/")
    assert world.purger.purged == [medium.folder]


async def test_blocks_in_a_row_move_media_once(world: World, events: Events, post_id: int) -> None:
    medium = await world.attached(post_id)
    await events.post(post_id, [medium], visibility=VISIBILITY_FOLLOWERS)

    for _ in range(3):
        await events.block()
        await world.worker.placements.run_due()
        world.clock.advance(BLOCK_DELAY / 4)
    assert (await world.current(medium)).folder == medium.folder
    # Later blocks do not put it off.
    world.clock.advance(BLOCK_DELAY / 4)
    await world.worker.placements.run_due()

    moved = await world.current(medium)
    assert moved.folder != medium.folder
    await world.settle()
    assert (await world.current(medium)).folder == moved.folder


async def test_every_event_may_come_again(world: World, events: Events, post_id: int) -> None:
    medium = await world.attached(post_id)
    post = await events.post(post_id, [medium])
    await events.profile(world.alice, "protected", protected=False)
    before = await settled(world, medium)
    count = len(published(world, MediumUpdated))

    await events.deliver(posts.PostCreated(post=post))
    await events.deliver(posts.PostUpdated(post=post))

    assert await settled(world, medium) == before
    assert len(published(world, MediumUpdated)) == count

"""What is to go out once people were told, in the same transaction; on every store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.message import Message
from roost.post.v1.post_pb2 import Post

from services.chassis.runtime.errors import Unavailable
from services.delivery.adapters.memory import MemoryDeliveryStore
from services.delivery.adapters.postgres import PostgresDeliveryStore
from services.delivery.domain.model import (
    Channel,
    Delivery,
    MailAddress,
    Outcome,
    PushSubscription,
    State,
)
from services.delivery.domain.schedule import PUSH_AFTER, next_digest
from services.delivery.domain.store import DeliveryStore
from services.delivery.domain.unread_queries import StoredUnread
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.domain import preferences
from services.notification.domain.model import (
    KEPT,
    NO_QUIET_HOURS,
    DaySettings,
    Kind,
    QuietHours,
    Wish,
)
from services.notification.domain.read_markers import mark_read
from services.notification.domain.store import NotificationStore
from services.notification.worker.retention import Retention
from tests.stores.notification.world import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    World,
    blocked,
    followed,
    liked,
    muted,
    reposted,
    request_removed,
    requested,
    undone,
    unfollowed,
    unliked,
    unmuted,
)


@pytest.fixture
def deliveries(store: NotificationStore) -> DeliveryStore:
    if isinstance(store, MemoryNotificationStore):
        return MemoryDeliveryStore(store.database)
    return PostgresDeliveryStore(store._database)


@pytest.fixture(autouse=True)
async def device(world: World) -> PushSubscription:
    """Alice has a device, and an address that is confirmed."""
    now = world.clock.now()
    added = PushSubscription(
        id=1,
        user_id=ALICE,
        session_id=1,
        endpoint="https://push.example/1",
        key=b"k" * 65,
        secret=b"s" * 16,
        create_time=now,
        expire_time=now + timedelta(days=365),
    )
    async with world.store.transaction() as transaction:
        await transaction.save_subscription(added)
        await transaction.save_address(
            MailAddress(user_id=ALICE, address="alice@mail.example", confirmed=True)
        )
    return added


def unread_of(world: World) -> StoredUnread:
    return StoredUnread(store=world.store, showing=world.showing, clock=world.clock)


async def due(
    world: World, deliveries: DeliveryStore, channel: Channel, after: timedelta = PUSH_AFTER
) -> list[Delivery]:
    """What a worker takes on, that much later."""
    world.clock.advance(after)
    now = world.clock.now()
    until = now + timedelta(seconds=30)
    return await deliveries.claim(channel, now=now, until=until, limit=99, share=99, taken={})


async def test_whoever_is_told_hears_of_it_on_their_devices(
    world: World, deliveries: DeliveryStore
) -> None:
    post = world.post(ALICE)

    await world.hear(liked(BOB, post))

    (group,) = await world.groups(ALICE)
    (push,) = await due(world, deliveries, Channel.PUSH)
    assert (push.user_id, push.topic, push.version) == (ALICE, f"LIKE:{post.id}", group.id)
    unread = await unread_of(world).unread({(ALICE, push.version)})
    assert unread == {(ALICE, group.id): group}


async def test_the_digest_is_due_within_a_day(world: World, deliveries: DeliveryStore) -> None:
    await world.hear(liked(BOB, world.post(ALICE)), followed(CAROL, ALICE))

    early = await due(world, deliveries, Channel.DIGEST)
    late = await due(world, deliveries, Channel.DIGEST, timedelta(days=1))

    assert early == []
    assert [each.user_id for each in late] == [ALICE]


async def test_a_group_that_grows_is_one_message(world: World, deliveries: DeliveryStore) -> None:
    post = world.post(ALICE)
    await world.hear(liked(BOB, post))
    await world.hear(liked(CAROL, post))

    (group,) = await world.groups(ALICE)
    (push,) = await due(world, deliveries, Channel.PUSH)
    assert push.version == group.id


async def test_a_kind_that_is_not_to_be_pushed_is_not(
    world: World, deliveries: DeliveryStore
) -> None:
    async with world.store.transaction() as transaction:
        await preferences.update(
            transaction,
            ALICE,
            wishes={Kind.LIKE: Wish(push=False)},
            email_digest=None,
            etag="",
        )

    await world.hear(liked(BOB, world.post(ALICE)), followed(BOB, ALICE))

    assert [each.topic for each in await due(world, deliveries, Channel.PUSH)] == ["FOLLOW"]


async def test_a_muted_person_is_not_pushed_and_unmuting_is_no_news(
    world: World, deliveries: DeliveryStore
) -> None:
    await world.hear(muted(ALICE, BOB))
    world.graph.mutes.add((ALICE, BOB))
    await world.hear(liked(BOB, world.post(ALICE)))
    hidden = await due(world, deliveries, Channel.PUSH)
    await world.hear(unmuted(ALICE, BOB))

    shown = await world.told(ALICE)

    assert hidden == []
    assert len(shown) == 1
    assert await due(world, deliveries, Channel.PUSH) == []


async def test_taking_the_newest_like_back_is_no_news(
    world: World, deliveries: DeliveryStore
) -> None:
    post = world.post(ALICE)
    await world.hear(liked(BOB, post))
    (first,) = await due(world, deliveries, Channel.PUSH)
    await world.hear(liked(CAROL, post))
    await world.hear(unliked(CAROL, post))

    unread = await unread_of(world).unread({(ALICE, first.version)})

    assert len(unread) == 1
    world.clock.advance(timedelta(minutes=1))
    (later,) = await due(world, deliveries, Channel.PUSH)
    assert await unread_of(world).unread({(ALICE, later.version)}) == {}


async def test_what_was_read_or_withdrawn_is_not_unread(world: World) -> None:
    unread = unread_of(world)
    posts = [world.post(ALICE) for _ in range(3)]
    await world.hear(*(liked(BOB, post) for post in posts))
    newest, middle, oldest = await world.groups(ALICE)
    wanted = {(ALICE, each.id) for each in (newest, middle, oldest)}
    async with world.store.transaction() as transaction:
        await mark_read(transaction, ALICE, oldest.id, clock=world.clock)
    await world.hear(unliked(BOB, posts[1]))

    found = await unread.unread(wanted | {(BOB, newest.id)})

    assert found == {(ALICE, newest.id): newest}
    assert await unread.newest_unread(ALICE, limit=10) == [newest]


async def test_digests_go_to_those_who_wish_for_them(world: World) -> None:
    async with world.store.transaction() as transaction:
        await preferences.update(transaction, ALICE, wishes={}, email_digest=True, etag="")

    assert await unread_of(world).digests_wanted({ALICE, BOB}) == {ALICE}


async def test_what_is_not_told_is_not_due(world: World, deliveries: DeliveryStore) -> None:
    event = world.event(liked(BOB, world.post(ALICE)))

    async def away() -> None:
        raise Unavailable

    world.graph.meanwhile = away
    with pytest.raises(Unavailable):
        await world.causes([event])
    nothing = await due(world, deliveries, Channel.PUSH)
    world.graph.meanwhile = None
    await world.causes([event])
    await world.causes([event])

    assert nothing == []
    assert len(await due(world, deliveries, Channel.PUSH)) == 1


async def test_one_person_and_post_are_pushed_once_however_often_it_is_liked(
    world: World, deliveries: DeliveryStore
) -> None:
    post = world.post(ALICE)
    pushed = []
    for _ in range(4):
        await world.hear(liked(BOB, post))
        pushed.append(await sent(world, deliveries))
        await world.hear(unliked(BOB, post))
        world.clock.advance(5)

    await world.hear(liked(BOB, post))

    assert pushed == [1, 0, 0, 0]
    assert await sent(world, deliveries) == 0
    assert len(await world.groups(ALICE)) == 1


@pytest.mark.parametrize(
    ("does", "undoes"),
    [
        (lambda post: followed(BOB, ALICE), lambda post: unfollowed(BOB, ALICE)),
        (lambda post: requested(BOB, ALICE), lambda post: request_removed(BOB, ALICE)),
        (lambda post: reposted(BOB, post), lambda post: undone(BOB, post)),
        (lambda post: liked(BOB, post), lambda post: blocked(BOB, ALICE)),
    ],
    ids=["follow", "request", "repost", "block"],
)
async def test_what_is_undone_and_done_again_is_pushed_once(
    world: World,
    deliveries: DeliveryStore,
    does: Callable[[Post], Message],
    undoes: Callable[[Post], Message],
) -> None:
    post = world.post(ALICE)
    await world.hear(does(post))
    first = await sent(world, deliveries)
    await world.hear(undoes(post))

    await world.hear(does(post))

    assert (first, await sent(world, deliveries)) == (1, 0)
    assert len(await world.groups(ALICE)) == 1


async def test_a_like_that_was_taken_back_before_it_was_pushed_is_pushed_when_it_comes_again(
    world: World, deliveries: DeliveryStore
) -> None:
    post = world.post(ALICE)
    await world.hear(liked(BOB, post))
    await world.hear(unliked(BOB, post))
    nothing = await sent(world, deliveries)

    await world.hear(liked(BOB, post))

    assert (nothing, await sent(world, deliveries)) == (0, 1)


async def test_others_are_news_where_somebody_comes_again(
    world: World, deliveries: DeliveryStore
) -> None:
    post = world.post(ALICE)
    await world.hear(liked(BOB, post))
    await sent(world, deliveries)
    await world.hear(unliked(BOB, post))

    await world.hear(liked(CAROL, post), liked(BOB, post))

    assert await sent(world, deliveries) == 1


async def test_what_was_taken_back_long_ago_is_news_again(
    world: World, deliveries: DeliveryStore
) -> None:
    post = world.post(ALICE)
    await world.hear(liked(BOB, post))
    await sent(world, deliveries)
    await world.hear(unliked(BOB, post))
    world.clock.advance(KEPT + timedelta(seconds=1))
    retention = Retention(store=world.store, departures=world.departures, clock=world.clock)
    await retention.forget_old()

    await world.hear(liked(BOB, post))

    assert await sent(world, deliveries) == 1


@pytest.mark.parametrize(
    "undoes",
    [lambda post: unliked(BOB, post), lambda post: blocked(BOB, ALICE)],
    ids=["like", "block"],
)
async def test_nothing_is_remembered_of_what_is_taken_back_after_a_person_left(
    world: World,
    deliveries: DeliveryStore,
    undoes: Callable[[Post], Message],
) -> None:
    post = world.post(ALICE)
    await world.hear(liked(BOB, post))
    await sent(world, deliveries)
    async with world.store.transaction() as transaction:
        await transaction.note_person_gone(BOB, world.clock.now())
    await world.hear(undoes(post))
    # Known as gone no longer; what was taken back would still be remembered.
    world.clock.advance(KEPT / 2)
    retention = Retention(store=world.store, departures=world.departures, clock=world.clock)
    await retention.forget_old()

    await world.hear(liked(BOB, post))

    assert await sent(world, deliveries) == 1


async def sent(world: World, deliveries: DeliveryStore) -> int:
    """How many pushes go out now, and are noted as sent."""
    claimed = await due(world, deliveries, Channel.PUSH)
    found = await unread_of(world).unread({(ALICE, each.version) for each in claimed})
    now = world.clock.now()
    for each in claimed:
        state = State.SENT if (ALICE, each.version) in found else State.MOOT
        await deliveries.record(each, Outcome(state, "201", now), now)
    return len(found)


async def test_quiet_hours_are_known_for_those_who_have_them_now(world: World) -> None:
    night = QuietHours(22, 7)
    world.clock.advance(datetime(2025, 6, 2, 0, 30, tzinfo=UTC) - world.clock.now())
    async with world.store.transaction() as transaction:
        for person, zone in ((ALICE, "Europe/Berlin"), (BOB, "America/New_York"), (CAROL, "UTC")):
            await preferences.update(
                transaction,
                person,
                wishes={},
                email_digest=None,
                etag="",
                time_zone=zone,
                quiet_hours=night,
            )
        await preferences.update(
            transaction, CAROL, wishes={}, email_digest=None, etag="", quiet_hours=NO_QUIET_HOURS
        )

    quiet = await unread_of(world).quiet_until({ALICE, BOB, CAROL, DAVE})

    assert quiet == {ALICE: datetime(2025, 6, 2, 5, 0, tzinfo=UTC)}
    assert await unread_of(world).time_zones({BOB, DAVE}) == {BOB: "America/New_York"}
    assert (await world.store.preferences(ALICE)).day == DaySettings("Europe/Berlin", night)


async def test_the_digest_is_due_in_the_morning_of_the_person(
    world: World, deliveries: DeliveryStore
) -> None:
    async with world.store.transaction() as transaction:
        await preferences.update(
            transaction, ALICE, wishes={}, email_digest=None, etag="", time_zone="Asia/Tokyo"
        )
    await world.hear(liked(BOB, world.post(ALICE)))

    early = await due(world, deliveries, Channel.DIGEST, morning(world) - timedelta(hours=1))
    on_time = await due(world, deliveries, Channel.DIGEST, timedelta(hours=1))

    assert (len(early), len(on_time)) == (0, 1)


def morning(world: World) -> timedelta:
    """How long it is until Alice's digest goes out in Tokyo."""
    now = world.clock.now()
    return next_digest(ALICE, after=now, hour=7, time_zone="Asia/Tokyo") - now

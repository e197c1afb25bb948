"""What is due after a notification, in the same transaction; on every store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from google.protobuf.message import Message
from roost.post.v1.post_pb2 import Post

from services.chassis.runtime.errors import Unavailable
from services.delivery.adapters.memory import MemoryDeliveryStore
from services.delivery.adapters.postgres import PostgresDeliveryStore
from services.delivery.domain.local_time import NO_QUIET_HOURS, DaySettings, QuietHours
from services.delivery.domain.model import (
    Channel,
    Delivery,
    DeliveryUpdate,
    MailAddress,
    PushSubscription,
    State,
)
from services.delivery.domain.schedule import PUSH_AFTER, next_digest
from services.delivery.domain.store import DeliveryStore
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.adapters.unread import UnreadQueries, notification_of
from services.notification.domain import preferences
from services.notification.domain.model import (
    KEPT,
    Kind,
    KindPreference,
)
from services.notification.domain.read_markers import mark_read
from services.notification.domain.store import NotificationStore
from services.notification.worker.retention import delete_expired
from tests.stores.notification.scenario import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    Scenario,
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
async def device(scenario: Scenario) -> PushSubscription:
    """Adds a device and a confirmed address of Alice."""
    now = scenario.clock.now()
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
    async with scenario.store.transaction() as transaction:
        await transaction.save_subscription(added)
        await transaction.save_address(
            MailAddress(user_id=ALICE, address="alice@mail.example", confirmed=True)
        )
    return added


def unread_of(scenario: Scenario) -> UnreadQueries:
    return UnreadQueries(
        store=scenario.store,
        visible_notifications=scenario.visible_notifications,
        clock=scenario.clock,
    )


async def due(
    scenario: Scenario, deliveries: DeliveryStore, channel: Channel, after: timedelta = PUSH_AFTER
) -> list[Delivery]:
    """The deliveries that a worker claims after that time."""
    scenario.clock.advance(after)
    now = scenario.clock.now()
    until = now + timedelta(seconds=30)
    return await deliveries.claim(channel, now=now, until=until, limit=99, share=99, taken={})


async def test_a_notification_is_due_on_the_devices_of_its_recipient(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    post = scenario.post(ALICE)

    await scenario.handle(liked(BOB, post))

    (group,) = await scenario.groups(ALICE)
    (push,) = await due(scenario, deliveries, Channel.PUSH)
    assert (push.user_id, push.topic, push.version) == (ALICE, f"LIKE:{post.id}", group.id)
    unread = await unread_of(scenario).unread({(ALICE, push.version)})
    assert unread == {(ALICE, group.id): notification_of(group)}


async def test_the_digest_is_due_within_a_day(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    await scenario.handle(liked(BOB, scenario.post(ALICE)), followed(CAROL, ALICE))

    early = await due(scenario, deliveries, Channel.DIGEST)
    late = await due(scenario, deliveries, Channel.DIGEST, timedelta(days=1))

    assert early == []
    assert [each.user_id for each in late] == [ALICE]


async def test_a_group_that_grows_is_one_message(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(liked(BOB, post))
    await scenario.handle(liked(CAROL, post))

    (group,) = await scenario.groups(ALICE)
    (push,) = await due(scenario, deliveries, Channel.PUSH)
    assert push.version == group.id


async def test_a_kind_that_is_not_to_be_pushed_is_not(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    async with scenario.store.transaction() as transaction:
        await preferences.update(
            transaction,
            ALICE,
            kind_preferences={Kind.LIKE: KindPreference(push=False)},
            email_digest=None,
            etag="",
        )

    await scenario.handle(liked(BOB, scenario.post(ALICE)), followed(BOB, ALICE))

    assert [each.topic for each in await due(scenario, deliveries, Channel.PUSH)] == ["FOLLOW"]


async def test_a_muted_users_activity_is_not_pushed_nor_after_unmuting(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    await scenario.handle(muted(ALICE, BOB))
    scenario.graph.mutes.add((ALICE, BOB))
    await scenario.handle(liked(BOB, scenario.post(ALICE)))
    hidden = await due(scenario, deliveries, Channel.PUSH)
    await scenario.handle(unmuted(ALICE, BOB))

    shown = await scenario.listed(ALICE)

    assert hidden == []
    assert len(shown) == 1
    assert await due(scenario, deliveries, Channel.PUSH) == []


async def test_withdrawing_the_newest_like_adds_nothing_due(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(liked(BOB, post))
    (first,) = await due(scenario, deliveries, Channel.PUSH)
    await scenario.handle(liked(CAROL, post))
    await scenario.handle(unliked(CAROL, post))

    unread = await unread_of(scenario).unread({(ALICE, first.version)})

    assert len(unread) == 1
    scenario.clock.advance(timedelta(minutes=1))
    (later,) = await due(scenario, deliveries, Channel.PUSH)
    assert await unread_of(scenario).unread({(ALICE, later.version)}) == {}


async def test_what_was_read_or_withdrawn_is_not_unread(scenario: Scenario) -> None:
    unread = unread_of(scenario)
    posts = [scenario.post(ALICE) for _ in range(3)]
    await scenario.handle(*(liked(BOB, post) for post in posts))
    newest, middle, oldest = await scenario.groups(ALICE)
    wanted = {(ALICE, each.id) for each in (newest, middle, oldest)}
    async with scenario.store.transaction() as transaction:
        await mark_read(transaction, ALICE, oldest.id, clock=scenario.clock)
    await scenario.handle(unliked(BOB, posts[1]))

    found = await unread.unread(wanted | {(BOB, newest.id)})

    shown = notification_of(newest)
    assert found == {(ALICE, newest.id): shown}
    assert await unread.newest_unread(ALICE, limit=10) == [shown]


async def test_digests_go_to_those_who_want_them(scenario: Scenario) -> None:
    async with scenario.store.transaction() as transaction:
        await preferences.update(
            transaction, ALICE, kind_preferences={}, email_digest=True, etag=""
        )

    assert await unread_of(scenario).digests_wanted({ALICE, BOB}) == {ALICE}


async def test_what_is_not_notified_is_not_due(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    event = scenario.event(liked(BOB, scenario.post(ALICE)))

    async def away() -> None:
        raise Unavailable

    scenario.graph.before_answer = away
    with pytest.raises(Unavailable):
        await scenario.consume([event])
    nothing = await due(scenario, deliveries, Channel.PUSH)
    scenario.graph.before_answer = None
    await scenario.consume([event])
    await scenario.consume([event])

    assert nothing == []
    assert len(await due(scenario, deliveries, Channel.PUSH)) == 1


async def test_one_person_and_post_are_pushed_once_however_often_it_is_liked(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    post = scenario.post(ALICE)
    pushed = []
    for _ in range(4):
        await scenario.handle(liked(BOB, post))
        pushed.append(await sent(scenario, deliveries))
        await scenario.handle(unliked(BOB, post))
        scenario.clock.advance(5)

    await scenario.handle(liked(BOB, post))

    assert pushed == [1, 0, 0, 0]
    assert await sent(scenario, deliveries) == 0
    assert len(await scenario.groups(ALICE)) == 1


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
    scenario: Scenario,
    deliveries: DeliveryStore,
    does: Callable[[Post], Message],
    undoes: Callable[[Post], Message],
) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(does(post))
    first = await sent(scenario, deliveries)
    await scenario.handle(undoes(post))

    await scenario.handle(does(post))

    assert (first, await sent(scenario, deliveries)) == (1, 0)
    assert len(await scenario.groups(ALICE)) == 1


async def test_a_like_that_was_taken_back_before_it_was_pushed_is_pushed_when_it_comes_again(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(liked(BOB, post))
    await scenario.handle(unliked(BOB, post))
    nothing = await sent(scenario, deliveries)

    await scenario.handle(liked(BOB, post))

    assert (nothing, await sent(scenario, deliveries)) == (0, 1)


async def test_a_new_actor_is_pushed_beside_a_repeated_one(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(liked(BOB, post))
    await sent(scenario, deliveries)
    await scenario.handle(unliked(BOB, post))

    await scenario.handle(liked(CAROL, post), liked(BOB, post))

    assert await sent(scenario, deliveries) == 1


async def test_what_was_withdrawn_long_ago_is_pushed_again(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(liked(BOB, post))
    await sent(scenario, deliveries)
    await scenario.handle(unliked(BOB, post))
    scenario.clock.advance(KEPT + timedelta(seconds=1))
    expire = partial(
        delete_expired, store=scenario.store, cleanup=scenario.cleanup, clock=scenario.clock
    )
    await expire()

    await scenario.handle(liked(BOB, post))

    assert await sent(scenario, deliveries) == 1


@pytest.mark.parametrize(
    "undoes",
    [lambda post: unliked(BOB, post), lambda post: blocked(BOB, ALICE)],
    ids=["like", "block"],
)
async def test_nothing_is_remembered_of_what_is_taken_back_after_a_person_left(
    scenario: Scenario,
    deliveries: DeliveryStore,
    undoes: Callable[[Post], Message],
) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(liked(BOB, post))
    await sent(scenario, deliveries)
    async with scenario.store.transaction() as transaction:
        await transaction.record_deleted_user(BOB, scenario.clock.now())
    await scenario.handle(undoes(post))
    # The deletion is not recorded any more; a withdrawal would still be.
    scenario.clock.advance(KEPT / 2)
    expire = partial(
        delete_expired, store=scenario.store, cleanup=scenario.cleanup, clock=scenario.clock
    )
    await expire()

    await scenario.handle(liked(BOB, post))

    assert await sent(scenario, deliveries) == 1


async def sent(scenario: Scenario, deliveries: DeliveryStore) -> int:
    """Claims all due pushes and records them as sent; returns their number."""
    claimed = await due(scenario, deliveries, Channel.PUSH)
    found = await unread_of(scenario).unread({(ALICE, each.version) for each in claimed})
    now = scenario.clock.now()
    for each in claimed:
        state = State.SENT if (ALICE, each.version) in found else State.SKIPPED
        await deliveries.record(each, DeliveryUpdate(state, "201", now), now)
    return len(found)


async def test_quiet_hours_are_known_for_those_who_have_them_now(scenario: Scenario) -> None:
    night = QuietHours(22, 7)
    scenario.clock.advance(datetime(2025, 6, 2, 0, 30, tzinfo=UTC) - scenario.clock.now())
    async with scenario.store.transaction() as transaction:
        for person, zone in ((ALICE, "Europe/Berlin"), (BOB, "America/New_York"), (CAROL, "UTC")):
            await preferences.update(
                transaction,
                person,
                kind_preferences={},
                email_digest=None,
                etag="",
                time_zone=zone,
                quiet_hours=night,
            )
        await preferences.update(
            transaction,
            CAROL,
            kind_preferences={},
            email_digest=None,
            etag="",
            quiet_hours=NO_QUIET_HOURS,
        )

    quiet = await unread_of(scenario).quiet_until({ALICE, BOB, CAROL, DAVE})

    assert quiet == {ALICE: datetime(2025, 6, 2, 5, 0, tzinfo=UTC)}
    assert await unread_of(scenario).time_zones({BOB, DAVE}) == {BOB: "America/New_York"}
    assert (await scenario.store.preferences(ALICE)).day == DaySettings("Europe/Berlin", night)


async def test_the_digest_is_due_in_the_morning_of_the_person(
    scenario: Scenario, deliveries: DeliveryStore
) -> None:
    async with scenario.store.transaction() as transaction:
        await preferences.update(
            transaction,
            ALICE,
            kind_preferences={},
            email_digest=None,
            etag="",
            time_zone="Asia/Tokyo",
        )
    await scenario.handle(liked(BOB, scenario.post(ALICE)))

    early = await due(scenario, deliveries, Channel.DIGEST, morning(scenario) - timedelta(hours=1))
    on_time = await due(scenario, deliveries, Channel.DIGEST, timedelta(hours=1))

    assert (len(early), len(on_time)) == (0, 1)


def morning(scenario: Scenario) -> timedelta:
    """The time until Alice's digest is due in Tokyo."""
    now = scenario.clock.now()
    return next_digest(ALICE, after=now, hour=7, time_zone="Asia/Tokyo") - now

"""The log entries of changed notifications, on every implementation of the store."""

from roost.notification.v1.notification_pb2 import UserEvent

from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.ids import MAX_ID
from services.eventlog.domain.model import LogEntry
from services.notification.domain.read_markers import mark_read
from services.notification.domain.store import NotificationStore
from tests.stores.notification.scenario import (
    ALICE,
    BOB,
    CAROL,
    Scenario,
    blocked,
    deleted,
    followed,
    liked,
    unliked,
)


def read(logged: list[LogEntry], user_id: int) -> list[UserEvent]:
    return [UserEvent.FromString(each.content) for each in logged if each.user_id == user_id]


async def test_a_new_group_is_logged_as_it_is(scenario: Scenario, logged: list[LogEntry]) -> None:
    post = scenario.post(ALICE)

    await scenario.handle(liked(BOB, post))

    (event,) = read(logged, ALICE)
    (group,) = await scenario.groups(ALICE)
    changed = event.notification
    assert (changed.group.id, changed.group.post_id, changed.group.count) == (group.id, post.id, 1)
    assert list(changed.group.sample_user_ids) == [BOB]
    assert (changed.previous_id, changed.withdrawn, changed.group.read) == (0, False, False)


async def test_a_group_that_rises_names_the_id_that_it_had(
    scenario: Scenario, logged: list[LogEntry]
) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(liked(BOB, post))
    (before,) = await scenario.groups(ALICE)
    async with scenario.store.transaction() as transaction:
        await mark_read(transaction, ALICE, before.id, clock=scenario.clock)

    await scenario.handle(liked(CAROL, post))
    (risen,) = await scenario.groups(ALICE)
    await scenario.handle(unliked(CAROL, post))

    *_, up, down = read(logged, ALICE)
    assert (up.notification.previous_id, up.notification.group.id) == (before.id, risen.id)
    assert (down.notification.previous_id, down.notification.group.id) == (risen.id, before.id)
    assert [up.notification.group.read, down.notification.group.read] == [False, True]


async def test_a_withdrawn_group_is_logged_as_it_was(
    scenario: Scenario, logged: list[LogEntry]
) -> None:
    await scenario.handle(followed(BOB, ALICE))
    (group,) = await scenario.groups(ALICE)

    await scenario.handle(blocked(ALICE, BOB))

    withdrawn = read(logged, ALICE)[-1].notification
    assert withdrawn.withdrawn
    assert (withdrawn.previous_id, withdrawn.group.id) == (group.id, group.id)


async def test_what_comes_and_goes_within_a_batch_is_not_logged(
    scenario: Scenario, logged: list[LogEntry]
) -> None:
    post = scenario.post(ALICE)

    events = await scenario.handle(
        liked(BOB, post), liked(CAROL, post), unliked(BOB, post), deleted(post)
    )
    await scenario.consume(events)

    assert logged == []


async def test_a_batch_logs_what_became_of_a_group_once(
    scenario: Scenario, logged: list[LogEntry]
) -> None:
    post = scenario.post(ALICE)

    await scenario.handle(*(liked(each, post) for each in range(10, 20)))

    (event,) = read(logged, ALICE)
    assert event.notification.group.count == 10


async def test_a_marker_that_moves_is_logged_and_one_that_stays_is_not(
    scenario: Scenario, store: NotificationStore, clock: ManualClock, logged: list[LogEntry]
) -> None:
    await scenario.handle(*(liked(BOB, scenario.post(ALICE)) for _ in range(2)))
    newer, older = (group.id for group in await scenario.groups(ALICE))
    logged.clear()

    for last_read_id in (older, older - 1, older, newer, MAX_ID):
        async with store.transaction() as transaction:
            await mark_read(transaction, ALICE, last_read_id, clock=clock)

    markers = [event.marker for event in read(logged, ALICE)]
    assert [(each.timeline, each.last_read_id) for each in markers] == [
        ("notifications", older),
        ("notifications", newer),
    ]

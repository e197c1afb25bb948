"""People take turns, however much is due to some; silent devices are paused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.delivery.adapters.claims import _CLAIM, OLDEST, TURNS
from services.delivery.adapters.memory import MemoryDeliveryStore
from services.delivery.adapters.postgres import PostgresDeliveryStore
from services.delivery.domain.channel_worker import LEASE
from services.delivery.domain.model import Channel, Delivery, State
from services.delivery.domain.store import MAX_COUNTED_ATTEMPTS
from tests.stores.notification.delivery.conftest import World

BACKLOG = OLDEST + 100


async def backlog(world: World, user: int, number: int = BACKLOG) -> None:
    """Much is due to the person, and has been for a minute."""
    await world.device(user)
    await world.add(*(world.due(user, topic=f"LIKE:{n}", seconds=0) for n in range(number)))
    world.clock.advance(60)


async def due_now(world: World, user: int, number: int = 1) -> None:
    await world.device(user)
    await world.add(*(world.due(user, topic=f"LIKE:{n}", seconds=0) for n in range(number)))
    world.clock.advance(1)


def people(claimed: list[Delivery]) -> list[int]:
    return sorted(each.user_id for each in claimed)


async def test_a_long_queue_of_one_person_holds_up_nobody(world: World) -> None:
    greedy, stranger = world.number(), world.number()
    await backlog(world, greedy)
    await due_now(world, stranger)

    claimed = await world.claim(Channel.PUSH, limit=10, share=4)

    assert people(claimed) == [greedy] * 4 + [stranger]


async def test_long_queues_of_people_with_a_full_share_hold_up_nobody(world: World) -> None:
    greedy, stranger = [world.number() for _ in range(3)], world.number()
    for user in greedy:
        await backlog(world, user, OLDEST // 2)
    await due_now(world, stranger)

    claimed = await world.claim(
        Channel.PUSH, limit=10, share=4, taken={greedy[0]: 4, greedy[1]: 3, greedy[2]: 5}
    )

    assert people(claimed) == [greedy[1], stranger]


async def test_each_gets_their_first_before_anybody_gets_their_second(world: World) -> None:
    users = [world.number() for _ in range(3)]
    for user in users:
        await due_now(world, user, 5)

    first = await world.claim(Channel.PUSH, limit=4, share=4)
    second = await world.claim(Channel.PUSH, limit=100, share=4, taken={users[0]: 2})

    assert people(first) == sorted([users[0], *users])
    assert people(second) == sorted([users[0]] * 2 + [users[1]] * 4 + [users[2]] * 4)


async def test_among_equals_the_longest_due_comes_first(world: World) -> None:
    users = [world.number() for _ in range(4)]
    for user in reversed(users):
        await due_now(world, user)

    claimed = await world.claim(Channel.PUSH, limit=2, share=4)

    assert people(claimed) == users[2:]


async def test_everybody_gets_a_turn_where_more_people_wait_than_one_claim_looks_at(
    world: World,
) -> None:
    greedy = world.number()
    await backlog(world, greedy)
    # They have something that is not due yet, so a look at them finds nothing.
    waiting = [world.number() for _ in range(TURNS + 10)]
    for user in waiting:
        await world.device(user)
    await world.add(*(world.due(user, seconds=10_000) for user in waiting))
    last = world.number()
    await due_now(world, last)

    claims = [await world.claim(Channel.PUSH, limit=10, share=4, taken={greedy: 4}) for _ in "123"]

    assert [each.user_id for claim in claims for each in claim] == [last]


async def test_channels_do_not_wait_for_each_other(world: World) -> None:
    greedy, new = world.number(), world.number()
    await backlog(world, greedy)
    await world.address(new, confirmed=False)
    await world.add(world.due(new, channel=Channel.CODE, topic="", seconds=0))

    claimed = await world.claim(Channel.CODE, limit=1, share=1)

    assert people(claimed) == [new]


async def test_attempts_are_counted_up_to_a_limit_and_fail_nobodys_claim(world: World) -> None:
    user, other = world.number(), world.number()
    await due_now(world, user)
    await due_now(world, other)
    await _set_attempts(world, user, 32_767)

    claimed = await world.claim(Channel.PUSH)

    assert {each.user_id: each.attempts for each in claimed} == {
        user: MAX_COUNTED_ATTEMPTS,
        other: 1,
    }


async def test_attempts_that_do_not_count_are_never_below_none(world: World) -> None:
    user = world.number()
    await due_now(world, user)
    (delivery,) = await world.claim(Channel.PUSH)
    await _set_attempts(world, user, 0)

    await world.record(delivery, State.DUE, counted=False)

    (again,) = await world.claim(Channel.PUSH)
    assert again.attempts == 1


async def test_a_paused_device_is_due_when_its_pause_ends(world: World) -> None:
    user = world.number()
    device, other = await world.device(user), await world.device(user)
    await world.add(world.due(user, topic="LIKE:1", seconds=0))
    until = world.clock.now() + timedelta(minutes=10)

    await world.store.note_timeouts(device, 3, pause_until=until, now=world.clock.now())
    await world.add(world.due(user, topic="LIKE:2", seconds=0))
    early = await world.claim(Channel.PUSH)
    world.clock.advance(timedelta(minutes=10))
    late = await world.claim(Channel.PUSH)

    assert [(each.device_id, each.topic) for each in early] == [
        (other.id, "LIKE:1"),
        (other.id, "LIKE:2"),
    ]
    assert [each.topic for each in late if each.device_id == device.id] == ["LIKE:1", "LIKE:2"]
    found = await world.store.subscriptions_by_id({(user, device.id)})
    assert found == {(user, device.id): replace(device, timeouts=3, pause_until=until)}


async def test_a_pause_takes_no_delivery_from_its_worker(world: World) -> None:
    user = world.number()
    device = await world.device(user)
    await world.add(world.due(user, seconds=0))
    (delivery,) = await world.claim(Channel.PUSH)
    now = world.clock.now()

    await world.store.note_timeouts(device, 2, pause_until=now + timedelta(hours=1), now=now)
    await world.record(delivery, State.SENT)
    world.clock.advance(timedelta(hours=2))

    assert await world.claim(Channel.PUSH) == []


async def test_time_outs_are_noted_once_for_several_at_once(world: World) -> None:
    user = world.number()
    device = await world.device(user)
    now = world.clock.now()

    for _ in range(3):
        await world.store.note_timeouts(device, 1, pause_until=None, now=now)
    await world.store.note_timeouts(replace(device, timeouts=1), 2, pause_until=now, now=now)
    await world.store.note_timeouts(replace(device, timeouts=2), 0, pause_until=None, now=now)

    assert await world.store.subscriptions(user, now) == [device]


async def test_nothing_is_noted_of_a_device_that_is_gone(world: World) -> None:
    user = world.number()
    device = await world.device(user)
    await world.store.forget_subscription(user, device.id)
    now = world.clock.now()

    await world.store.note_timeouts(device, 1, pause_until=now, now=now)

    assert await world.store.subscriptions(user, now) == []


async def test_a_pause_that_ended_makes_nothing_due_earlier(world: World) -> None:
    user = world.number()
    device = await world.device(user)
    now = world.clock.now()
    await world.store.note_timeouts(device, 2, pause_until=now, now=now)
    world.clock.advance(60)

    await world.add(world.due(user, seconds=2))
    early = await world.claim(Channel.PUSH)
    world.clock.advance(LEASE)

    assert early == []
    assert len(await world.claim(Channel.PUSH)) == 1


@pytest.mark.parametrize("greedy_people", [1, 400])
async def test_a_claim_reads_by_its_indexes_alone(real: World, greedy_people: int) -> None:
    database = real.store._database  # type: ignore[attr-defined]
    await database.execute(
        """
        INSERT INTO deliveries (user_id, channel, device_id, topic, version, state, due_time,
                                attempts, last_answer, start_time, update_time)
        SELECT n % $2, 'push', n, 'LIKE', 1, 'due', $1, 0, '', $1, $1
        FROM generate_series(1, 20000) AS n
        """,
        real.clock.now() - timedelta(minutes=1),
        greedy_people,
    )
    await database.execute("ANALYZE deliveries")
    now = real.clock.now()

    async with database.connection() as connection, connection.transaction():
        plan = await connection.fetch(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {_CLAIM}",
            "push",
            now,
            now + LEASE,
            64,
            [],
            [],
            4,
            0,
        )

    text = "\n".join(row[0] for row in plan)
    assert "Seq Scan on deliveries" not in text
    assert "deliveries_oldest" in text
    assert "deliveries_turns" in text


async def _set_attempts(world: World, user: int, attempts: int) -> None:
    store = world.store
    if isinstance(store, MemoryDeliveryStore):
        rows = store._tables.deliveries
        for key in [each for each in rows if each[0] == user]:
            rows[key] = replace(rows[key], attempts=attempts)
        return
    assert isinstance(store, PostgresDeliveryStore)
    await store._database.execute(
        "UPDATE deliveries SET attempts = $2 WHERE user_id = $1", user, attempts
    )

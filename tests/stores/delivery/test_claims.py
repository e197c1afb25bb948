"""Users take turns, also if some have long queues; devices that time out are paused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.delivery.adapters.claims import _CLAIM, OLDEST, TURNS
from services.delivery.adapters.memory import MemoryDeliveryStore
from services.delivery.adapters.postgres import PostgresDeliveryStore
from services.delivery.domain.model import Channel, Delivery, State
from services.delivery.domain.store import MAX_COUNTED_ATTEMPTS
from services.delivery.worker.channel_worker import LEASE
from tests.stores.delivery.conftest import Scenario

BACKLOG = OLDEST + 100


async def backlog(scenario: Scenario, user: int, number: int = BACKLOG) -> None:
    """Adds many messages to the user that have been due for a minute."""
    await scenario.device(user)
    await scenario.add(*(scenario.due(user, topic=f"LIKE:{n}", seconds=0) for n in range(number)))
    scenario.clock.advance(60)


async def due_now(scenario: Scenario, user: int, number: int = 1) -> None:
    await scenario.device(user)
    await scenario.add(*(scenario.due(user, topic=f"LIKE:{n}", seconds=0) for n in range(number)))
    scenario.clock.advance(1)


def people(claimed: list[Delivery]) -> list[int]:
    return sorted(each.user_id for each in claimed)


async def test_a_long_queue_of_one_user_delays_nobody(scenario: Scenario) -> None:
    greedy, stranger = scenario.number(), scenario.number()
    await backlog(scenario, greedy)
    await due_now(scenario, stranger)

    claimed = await scenario.claim(Channel.PUSH, limit=10, share=4)

    assert people(claimed) == [greedy] * 4 + [stranger]


async def test_long_queues_of_people_with_a_full_share_hold_up_nobody(scenario: Scenario) -> None:
    greedy, stranger = [scenario.number() for _ in range(3)], scenario.number()
    for user in greedy:
        await backlog(scenario, user, OLDEST // 2)
    await due_now(scenario, stranger)

    claimed = await scenario.claim(
        Channel.PUSH, limit=10, share=4, taken={greedy[0]: 4, greedy[1]: 3, greedy[2]: 5}
    )

    assert people(claimed) == [greedy[1], stranger]


async def test_each_gets_their_first_before_anybody_gets_their_second(scenario: Scenario) -> None:
    users = [scenario.number() for _ in range(3)]
    for user in users:
        await due_now(scenario, user, 5)

    first = await scenario.claim(Channel.PUSH, limit=4, share=4)
    second = await scenario.claim(Channel.PUSH, limit=100, share=4, taken={users[0]: 2})

    assert people(first) == sorted([users[0], *users])
    assert people(second) == sorted([users[0]] * 2 + [users[1]] * 4 + [users[2]] * 4)


async def test_among_equals_the_longest_due_comes_first(scenario: Scenario) -> None:
    users = [scenario.number() for _ in range(4)]
    for user in reversed(users):
        await due_now(scenario, user)

    claimed = await scenario.claim(Channel.PUSH, limit=2, share=4)

    assert people(claimed) == users[2:]


async def test_everybody_gets_a_turn_where_more_people_wait_than_one_claim_looks_at(
    scenario: Scenario,
) -> None:
    greedy = scenario.number()
    await backlog(scenario, greedy)
    # Their messages are not due yet, so their turns find nothing.
    waiting = [scenario.number() for _ in range(TURNS + 10)]
    for user in waiting:
        await scenario.device(user)
    await scenario.add(*(scenario.due(user, seconds=10_000) for user in waiting))
    last = scenario.number()
    await due_now(scenario, last)

    claims = [
        await scenario.claim(Channel.PUSH, limit=10, share=4, taken={greedy: 4}) for _ in "123"
    ]

    assert [each.user_id for claim in claims for each in claim] == [last]


async def test_channels_do_not_wait_for_each_other(scenario: Scenario) -> None:
    greedy, new = scenario.number(), scenario.number()
    await backlog(scenario, greedy)
    await scenario.address(new, confirmed=False)
    await scenario.add(scenario.due(new, channel=Channel.CODE, topic="", seconds=0))

    claimed = await scenario.claim(Channel.CODE, limit=1, share=1)

    assert people(claimed) == [new]


async def test_attempts_are_counted_up_to_a_limit_and_fail_nobodys_claim(
    scenario: Scenario,
) -> None:
    user, other = scenario.number(), scenario.number()
    await due_now(scenario, user)
    await due_now(scenario, other)
    await _set_attempts(scenario, user, 32_767)

    claimed = await scenario.claim(Channel.PUSH)

    assert {each.user_id: each.attempts for each in claimed} == {
        user: MAX_COUNTED_ATTEMPTS,
        other: 1,
    }


async def test_attempts_that_do_not_count_are_never_below_none(scenario: Scenario) -> None:
    user = scenario.number()
    await due_now(scenario, user)
    (delivery,) = await scenario.claim(Channel.PUSH)
    await _set_attempts(scenario, user, 0)

    await scenario.record(delivery, State.DUE, counted=False)

    (again,) = await scenario.claim(Channel.PUSH)
    assert again.attempts == 1


async def test_a_paused_device_is_due_when_its_pause_ends(scenario: Scenario) -> None:
    user = scenario.number()
    device, other = await scenario.device(user), await scenario.device(user)
    await scenario.add(scenario.due(user, topic="LIKE:1", seconds=0))
    until = scenario.clock.now() + timedelta(minutes=10)

    await scenario.store.note_timeouts(device, 3, pause_until=until, now=scenario.clock.now())
    await scenario.add(scenario.due(user, topic="LIKE:2", seconds=0))
    early = await scenario.claim(Channel.PUSH)
    scenario.clock.advance(timedelta(minutes=10))
    late = await scenario.claim(Channel.PUSH)

    assert [(each.device_id, each.topic) for each in early] == [
        (other.id, "LIKE:1"),
        (other.id, "LIKE:2"),
    ]
    assert [each.topic for each in late if each.device_id == device.id] == ["LIKE:1", "LIKE:2"]
    found = await scenario.store.subscriptions_by_id({(user, device.id)})
    assert found == {(user, device.id): replace(device, timeouts=3, pause_until=until)}


async def test_a_pause_takes_no_delivery_from_its_worker(scenario: Scenario) -> None:
    user = scenario.number()
    device = await scenario.device(user)
    await scenario.add(scenario.due(user, seconds=0))
    (delivery,) = await scenario.claim(Channel.PUSH)
    now = scenario.clock.now()

    await scenario.store.note_timeouts(device, 2, pause_until=now + timedelta(hours=1), now=now)
    await scenario.record(delivery, State.SENT)
    scenario.clock.advance(timedelta(hours=2))

    assert await scenario.claim(Channel.PUSH) == []


async def test_time_outs_are_noted_once_for_several_at_once(scenario: Scenario) -> None:
    user = scenario.number()
    device = await scenario.device(user)
    now = scenario.clock.now()

    for _ in range(3):
        await scenario.store.note_timeouts(device, 1, pause_until=None, now=now)
    await scenario.store.note_timeouts(replace(device, timeouts=1), 2, pause_until=now, now=now)
    await scenario.store.note_timeouts(replace(device, timeouts=2), 0, pause_until=None, now=now)

    assert await scenario.store.subscriptions(user, now) == [device]


async def test_nothing_is_noted_of_a_device_that_is_gone(scenario: Scenario) -> None:
    user = scenario.number()
    device = await scenario.device(user)
    await scenario.store.forget_subscription(user, device.id)
    now = scenario.clock.now()

    await scenario.store.note_timeouts(device, 1, pause_until=now, now=now)

    assert await scenario.store.subscriptions(user, now) == []


async def test_a_pause_that_ended_makes_nothing_due_earlier(scenario: Scenario) -> None:
    user = scenario.number()
    device = await scenario.device(user)
    now = scenario.clock.now()
    await scenario.store.note_timeouts(device, 2, pause_until=now, now=now)
    scenario.clock.advance(60)

    await scenario.add(scenario.due(user, seconds=2))
    early = await scenario.claim(Channel.PUSH)
    scenario.clock.advance(LEASE)

    assert early == []
    assert len(await scenario.claim(Channel.PUSH)) == 1


@pytest.mark.parametrize("greedy_people", [1, 400])
async def test_a_claim_reads_by_its_indexes_alone(real: Scenario, greedy_people: int) -> None:
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


async def _set_attempts(scenario: Scenario, user: int, attempts: int) -> None:
    store = scenario.store
    if isinstance(store, MemoryDeliveryStore):
        rows = store._tables.deliveries
        for key in [each for each in rows if each[0] == user]:
            rows[key] = replace(rows[key], attempts=attempts)
        return
    assert isinstance(store, PostgresDeliveryStore)
    await store._database.execute(
        "UPDATE deliveries SET attempts = $2 WHERE user_id = $1", user, attempts
    )

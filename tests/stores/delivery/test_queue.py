"""Due messages are added, claimed by one worker at a time, and recorded."""

import asyncio
from datetime import timedelta

from services.delivery.domain.model import Channel, State
from services.delivery.domain.store import RECORDS_KEPT, DueCount
from services.delivery.worker.channel_worker import LEASE
from tests.stores.delivery.conftest import Scenario


async def test_a_message_is_due_on_every_device(scenario: Scenario) -> None:
    user = scenario.number()
    devices = {(await scenario.device(user)).id for _ in range(3)}

    await scenario.add(scenario.due(user, version=5))
    early = await scenario.claim()
    scenario.clock.advance(2)
    claimed = await scenario.claim()

    assert early == []
    assert {each.device_id for each in claimed} == devices
    assert {(each.user_id, each.topic, each.version, each.attempts) for each in claimed} == {
        (user, "LIKE:7", 5, 1)
    }


async def test_a_person_without_a_device_is_due_nothing(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user, days=-1)

    await scenario.add(scenario.due(user, seconds=0))

    assert await scenario.claim() == []


async def test_codes_go_to_new_addresses_and_digests_to_confirmed_ones(scenario: Scenario) -> None:
    new, confirmed, nobody = scenario.number(), scenario.number(), scenario.number()
    await scenario.address(new, confirmed=False)
    await scenario.address(confirmed, confirmed=True)

    await scenario.add(
        *(
            scenario.due(user, channel=channel, seconds=0)
            for user in (new, confirmed, nobody)
            for channel in (Channel.CODE, Channel.DIGEST)
        )
    )

    claimed = await scenario.claim()
    assert {(each.user_id, each.channel) for each in claimed} == {
        (new, Channel.CODE),
        (confirmed, Channel.DIGEST),
    }


async def test_only_the_requested_channels_are_claimed(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.address(user, confirmed=True)
    await scenario.add(
        scenario.due(user, seconds=0), scenario.due(user, channel=Channel.DIGEST, seconds=0)
    )

    claimed = await scenario.claim(Channel.PUSH)

    assert [each.channel for each in claimed] == [Channel.PUSH]


async def test_a_later_version_takes_the_place_and_keeps_the_time(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.add(scenario.due(user, version=5))
    scenario.clock.advance(1)

    await scenario.add(scenario.due(user, version=6))
    await scenario.add(scenario.due(user, version=4))
    scenario.clock.advance(1)

    (claimed,) = await scenario.claim()
    assert claimed.version == 6


async def test_topics_wait_beside_each_other(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)

    await scenario.add(scenario.due(user, topic="LIKE:7"), scenario.due(user, topic="LIKE:8"))
    scenario.clock.advance(2)

    assert {each.topic for each in await scenario.claim()} == {"LIKE:7", "LIKE:8"}


async def test_what_waited_longest_is_taken_first(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.add(
        *(scenario.due(user, topic=f"LIKE:{each}", seconds=10 - each) for each in range(10))
    )
    scenario.clock.advance(20)

    claimed = await scenario.claim(limit=3)

    assert {each.topic for each in claimed} == {"LIKE:9", "LIKE:8", "LIKE:7"}


async def test_what_is_taken_is_nobody_elses_until_the_lease_ends(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.add(scenario.due(user, seconds=0))

    (first,) = await scenario.claim()
    in_between = await scenario.claim()
    scenario.clock.advance(LEASE)
    (second,) = await scenario.claim()

    assert in_between == []
    assert (first.attempts, second.attempts) == (1, 2)
    assert first.start_time == second.start_time


async def test_what_was_sent_is_done(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.add(scenario.due(user, seconds=0))
    (delivery,) = await scenario.claim()

    await scenario.record(delivery, State.SENT)
    scenario.clock.advance(timedelta(days=1))

    assert await scenario.claim() == []


async def test_a_sent_topic_is_due_again_with_the_next_version(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.add(scenario.due(user, seconds=0, version=5))
    (delivery,) = await scenario.claim()
    await scenario.record(delivery, State.SENT)

    await scenario.add(scenario.due(user, version=6))
    early = await scenario.claim()
    scenario.clock.advance(2)
    (again,) = await scenario.claim()

    assert early == []
    assert (again.version, again.attempts) == (6, 1)
    assert again.start_time == scenario.clock.now()


async def test_what_failed_waits_for_its_time(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.add(scenario.due(user, seconds=0))
    (delivery,) = await scenario.claim()

    await scenario.record(delivery, State.DUE, seconds=60)
    scenario.clock.advance(59)
    early = await scenario.claim()
    scenario.clock.advance(1)
    (again,) = await scenario.claim()

    assert early == []
    assert again.attempts == 2


async def test_a_later_version_does_not_shorten_a_pause(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.add(scenario.due(user, seconds=0, version=5))
    (delivery,) = await scenario.claim()
    await scenario.record(delivery, State.DUE, seconds=60)

    await scenario.add(scenario.due(user, seconds=0, version=6))
    early = await scenario.claim()
    scenario.clock.advance(60)
    (again,) = await scenario.claim()

    assert early == []
    assert (again.version, again.attempts) == (6, 2)


async def test_a_new_code_waits_for_nothing(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.address(user, confirmed=False)
    await scenario.add(scenario.due(user, channel=Channel.CODE, seconds=0, version=5))
    (delivery,) = await scenario.claim()
    await scenario.record(delivery, State.DUE, seconds=60)

    await scenario.add(scenario.due(user, channel=Channel.CODE, seconds=0, version=6))

    (again,) = await scenario.claim()
    assert again.version == 6


async def test_what_was_no_attempt_is_not_counted(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.add(scenario.due(user, seconds=0))
    (delivery,) = await scenario.claim()

    await scenario.record(delivery, State.DUE, counted=False)

    (again,) = await scenario.claim()
    assert again.attempts == 1


async def test_a_version_that_is_added_while_one_is_in_flight_is_sent_too(
    scenario: Scenario,
) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.add(scenario.due(user, seconds=0, version=5))
    (delivery,) = await scenario.claim()

    await scenario.add(scenario.due(user, version=6))
    await scenario.record(delivery, State.SENT, seconds=3)
    early = await scenario.claim()
    scenario.clock.advance(3)
    (again,) = await scenario.claim()

    assert early == []
    assert (again.version, again.attempts) == (6, 1)


async def test_a_worker_that_lost_the_lease_records_nothing(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.add(scenario.due(user, seconds=0))
    (slow,) = await scenario.claim()
    scenario.clock.advance(LEASE)
    (quick,) = await scenario.claim()

    await scenario.record(slow, State.FAILED)
    await scenario.record(quick, State.DUE)

    (again,) = await scenario.claim()
    assert again.attempts == 3


async def test_records_are_forgotten_after_a_week(scenario: Scenario) -> None:
    user = scenario.number()
    device = await scenario.device(user)
    await scenario.add(scenario.due(user, seconds=0), scenario.due(user, topic="LIKE:8", seconds=0))
    first, _ = await scenario.claim()
    await scenario.record(first, State.SENT)

    kept = await scenario.store.prune_deliveries(scenario.clock.now() + RECORDS_KEPT)
    gone = await scenario.store.prune_deliveries(
        scenario.clock.now() + RECORDS_KEPT + timedelta(seconds=1)
    )

    assert (kept, gone) == (0, 1)
    scenario.clock.advance(LEASE)
    assert len(await scenario.claim()) == 1
    assert await scenario.store.subscriptions(user, scenario.clock.now()) == [device]


async def test_many_workers_take_each_message_once(real: Scenario) -> None:
    user = real.number()
    await real.device(user)
    await real.add(*(real.due(user, topic=f"LIKE:{each}", seconds=0) for each in range(200)))

    claims = await asyncio.gather(*(real.claim(limit=15) for _ in range(20)))

    topics = [each.topic for claim in claims for each in claim]
    assert len(topics) == len(set(topics))
    while more := await real.claim(limit=15):
        topics += [each.topic for each in more]
    assert sorted(topics) == sorted(f"LIKE:{each}" for each in range(200))


async def test_what_is_due_and_unclaimed_is_counted_by_channel(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.address(user, confirmed=True)
    nothing = await scenario.store.count_due(scenario.clock.now())
    await scenario.add(
        scenario.due(user, topic="LIKE:1", seconds=0),
        scenario.due(user, topic="LIKE:2", seconds=60),
        scenario.due(user, channel=Channel.DIGEST, seconds=90),
    )
    scenario.clock.advance(61)
    due = await scenario.store.count_due(scenario.clock.now())
    await scenario.claim(Channel.PUSH)
    claimed = await scenario.store.count_due(scenario.clock.now())

    assert nothing == {}
    assert due == {Channel.PUSH: DueCount(2, 61.0)}
    assert claimed == {}

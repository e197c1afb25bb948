"""A member without partitions says so and joins again, unless others hold all of them."""

import pytest
from prometheus_client import REGISTRY

from services.chassis.events.bus import membership
from services.chassis.events.bus.membership import (
    REJOIN_SECONDS,
    UNASSIGNED_SECONDS,
    Membership,
    RejoinDecision,
)

PLACES = {("t", 0), ("t", 1)}


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def member(time: Time) -> Membership:
    made = Membership("g", ["t", "u"], monotonic=time)
    made.joined()
    return made


def counted(name: str) -> float:
    return REGISTRY.get_sample_value(name, {"group": "g"}) or 0.0


def held(topic: str) -> float | None:
    labels = {"group": "g", "topic": topic}
    return REGISTRY.get_sample_value("roost_consumer_partitions", labels)


def test_member_with_partitions_is_well(member: Membership, time: Time) -> None:
    member.holds(PLACES, settled=True)
    time.now += 10_000

    assert member.unready() is None
    assert member.rejoin_decision() is RejoinDecision.GO_ON
    assert (held("t"), held("u")) == (2, 0)


def test_member_that_waits_for_its_first_partitions_is_given_time(
    member: Membership, time: Time
) -> None:
    assert member.unready() is None

    time.now += UNASSIGNED_SECONDS

    assert member.unready() == "consumer group g has given no partition for 15 s"


@pytest.mark.parametrize("settled", [False, True])
def test_member_that_lost_its_partitions_is_not_ready_after_some_seconds(
    member: Membership, time: Time, settled: bool
) -> None:
    member.holds(PLACES, settled=True)
    time.now += 100
    member.holds((), settled=settled)
    at_once = member.unready()
    time.now += UNASSIGNED_SECONDS

    assert at_once is None
    assert member.unready() is not None
    assert (held("t"), held("u")) == (0, 0)


def test_member_without_partitions_joins_anew_at_growing_intervals(
    member: Membership, time: Time
) -> None:
    shortest, longest = REJOIN_SECONDS
    before = counted("roost_consumer_rejoins_total")
    waits = []
    for _ in range(6):
        began = time.now
        while member.rejoin_decision() is not RejoinDecision.REJOIN:
            time.now += 1
        waits.append(time.now - began)
        member.rejoins()
        member.joined()

    assert waits == [shortest, 2 * shortest, 4 * shortest, longest, longest, longest]
    assert counted("roost_consumer_rejoins_total") - before == 6
    assert member.unready() is not None


def test_member_is_on_standby_while_others_hold_all_partitions(
    member: Membership, time: Time
) -> None:
    member.holds((), settled=True)
    time.now += UNASSIGNED_SECONDS
    asked = member.rejoin_decision()
    member.record_check(others_hold_all=True)

    assert asked is RejoinDecision.LOOK
    for _ in range(100):
        time.now += UNASSIGNED_SECONDS
        assert member.unready() is None
        assert member.rejoin_decision() is RejoinDecision.LOOK
        member.record_check(others_hold_all=True)


def test_member_on_standby_joins_anew_once_nobody_holds_the_partitions(
    member: Membership, time: Time
) -> None:
    member.holds((), settled=True)
    time.now += UNASSIGNED_SECONDS
    member.record_check(others_hold_all=True)
    time.now += 1000
    member.record_check(others_hold_all=False)
    said, at_once = member.unready(), member.rejoin_decision()
    time.now += membership.REJOIN_SECONDS[0]

    assert said is not None
    assert at_once is RejoinDecision.GO_ON
    assert member.rejoin_decision() is RejoinDecision.REJOIN


def test_partitions_that_come_back_end_the_waiting(member: Membership, time: Time) -> None:
    time.now += 1000
    member.rejoins()
    member.joined()
    member.holds(PLACES, settled=True)

    assert member.unready() is None
    assert member.rejoin_decision() is RejoinDecision.GO_ON


def test_member_that_a_broker_refuses_says_why_at_once_and_until_it_is_in_its_group(
    member: Membership,
) -> None:
    member.refused("SASL authentication failed")

    assert member.unready() == (
        "consumer group g cannot connect to a broker: SASL authentication failed"
    )

    member.holds(PLACES, settled=True)
    assert member.unready() is None

    member.holds((), settled=False)
    assert member.unready() is None


def test_member_with_partitions_that_one_of_several_brokers_refuses_is_well(
    member: Membership,
) -> None:
    member.holds(PLACES, settled=True)
    member.refused("certificate verify failed")

    assert member.unready() is None

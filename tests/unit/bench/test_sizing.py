"""The capacity model, on unit costs that are round numbers."""

from __future__ import annotations

import itertools
from dataclasses import fields

import pytest

from bench.scenarios.mix import WEIGHTS
from bench.sizing import demand
from bench.sizing.assumptions import AssumptionInvalid, Assumptions
from bench.sizing.plan import Plan, plan, predict_mix, speed_of_home
from bench.sizing.serial_parts import MICROSECONDS, SerialPart
from bench.sizing.unit_costs import Cost, FigureMissing, UnitCosts
from services.chassis.runtime.ids import BUCKETS, WORKERS
from tests.unit.bench import measured_units as measured

MILLION = 1e6
# Their demand is a number of processes or of people's followees, which is rounded or fixed.
ROUNDED = ("connections", "worker numbers", "buckets", "wake-ups, which one Valkey")


def planned(people: float = MILLION, *overrides: str) -> Plan:
    return plan(people, UnitCosts(measured.results()), Assumptions().overridden(overrides))


def part(found: Plan, name: str) -> SerialPart:
    (one,) = [each for each in found.parts if each.name.startswith(name)]
    return one


def test_twice_the_people_demand_twice_of_everything_that_is_linear() -> None:
    one, two = planned(MILLION), planned(2 * MILLION)

    # A stale note is no linear part: each celebrity more makes all notes stale.
    for name in one.rates.keys() - {demand.STALE_NOTE}:
        assert two.rates[name] == pytest.approx(2 * one.rates[name]), name
    assert two.home_bytes == pytest.approx(2 * one.home_bytes)
    for (name, _, before), (_, _, after) in zip(one.stored, two.stored, strict=True):
        assert after == pytest.approx(2 * before), name


def test_more_people_never_demand_less_of_a_part() -> None:
    plans = [planned(people) for people in (1e5, 1e6, 1e7, 1e8)]

    for name in (each.name for each in plans[0].parts):
        shares = [part(each, name).utilisation for each in plans]
        assert shares == sorted(shares), name
    cores = [each.busy_cores for each in plans]
    assert cores == sorted(cores)
    assert all(before < after for before, after in itertools.pairwise(cores))


def test_a_serial_part_fills_in_proportion_to_the_people() -> None:
    one, two = planned(MILLION), planned(2 * MILLION)

    for each in one.parts:
        if not each.name.startswith(ROUNDED) and "cores" not in each.unit:
            after = part(two, each.name)
            assert after.utilisation == pytest.approx(2 * each.utilisation), each.name


def test_parts_are_sorted_by_how_full_they_are() -> None:
    shares = [each.utilisation for each in planned(1e8).parts]

    assert shares == sorted(shares, reverse=True)


def test_the_ceiling_of_a_relay_is_one_event_after_another() -> None:
    found = planned(MILLION, "commit=1e-9", "acknowledgement=0.05")

    relay = part(found, "relay of the outbox of post")
    assert relay.ceiling == pytest.approx(MICROSECONDS / (2 * measured.EVENT + 50))
    written = (demand.POST, demand.LIKE, demand.REPOST)
    assert relay.demand == pytest.approx(sum(found.rates[name] for name in written))


def test_a_coordinator_has_the_statements_of_its_database_at_the_factor_that_was_measured() -> None:
    found = planned(1e8)

    for noun in ("post", "notification"):
        database = part(found, f"database of {noun}: CPU")
        coordinator = part(found, f"coordinator of {noun}")
        assert coordinator.demand == pytest.approx(measured.FACTOR * database.demand)
        assert coordinator.ceiling == database.ceiling
    assert not [each for each in found.parts if each.name.startswith("coordinator of search")]


def test_a_commit_is_waited_for_under_the_lock_of_a_row() -> None:
    likes = part(planned(MILLION, "commit=0.01"), "likes of the hottest post")

    assert likes.ceiling == pytest.approx(1 / (measured.EVENT / MICROSECONDS + 0.01))


def test_each_node_reads_all_wake_ups_so_more_nodes_do_not_help() -> None:
    found = planned(1e8)

    wake_ups = part(found, "wake-ups, which every serving process")
    assert wake_ups.ceiling == pytest.approx(MICROSECONDS / measured.EVENT)
    assert wake_ups.demand == found.rates[demand.LOG_ENTRY]


def test_each_envoy_more_costs_every_gateway_its_health_checks() -> None:
    few, many = planned(1e8), planned(1e8, "sockets_of_edge=800")

    assert many.edges == pytest.approx(10 * few.edges, rel=0.01)
    assert many.cores["gateway"] > few.cores["gateway"]
    assert many.cores["post-work"] == few.cores["post-work"]
    checks = part(many, "health checks of all Envoys")
    assert checks.demand == pytest.approx(many.edges * measured.EVENT / MICROSECONDS)


def test_the_limits_of_ids_are_those_of_the_code() -> None:
    found = planned()

    assert part(found, "worker numbers of user").ceiling == WORKERS
    assert part(found, "buckets").ceiling == BUCKETS


def test_only_services_that_make_ids_need_worker_numbers() -> None:
    named = [each.name for each in planned().parts if each.name.startswith("worker numbers")]

    assert sorted(named) == [
        f"worker numbers of {noun}" for noun in ("media", "notification", "post", "user")
    ]


def test_a_promotion_makes_the_first_read_of_a_session_recompute() -> None:
    assume = Assumptions()
    some, many = demand.audience(MILLION, assume), demand.audience(1e9, assume)

    assert 0 < demand.stale_reads(some, assume) < demand.stale_reads(many, assume)
    assert demand.stale_reads(many, assume) == pytest.approx(assume.sessions)


def test_celebrities_have_a_part_of_all_follows() -> None:
    assume = Assumptions()
    lower = assume.overridden(["celebrity_followers=1000"])

    share = demand.share_of_follows(assume.followees, assume)
    assert 0 < share < demand.share_of_follows(assume.followees, lower) < 1


def test_a_post_costs_without_its_deliveries_which_are_counted_by_themselves() -> None:
    assume = Assumptions()
    units = UnitCosts(measured.results())

    cost = demand.costs(units, demand.audience(MILLION, assume), assume)[demand.POST]

    assert cost.cpu["timeline-work"] == pytest.approx(measured.EACH - 10 * measured.DELIVERY)


def test_no_more_people_are_online_than_are_active() -> None:
    assume = Assumptions().overridden(["minutes_online=1440"])
    found = demand.audience(MILLION, assume)

    assert found.sockets == found.present == found.active


def test_each_assumption_can_be_replaced_and_has_a_source() -> None:
    usual = Assumptions()

    for each in fields(Assumptions):
        assert getattr(usual.overridden([f"{each.name}=7"]), each.name) == 7
    for row in usual.table():
        assert row.meaning
        assert row.source
        assert row.value > 0


def test_a_replaced_assumption_changes_the_plan() -> None:
    usual, busier = planned(), planned(MILLION, "home_reads=80", "partitions=24")

    assert busier.rates[demand.HOME] == pytest.approx(2 * usual.rates[demand.HOME])
    consumers = "consumers of post"
    assert part(busier, consumers).ceiling == 2 * part(usual, consumers).ceiling


def test_the_second_of_a_record_demands_as_many_times_more() -> None:
    units, usual = UnitCosts(measured.results()), Assumptions()

    ordinary, record = (plan(MILLION, units, each) for each in (usual, usual.at_record()))

    times = usual.record_to_mean / usual.peak_to_mean
    assert record.rates[demand.POST] == pytest.approx(times * ordinary.rates[demand.POST])
    # What is stored follows from the mean.
    for before, after in zip(ordinary.stored, record.stored, strict=True):
        if before[0] not in ("event logs", "topics"):
            assert after[2] == pytest.approx(before[2]), before[0]


@pytest.mark.parametrize("override", ["nonsense=1", "posts=many", "posts=0", "posts=-1", "posts"])
def test_an_invalid_override_is_refused_by_its_name(override: str) -> None:
    with pytest.raises(AssumptionInvalid, match=override.partition("=")[0]):
        Assumptions().overridden([override])


@pytest.mark.parametrize(
    ("scenario", "name"),
    [
        ("unit-events", "relay, process"),
        ("unit-homes", "full home, by default"),
        ("unit-requests", "like, rows that stay"),
        ("media", "CPU a hit"),
        ("home", "page"),
    ],
)
def test_a_missing_figure_is_named_with_its_scenario(scenario: str, name: str) -> None:
    units = UnitCosts(measured.without(scenario, name))

    with pytest.raises(FigureMissing, match=f"{scenario} have no figure “{name}”.*ONLY={scenario}"):
        plan(MILLION, units, Assumptions())


def test_a_missing_scenario_is_named() -> None:
    reports = measured.results()
    del reports["fanout"]

    with pytest.raises(FigureMissing, match="no scenario fanout"):
        plan(MILLION, UnitCosts(reports), Assumptions())


def test_a_table_is_read_by_process_and_second_processes_count_with_the_first() -> None:
    reports = measured.results()
    reports["sockets"].tables[0].rows[:] = [
        ["gateway", "70.5"],
        ["gateway-2", "1,070"],
        ["envoy, second edge", "–"],
        ["post-work", "3"],
        ["together, without the generator", "1,143.5"],
        ["(load generator)", "8"],
    ]

    cost = UnitCosts(reports).column("sockets", "CPU µs a frame", "µs")

    assert cost.cpu == {"gateway": 1140.5, "envoy": 0.0, "post-work": 3.0}


def test_costs_are_added_scaled_and_subtracted_without_going_below_zero() -> None:
    one, other = Cost({"a": 3.0, "b": 1.0}, {"x": 2.0}), Cost({"b": 2.0})

    assert (one + other * 2).cpu == {"a": 3.0, "b": 5.0}
    assert one.without(other) == Cost({"a": 3.0, "b": 0.0}, {"x": 2.0})
    assert one.total == 4.0


def test_only_the_services_of_an_operation_count_for_it() -> None:
    cost = Cost(
        {"gateway": 1.0, "user": 2.0, "user-work": 3.0, "search-work": 4.0},
        {"user": 5.0, "search": 6.0},
        {"search": 7.0},
    )

    assert cost.of("user") == Cost({"gateway": 1.0, "user": 2.0, "user-work": 3.0}, {"user": 5.0})


def test_the_mix_is_predicted_from_the_costs_of_its_requests() -> None:
    found = predict_mix(UnitCosts(measured.results()), WEIGHTS)

    request = measured.EACH * len(measured.PROCESSES)
    idle = 0.1
    generator = measured.EACH
    assert found.predicted_rate == pytest.approx(
        (measured.CORES - idle) * MICROSECONDS / (request + generator)
    )
    assert found.predicted_cpu == pytest.approx(request + idle * MICROSECONDS / 1_000)
    assert found.cpu_error == pytest.approx(found.predicted_cpu / request - 1)
    assert found.rate_error == pytest.approx(found.predicted_rate / 1_000 - 1)


def test_a_machine_that_was_faster_then_needed_less_for_the_mix() -> None:
    units = UnitCosts(measured.results())

    # 1,800 µs with the idle stack, of which 0.1 cores at 100 reads a second take 1,000.
    assert speed_of_home(units) == pytest.approx(1_600 / 800)
    faster = predict_mix(units, WEIGHTS, speed=2.0)
    assert faster.predicted_rate > 1.8 * predict_mix(units, WEIGHTS).predicted_rate

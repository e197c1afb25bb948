"""The cost of one operation: what was used above an idle stack."""

from __future__ import annotations

from typing import cast

import pytest

from bench import meter
from bench.bench import Bench
from bench.databases import ServerUsage, Session, cpu_by_database, cpu_seconds, wal_by_database
from bench.meter import Meter, OperationCost, Reading
from bench.processes import Usage
from bench.report import Report


def server(*sessions: tuple[int, str, float, float], wal: float = 0.0) -> ServerUsage:
    return ServerUsage(
        {pid: Session(noun, cpu, written) for pid, noun, cpu, written in sessions}, wal
    )


def test_sessions_count_for_their_database_and_new_ones_from_their_start() -> None:
    before = server((1, "post", 1.0, 0), (2, "user", 5.0, 0))
    after = server((1, "post", 1.5, 0), (2, "user", 5.0, 0), (3, "post", 0.25, 0))

    assert cpu_by_database(before, after) == {"post": 0.75, "user": 0.0}


def test_a_session_that_ended_is_left_out() -> None:
    assert cpu_by_database(server((1, "post", 1.0, 0)), server((2, "post", 0.5, 0))) == {
        "post": 0.5
    }


def test_the_bytes_of_the_server_are_divided_as_sessions_report_theirs() -> None:
    before = server((1, "post", 0, 100), (2, "user", 0, 0), wal=1_000)
    after = server((1, "post", 0, 400), (2, "user", 0, 100), wal=1_800)

    assert wal_by_database(before, after) == {"post": 600, "user": 200}


def test_nothing_is_divided_while_no_session_has_reported() -> None:
    assert wal_by_database(server((1, "post", 0, 0)), server((1, "post", 0, 0), wal=500)) == {}


def test_a_process_that_is_gone_has_used_nothing() -> None:
    assert cpu_seconds(2**22 + 1) == 0.0


def reading(time: float, cpu: float, *, database: float, wal: float) -> Reading:
    return Reading(
        time,
        {"post": Usage(cpu, 0.0), "valkey": Usage(0.0, 0.0)},
        server((1, "post", database, wal), wal=wal),
    )


def test_an_operation_costs_what_is_above_the_idle_stack() -> None:
    # The bench itself is used by other methods alone.
    measured = Meter(
        cast("Bench", None), {"post": 0.01, "valkey": 0.5}, {"post": 0.002}, {"post": 10.0}
    )

    cost = measured.cost(
        reading(0, 1.0, database=0.5, wal=0), reading(10, 3.1, database=0.72, wal=2_100), 1_000
    )

    assert cost.cpu == pytest.approx({"post": 2_000.0, "valkey": 0.0})
    assert cost.database_cpu == pytest.approx({"post": 200.0})
    assert cost.wal_bytes == pytest.approx({"post": 2.0})


def test_the_mean_counts_what_one_measurement_lacks_as_nothing() -> None:
    one, other = OperationCost({"a": 2.0}, {"x": 4.0}, {}), OperationCost({"b": 6.0}, {}, {})

    assert meter.mean([one, other]) == OperationCost({"a": 1.0, "b": 3.0}, {"x": 2.0}, {})


def test_figures_are_named_as_the_model_reads_them_and_noise_is_left_out() -> None:
    report = Report()
    OperationCost({"post": 100.0, "media": 0.4}, {"post": 20.0}, {"post": 300.0}).figures(
        report, "like"
    )

    assert [(each.name, each.value, each.unit) for each in report.figures] == [
        ("like, post", 100.0, "µs of CPU"),
        ("like, database of post", 20.0, "µs of CPU"),
        ("like, WAL of post", 300.0, "bytes"),
    ]


def test_a_table_has_the_heaviest_process_first() -> None:
    report = Report()
    costs = {
        "read": OperationCost({"a": 1.0, "b": 20.0, "c": 0.1}, {}, {}),
        "write": OperationCost({"a": 9.0}, {"x": 5.0}, {"x": 300.0}),
    }

    meter.table(report, "costs", costs)

    assert report.tables[0].rows == [
        ["b", "20.0", "0"],
        ["a", "1.00", "9.00"],
        ["database of x", "0", "5.00"],
        ["WAL, bytes, of x", "0", "300"],
    ]

"""What is past its time is forgotten, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.runtime.clock import ManualClock
from services.chassis.storage import postgres, retention

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_old_records_are_forgotten_and_newer_ones_kept(
    database: Callable[[str], str],
) -> None:
    async with postgres.connect(database("chassis"), clock=ManualClock(NOW)) as connected:
        for hours in (23, 25):
            await connected.execute(
                "INSERT INTO idempotency_records VALUES ('c', $1, '', '', $2, 7)",
                str(hours),
                NOW - timedelta(hours=hours),
            )
        for days in (6, 8):
            await connected.execute(
                "INSERT INTO inbox VALUES ($1, gen_random_uuid(), $2, 7)",
                str(days),
                NOW - timedelta(days=days),
            )

            await connected.execute(
                "INSERT INTO outbox_refused VALUES ($1, gen_random_uuid(), 't', $2, 'x', '', NULL, "
                "$3, 'too large', $3)",
                days,
                str(days),
                NOW - timedelta(days=4 * days),
            )

        gone = await retention.forget_old(connected)

        requests = await connected.fetch("SELECT request_id FROM idempotency_records")
        notes = await connected.fetch("SELECT consumer FROM inbox")
        refused = await connected.fetch("SELECT key FROM outbox_refused")

    assert gone == 3
    assert [row["key"] for row in refused] == ["6"]
    assert [row["request_id"] for row in requests] == ["23"]
    assert [row["consumer"] for row in notes] == ["6"]


async def test_a_backlog_is_forgotten_by_spans_of_time(
    database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 3)
    due = NOW - retention.REQUESTS_KEPT
    # The oldest row is alone, and the last one is due a moment later.
    times = [
        due - timedelta(days=90),
        *(due - timedelta(minutes=each) for each in range(1, 11)),
        due,
    ]
    async with postgres.connect(database("chassis"), clock=ManualClock(NOW)) as connected:
        for number, time in enumerate(times):
            await connected.execute(
                "INSERT INTO idempotency_records VALUES ('c', $1, '', '', $2, 7)", str(number), time
            )

        gone = await retention.forget_old(connected)
        kept = await connected.fetch("SELECT request_id FROM idempotency_records")
        again = await retention.forget_old(connected)

    assert (gone, again) == (11, 0)
    assert [row["request_id"] for row in kept] == ["11"]

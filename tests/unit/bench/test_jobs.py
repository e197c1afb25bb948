"""A job in a process of its own."""

import time

import pytest

from bench import jobs
from bench.jobs import Kind, Load
from bench.wire import request
from tests.unit.bench.serving import answer, serving


@pytest.mark.parametrize("unbuffered", ["", "1"])
async def test_outcome_arrives_whole_however_long_it_is_and_however_late_it_is_read(
    monkeypatch: pytest.MonkeyPatch, unbuffered: str
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)

    async def late() -> None:
        time.sleep(0.5)  # noqa: ASYNC251 - nothing is read from the pipe during this time

    async with serving(lambda _: [answer(200, b"{}")]) as port:
        kinds = [Kind("one", [request("GET", "/one")])]
        # More latencies than a pipe holds, at nine bytes each, on any machine.
        load = Load("127.0.0.1", port, kinds, 3.0, 300, rate=4000.0, warm_seconds=0.05)
        outcome = await jobs.run(load, ended=late)

    assert len(outcome.lateness) + outcome.answered > 65536 / 9

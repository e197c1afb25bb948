"""The loops of the load generator, against a small server."""

import msgspec
import pytest

from bench import generator
from bench.arrivals import poisson
from bench.generator import ClosedLoop, OnceEach, OpenLoop, Prober
from bench.jobs import Kind, Load, Once, Probe
from bench.wire import KEY, request
from tests.unit.bench.serving import answer, serving


@pytest.fixture(autouse=True)
def _tell_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "_report", lambda line: None)


def load(port: int, *, rate: float | None = None, connections: int = 4) -> Load:
    kinds = [
        Kind("one", [request("GET", "/one")], 0.75),
        Kind("two", [request("GET", "/two")], 0.25),
    ]
    return Load("127.0.0.1", port, kinds, 0.5, connections, rate, warm_seconds=0.05)


async def test_an_open_loop_asks_at_its_rate() -> None:
    async with serving(lambda _: [answer(200, b"{}")]) as port:
        job = load(port, rate=200)
        outcome = await OpenLoop(job).run()

    due = list(poisson(200, job.warm_seconds + job.seconds, seed=job.seed))
    # Requests that wait on a busy machine are sent and answered later, none is left out. One that
    # was due while it warmed up may be answered after that.
    counted = sum(moment >= job.warm_seconds for moment in due)
    assert counted <= outcome.answered <= len(due)


async def test_kinds_are_drawn_by_their_weights() -> None:
    async with serving(lambda _: [answer(200, b"{}")]) as port:
        outcome = await ClosedLoop(load(port)).run()

    share = len(outcome.measured["one"].latencies) / outcome.answered
    assert share == pytest.approx(0.75, abs=0.1)


async def test_a_stall_shows_in_an_open_loop_in_the_latency_of_those_who_waited() -> None:
    async with serving(lambda _: [answer(200, b"{}")], stall=0.35) as port:
        outcome = await OpenLoop(load(port, rate=100, connections=2)).run()

    everything = sorted(each for kind in outcome.measured.values() for each in kind.latencies)
    # Two connections stalled. Without the waiting time of the others, two latencies would be long.
    assert sum(latency > 0.05 for latency in everything) > 10


async def test_refusals_are_counted_apart() -> None:
    async with serving(lambda head: [answer(503 if b"/two" in head else 200, b"{}")]) as port:
        outcome = await ClosedLoop(load(port)).run()

    assert outcome.measured["two"].refusals.keys() == {503}
    assert not outcome.measured["two"].latencies
    assert outcome.refused == outcome.measured["two"].refusals[503]


async def test_each_request_of_a_list_is_made_once_with_a_key_of_its_own() -> None:
    seen: list[bytes] = []
    requests = [request("POST", f"/{number}", body={}, keyed=True) for number in range(20)]

    def note(head: bytes) -> list[bytes]:
        seen.append(head)
        return [answer(201, b"{}")]

    async with serving(note) as port:
        outcome = await OnceEach(Once("127.0.0.1", port, requests, connections=3)).run()

    assert outcome.answered == 20
    assert {head.split()[1] for head in seen} == {b"/%d" % number for number in range(20)}
    keys = {line for head in seen for line in head.split(b"\r\n") if line.startswith(b"idem")}
    assert len(keys) == 20
    assert not any(KEY in key for key in keys)


async def test_a_probe_waits_until_the_post_is_seen() -> None:
    reads = 0

    def deliver_late(head: bytes) -> list[bytes]:
        nonlocal reads
        if head.startswith(b"POST"):
            reads = 0
            return [answer(201, b'{"id":"77","author":{"id":"5"}}')]
        reads += 1
        return [answer(200, b'[{"id":"77"}]' if reads > 3 else b'[{"id":"5"}]')]

    pair = (request("POST", "/posts", body={}, keyed=True), request("GET", "/home"))
    async with serving(deliver_late) as port:
        outcome = await Prober(Probe("127.0.0.1", port, [pair], 0.2, 0.01, 0.002)).run()

    visible = outcome.measured["visible"].latencies
    assert visible
    assert len(visible) == len(outcome.measured["written"].latencies)
    assert min(visible) > 0.005


async def test_a_pair_writes_at_most_one_post_in_its_interval() -> None:
    posts = 0

    def count(head: bytes) -> list[bytes]:
        nonlocal posts
        posts += head.startswith(b"POST")
        return [answer(201, b'{"id":"77"}')]

    pair = (request("POST", "/posts", body={}, keyed=True), request("GET", "/home"))
    job = Probe("127.0.0.1", 0, [pair, pair], 0.5, 0.0, 0.002, every_seconds=0.2)
    async with serving(count) as port:
        outcome = await Prober(msgspec.structs.replace(job, port=port)).run()

    # The last posts may begin just before the end, and how often is up to the machine.
    assert 2 <= posts <= 6
    assert len(outcome.measured["written"].latencies) == posts

"""The open loop: requests are due independently of earlier answers."""

from itertools import pairwise

import pytest

from bench.arrivals import Queue, poisson


def test_as_many_arrive_as_the_rate_says() -> None:
    moments = list(poisson(200, 50, seed=3))

    assert len(moments) == pytest.approx(200 * 50, rel=0.05)
    assert moments == sorted(moments)
    assert 0 < moments[0] < moments[-1] < 50


def test_arrivals_come_in_bursts_as_those_of_independent_people_do() -> None:
    moments = list(poisson(100, 100, seed=3))
    gaps = [later - earlier for earlier, later in pairwise(moments)]

    # An exponential gap is below its mean in 63 of 100 cases.
    assert sum(gap < 0.01 for gap in gaps) / len(gaps) == pytest.approx(0.632, abs=0.02)


def test_the_same_seed_gives_the_same_arrivals() -> None:
    assert list(poisson(50, 2, seed=9)) == list(poisson(50, 2, seed=9))
    assert list(poisson(50, 2, seed=9)) != list(poisson(50, 2, seed=8))


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        next(poisson(0, 1, seed=1))


def test_a_request_goes_out_at_once_where_a_connection_is_free() -> None:
    queue = Queue(2)

    assert {queue.arrive(1.0), queue.arrive(1.5)} == {0, 1}
    assert queue.waiting == 0
    assert queue.in_flight == 2


def test_latency_counts_from_when_a_request_was_due_not_from_when_it_was_sent() -> None:
    queue = Queue(1)
    queue.arrive(1.0)
    assert queue.arrive(1.2) is None

    first, more = queue.answer(0, 5.0)
    second, _ = queue.answer(0, 5.1)

    assert more
    assert first == pytest.approx(4.0)
    # Sent at 5.0 and answered within 0.1 s, but due since 1.2.
    assert second == pytest.approx(3.9)


def test_a_stall_is_charged_to_everybody_who_came_meanwhile() -> None:
    queue = Queue(1)
    for tenth in range(10):
        queue.arrive(tenth / 10)

    latencies = []
    more = True
    while more:
        latency, more = queue.answer(0, 10.0)
        latencies.append(latency)

    assert len(latencies) == 10
    assert min(latencies) == pytest.approx(9.1)


def test_who_waits_is_served_in_turn() -> None:
    queue = Queue(1)
    for due in (1.0, 2.0, 3.0):
        queue.arrive(due)

    answered = [queue.answer(0, 10.0)[0] for _ in range(3)]

    assert answered == [9.0, 8.0, 7.0]
    assert queue.in_flight == 0


def test_a_connection_that_has_answered_is_used_again() -> None:
    queue = Queue(1)
    queue.arrive(1.0)

    _, more = queue.answer(0, 1.1)

    assert not more
    assert queue.arrive(2.0) == 0

"""Counters of attempts: in memory and on Valkey, with the same promises."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest

from local.rate_limits import logins_lifted
from services.chassis.cache import redis_client
from services.chassis.runtime.clock import ManualClock
from services.user.adapters.login_attempts import MemoryAttempts, ValkeyAttempts
from services.user.domain.throttle import Attempts, Backoff, Bucket
from tests.waiting import LIMIT

_accounts = count(1)
BUCKET = Bucket(3)
PAUSES = Backoff(free=2, first=4.0, longest=10.0, forget=3600.0)
PATIENT = Backoff(free=4, first=4.0, longest=10.0, forget=3600.0)


class Counters:
    """The counters of one account, with a fixed clock."""

    def __init__(self, attempts: Attempts, clock: ManualClock) -> None:
        self.attempts = attempts
        self.clock = clock
        self.account = f"account{next(_accounts)}"

    async def waits(self, *places: str) -> float:
        """Begins an attempt from these origins. Returns how long it has to wait."""
        return (await self.begin(*places))[0]

    async def begin(self, *places: str) -> tuple[float, list[int]]:
        tallies = [(place, PATIENT if place == "all" else PAUSES) for place in places]
        counted = await self.attempts.begin(self.account, tallies)
        return counted.wait, list(counted.failures)


@pytest.fixture(params=["memory", "valkey", "valkey_cluster"])
async def counters(request: pytest.FixtureRequest) -> AsyncIterator[Counters]:
    clock = ManualClock()
    if request.param == "memory":
        yield Counters(MemoryAttempts(clock=clock), clock)
        return
    async with redis_client.connect(
        request.getfixturevalue(request.param), call_seconds=LIMIT
    ) as client:
        yield Counters(ValkeyAttempts(client, clock=clock), clock)


async def test_a_bucket_is_empty_after_its_size_and_fills_up(counters: Counters) -> None:
    taken = [await counters.attempts.take("net", BUCKET) for _ in range(4)]

    assert taken[:3] == [0, 0, 0]
    assert taken[3] == pytest.approx(20, abs=0.01)
    counters.clock.advance(20)
    assert await counters.attempts.take("net", BUCKET) == 0
    assert await counters.attempts.take("net", BUCKET) > 0
    counters.clock.advance(60)
    assert [await counters.attempts.take("net", BUCKET) for _ in range(3)] == [0, 0, 0]


async def test_buckets_of_two_names_are_independent(counters: Counters) -> None:
    for _ in range(3):
        await counters.attempts.take("net", BUCKET)

    assert await counters.attempts.take("other", BUCKET) == 0


async def test_of_many_who_take_at_once_as_many_get_a_token_as_there_are(
    counters: Counters,
) -> None:
    waits = await asyncio.gather(*(counters.attempts.take("net", BUCKET) for _ in range(20)))

    assert waits.count(0) == 3


async def test_pauses_double_up_to_the_longest(counters: Counters) -> None:
    assert await counters.begin("here") == (0, [1])
    seen = []
    for _ in range(4):
        assert await counters.waits("here") == 0
        seen.append(await counters.waits("here"))
        counters.clock.advance(seen[-1])

    assert seen == [4, 8, 10, 10]


async def test_what_is_refused_in_a_pause_does_not_count(counters: Counters) -> None:
    for _ in range(2):
        await counters.waits("here")
    for _ in range(5):
        assert await counters.waits("here") == 4

    counters.clock.advance(4)
    assert await counters.begin("here") == (0, [3])


async def test_of_attempts_at_once_no_more_pass_than_are_free(counters: Counters) -> None:
    waits = await asyncio.gather(*(counters.waits("here") for _ in range(20)))

    assert waits.count(0) == PAUSES.free


async def test_a_pause_of_either_tally_refuses_and_counts_on_neither(counters: Counters) -> None:
    for place in ("a", "b", "c", "d"):
        assert await counters.waits(place, "all") == 0

    assert await counters.waits("e", "all") == 4
    assert await counters.begin("e") == (0, [1])


async def test_a_tally_that_is_left_out_does_not_hold_up(counters: Counters) -> None:
    for place in ("a", "b", "c", "d"):
        await counters.waits(place, "all")

    assert await counters.waits("home") == 0


async def test_an_attempt_is_taken_back_with_its_pause(counters: Counters) -> None:
    await counters.waits("here", "all")
    await counters.waits("here", "all")
    await counters.attempts.take_back(counters.account, ["here", "all"])

    assert await counters.begin("here", "all") == (0, [2, 2])
    await counters.attempts.take_back(counters.account, ["here", "all"])
    await counters.attempts.take_back(counters.account, ["here", "all"])
    await counters.attempts.take_back(counters.account, ["here", "all"])
    assert await counters.begin("here", "all") == (0, [1, 1])


async def test_a_cleared_tally_begins_at_zero(counters: Counters) -> None:
    for _ in range(2):
        await counters.waits("here", "all")
    await counters.attempts.clear(counters.account, "here")

    assert await counters.begin("here", "all") == (0, [1, 3])


async def test_accounts_are_counted_independently(counters: Counters) -> None:
    for _ in range(3):
        await counters.waits("here")

    other = Counters(counters.attempts, counters.clock)
    assert await other.waits("here") == 0


async def test_a_tally_is_forgotten_after_its_time() -> None:
    clock = ManualClock()
    counters = Counters(MemoryAttempts(clock=clock), clock)
    await counters.waits("here")

    clock.advance(PAUSES.forget)

    assert await counters.begin("here") == (0, [1])


async def test_nothing_stays_in_valkey_for_good(valkey: str) -> None:
    async with redis_client.connect(valkey, call_seconds=LIMIT) as client:
        counters = Counters(ValkeyAttempts(client, clock=ManualClock()), ManualClock())
        await counters.attempts.take("net", BUCKET)
        await counters.waits("here", "all")
        keys = await client.execute("KEYS", "*")
        lives = await client.pipeline([("PTTL", key) for key in keys])

    assert len(keys) == 3
    assert all(0 < each <= PAUSES.forget * 1000 for each in lives)


async def test_no_bucket_is_empty_while_an_operator_lifts_them(valkey: str) -> None:
    async with redis_client.connect(valkey, call_seconds=LIMIT) as client:
        attempts = ValkeyAttempts(client, clock=ManualClock())
        async with logins_lifted(valkey):
            lifted = [await attempts.take("net", BUCKET) for _ in range(10)]

        assert lifted == [0] * 10
        assert await attempts.take("net", BUCKET) > 0

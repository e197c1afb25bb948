"""Counting attempts while Valkey is unavailable."""

from collections.abc import Sequence

import pytest

from services.chassis.cache.redis_client import RedisUnavailable
from services.chassis.runtime.clock import ManualClock
from services.user.adapters.login_attempts import FallbackAttempts, MemoryAttempts
from services.user.domain.errors import CredentialsWrong, RateLimited, TooManyPasswordAttempts
from services.user.domain.throttle import AttemptOrigin, Backoff, Bucket, Counted, Throttle

PLACE = AttemptOrigin("192.0.2.1", known=False)


class Away:
    """Valkey that does not answer."""

    async def take(self, name: str, bucket: Bucket) -> float:
        raise RedisUnavailable

    async def begin(self, account: str, tallies: Sequence[tuple[str, Backoff]]) -> Counted:
        raise RedisUnavailable

    async def take_back(self, account: str, tallies: Sequence[str]) -> None:
        raise RedisUnavailable

    async def clear(self, account: str, tally: str) -> None:
        raise RedisUnavailable


@pytest.fixture
def throttle() -> Throttle:
    attempts = FallbackAttempts(Away(), MemoryAttempts(clock=ManualClock()))
    return Throttle(attempts=attempts, key=b"k" * 32, logins=3, guesses=8)


async def fail(throttle: Throttle) -> None:
    with pytest.raises(CredentialsWrong):
        async with throttle.attempt("7", PLACE):
            raise CredentialsWrong


async def test_the_bucket_of_a_network_goes_on(throttle: Throttle) -> None:
    for _ in range(3):
        await throttle.admit(network="192.0.2.1")

    with pytest.raises(RateLimited) as caught:
        await throttle.admit(network="192.0.2.1")
    assert caught.value.retry_after == pytest.approx(20)
    await throttle.admit(network="192.0.2.2")


async def test_guesses_still_have_pauses(throttle: Throttle) -> None:
    await fail(throttle)
    await fail(throttle)

    with pytest.raises(TooManyPasswordAttempts):
        await fail(throttle)


async def test_the_right_password_still_ends_them(throttle: Throttle) -> None:
    await fail(throttle)
    async with throttle.attempt("7", PLACE):
        pass

    await fail(throttle)
    async with throttle.attempt("7", PLACE):
        pass


async def test_what_was_not_compared_is_not_counted(throttle: Throttle) -> None:
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            async with throttle.attempt("7", PLACE):
                raise ZeroDivisionError

    async with throttle.attempt("7", PLACE) as failures:
        assert failures == 1

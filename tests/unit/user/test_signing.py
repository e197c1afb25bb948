"""The life of signing keys."""

from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from prometheus_client import REGISTRY

from services.chassis.auth.caller import UserCaller
from services.chassis.auth.tokens import (
    AccessTokens,
    KeyRing,
    StaticJwks,
    Verifier,
)
from services.chassis.auth.tokens.access_tokens import LIFETIME
from services.chassis.runtime.clock import ManualClock
from services.user.adapters.memory import MemoryUserStore
from services.user.domain import signing
from services.user.domain.signing import (
    ANNOUNCED,
    PERIOD,
    KeySeal,
    Signer,
)
from services.user.rpc.events import describe

SEAL = KeySeal(master_key=b"\7" * 32)


class UserServiceStack:
    """A signer, and a verifier of its tokens with a key set that may be a minute old."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryUserStore(clock=self.clock, describe=describe)
        access_tokens = AccessTokens(issuer="https://r", audience="roost", clock=self.clock)
        self.signer = Signer(
            store=self.store, clock=self.clock, seal=SEAL, access_tokens=access_tokens
        )
        self.verifier = Verifier(
            issuer="https://r",
            audience="roost",
            services_here=["user"],
            users=KeyRing(self.signer, clock=self.clock),
            services=KeyRing(StaticJwks([]), clock=self.clock),
            clock=self.clock,
        )

    async def rotate(self) -> str:
        return (await signing.rotate(self.store, clock=self.clock, seal=SEAL)).kid

    async def published(self) -> list[str]:
        await self.signer.load()
        return [key["kid"] for key in await self.signer.fetch()]

    async def current(self) -> str:
        key = signing.current(await self.store.signing_keys(), self.clock.now())
        assert key is not None
        return key.kid


async def test_the_first_key_is_made_when_it_is_needed_and_signs_at_once() -> None:
    stack = UserServiceStack()

    await stack.signer.load()
    token, expires = stack.signer.issue(5, 6)

    assert await stack.verifier.verify(token) == UserCaller(5, 6)
    assert expires == stack.clock.now() + LIFETIME


async def test_a_new_key_is_published_two_minutes_before_it_signs() -> None:
    stack = UserServiceStack()
    first = await stack.rotate()

    second = await stack.rotate()

    assert await stack.published() == [first, second]
    stack.clock.advance(ANNOUNCED - timedelta(seconds=1))
    assert await stack.current() == first
    stack.clock.advance(1)
    assert await stack.current() == second
    assert timedelta(seconds=120) <= ANNOUNCED


async def test_a_key_that_waits_is_not_followed_by_another() -> None:
    stack = UserServiceStack()
    await stack.rotate()

    assert await stack.rotate() == await stack.rotate()


async def test_a_retired_key_stays_published_until_its_last_token_has_expired() -> None:
    stack = UserServiceStack()
    first = await stack.rotate()
    second = await stack.rotate()
    stack.clock.advance(ANNOUNCED)

    stack.clock.advance(LIFETIME)
    assert await stack.published() == [first, second]
    stack.clock.advance(timedelta(minutes=2))
    assert await stack.published() == [second]


async def test_metric_shows_the_age_of_each_published_key_and_of_no_other() -> None:
    stack = UserServiceStack()
    first = await stack.rotate()
    stack.clock.advance(60)
    second = await stack.rotate()
    await stack.signer.load()
    announced = age(first), age(second)
    stack.clock.advance(ANNOUNCED + LIFETIME)
    signing_now = age(second)
    stack.clock.advance(timedelta(minutes=2))
    await stack.signer.load()

    assert announced == (60, -ANNOUNCED.total_seconds())
    assert signing_now == LIFETIME.total_seconds()
    assert (age(first), age(second)) == (None, LIFETIME.total_seconds() + 120)


def age(kid: str) -> float | None:
    return REGISTRY.get_sample_value("roost_signing_key_age_seconds", {"kid": kid})


async def test_no_token_fails_while_keys_change() -> None:
    stack = UserServiceStack()
    await stack.signer.load()
    tokens: list[tuple[str, float]] = []

    for minute in range(60):
        if minute == 10:
            await stack.rotate()
        await stack.signer.load()
        token, _ = stack.signer.issue(5, minute + 1)
        tokens.append((token, stack.clock.monotonic()))
        for each, issued in tokens:
            if stack.clock.monotonic() - issued < LIFETIME.total_seconds():
                assert isinstance(await stack.verifier.verify(each), UserCaller)
        stack.clock.advance(60)


async def test_old_keys_are_forgotten_at_the_next_rotation() -> None:
    stack = UserServiceStack()
    first = await stack.rotate()
    await stack.rotate()
    stack.clock.advance(ANNOUNCED + LIFETIME + timedelta(minutes=3))

    await stack.rotate()

    assert first not in [key.kid for key in await stack.store.signing_keys()]


async def test_keys_are_rotated_by_themselves_after_their_period() -> None:
    stack = UserServiceStack()

    async def due() -> bool:
        rotated = await signing.rotate_if_due(stack.store, clock=stack.clock, seal=SEAL)
        return rotated is not None

    assert await due()
    assert not await due()
    stack.clock.advance(PERIOD - timedelta(seconds=1))
    assert not await due()
    stack.clock.advance(1)
    assert await due()
    assert not await due()


async def test_a_private_key_opens_only_with_the_master_key_and_under_its_own_name() -> None:
    stack = UserServiceStack()
    await stack.rotate()
    (stored,) = await stack.store.signing_keys()

    assert SEAL.open(stored).kid == stored.kid
    assert b"PRIVATE" not in stored.sealed_private
    with pytest.raises(InvalidTag):
        KeySeal(master_key=b"\6" * 32).open(stored)

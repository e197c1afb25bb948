"""Ended sessions are learned every second, kept as long as their tokens, and cost one look."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from services.chassis.auth.caller import UserCaller
from services.chassis.auth.tokens import (
    AccessTokens,
    KeyRing,
    Revoked,
    RevokedSessions,
    SigningKey,
    StaticJwks,
    Verifier,
)
from services.chassis.auth.tokens.revocations import KEEP_SECONDS
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unauthenticated, Unavailable

KEY = SigningKey.generate("key-1")


class Source:
    """Answers what it is told to."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.session_ids: Sequence[int] = ()
        self.failure: Exception | None = None
        self.asked: list[datetime | None] = []

    async def revoked(self, since: datetime | None) -> Revoked:
        self.asked.append(since)
        if self.failure is not None:
            raise self.failure
        return Revoked(self.session_ids, self._clock.now())


class World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.source = Source(self.clock)
        self.revoked = RevokedSessions(self.source, clock=self.clock)
        self.verifier = Verifier(
            issuer="https://roost.test",
            audience="roost",
            services_here=["user"],
            users=KeyRing(StaticJwks([KEY.public_jwk()]), clock=self.clock),
            services=KeyRing(StaticJwks([]), clock=self.clock),
            clock=self.clock,
            revoked=self.revoked,
        )

    def token(self, session_id: int) -> str:
        tokens = AccessTokens(issuer="https://roost.test", audience="roost", clock=self.clock)
        return tokens.issue(42, session_id, key=KEY)


@pytest.fixture
def world() -> World:
    return World()


async def test_token_of_an_ended_session_is_refused_though_it_was_verified_before(
    world: World,
) -> None:
    token = world.token(7)
    assert await world.verifier.verify(token) == UserCaller(42, 7)
    world.source.session_ids = [7]

    await world.revoked.ask()

    for _ in range(2):
        with pytest.raises(Unauthenticated) as refused:
            world.verifier.remembered(token)
        assert refused.value.reason == "SESSION_REVOKED"


async def test_token_of_an_ended_session_is_refused_at_first_sight(world: World) -> None:
    world.source.session_ids = [7]
    await world.revoked.ask()

    with pytest.raises(Unauthenticated) as refused:
        await world.verifier.verify(world.token(7))

    assert refused.value.reason == "SESSION_REVOKED"
    assert await world.verifier.verify(world.token(8)) == UserCaller(42, 8)


async def test_each_question_goes_on_where_the_last_answer_ended(world: World) -> None:
    first = world.clock.now()
    await world.revoked.ask()
    world.clock.advance(1)

    await world.revoked.ask()

    assert world.source.asked == [None, first]


async def test_what_is_known_is_kept_while_the_source_is_away(world: World) -> None:
    world.source.session_ids = [7]
    await world.revoked.ask()
    since = world.clock.now()
    world.source.failure = Unavailable()

    for _ in range(3):
        world.clock.advance(1)
        await world.revoked.ask()
    world.source.failure = None
    world.source.session_ids = [9]
    await world.revoked.ask()

    assert 7 in world.revoked
    assert 9 in world.revoked
    assert world.source.asked[-1] == since


async def test_nobody_is_refused_while_nothing_is_known(world: World) -> None:
    world.source.failure = OSError("away")

    await world.revoked.ask()

    assert await world.verifier.verify(world.token(7)) == UserCaller(42, 7)


async def test_an_ended_session_is_forgotten_once_its_tokens_have_expired(world: World) -> None:
    world.source.session_ids = [7]
    await world.revoked.ask()
    world.source.session_ids = []

    world.clock.advance(KEEP_SECONDS - 1)
    await world.revoked.ask()
    assert 7 in world.revoked

    world.clock.advance(1)
    await world.revoked.ask()
    assert 7 not in world.revoked

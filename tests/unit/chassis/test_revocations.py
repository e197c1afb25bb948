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
    """Answers with what the test sets."""

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


class Scenario:
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
            revoked=self.revoked.session_ids,
        )

    def token(self, session_id: int) -> str:
        tokens = AccessTokens(issuer="https://roost.test", audience="roost", clock=self.clock)
        return tokens.issue(42, session_id, key=KEY)


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


async def test_token_of_an_ended_session_is_refused_though_it_was_verified_before(
    scenario: Scenario,
) -> None:
    token = scenario.token(7)
    assert await scenario.verifier.verify(token) == UserCaller(42, 7)
    scenario.source.session_ids = [7]

    await scenario.revoked.ask()

    for _ in range(2):
        with pytest.raises(Unauthenticated) as refused:
            scenario.verifier.remembered(token)
        assert refused.value.reason == "SESSION_REVOKED"


async def test_token_of_an_ended_session_is_refused_at_first_sight(scenario: Scenario) -> None:
    scenario.source.session_ids = [7]
    await scenario.revoked.ask()

    with pytest.raises(Unauthenticated) as refused:
        await scenario.verifier.verify(scenario.token(7))

    assert refused.value.reason == "SESSION_REVOKED"
    assert await scenario.verifier.verify(scenario.token(8)) == UserCaller(42, 8)


async def test_each_question_goes_on_where_the_last_answer_ended(scenario: Scenario) -> None:
    first = scenario.clock.now()
    await scenario.revoked.ask()
    scenario.clock.advance(1)

    await scenario.revoked.ask()

    assert scenario.source.asked == [None, first]


async def test_what_is_known_is_kept_while_the_source_is_away(scenario: Scenario) -> None:
    scenario.source.session_ids = [7]
    await scenario.revoked.ask()
    since = scenario.clock.now()
    scenario.source.failure = Unavailable()

    for _ in range(3):
        scenario.clock.advance(1)
        await scenario.revoked.ask()
    scenario.source.failure = None
    scenario.source.session_ids = [9]
    await scenario.revoked.ask()

    assert 7 in scenario.revoked.session_ids
    assert 9 in scenario.revoked.session_ids
    assert scenario.source.asked[-1] == since


async def test_nobody_is_refused_while_nothing_is_known(scenario: Scenario) -> None:
    scenario.source.failure = OSError("away")

    await scenario.revoked.ask()

    assert await scenario.verifier.verify(scenario.token(7)) == UserCaller(42, 7)


async def test_an_ended_session_is_forgotten_once_its_tokens_have_expired(
    scenario: Scenario,
) -> None:
    scenario.source.session_ids = [7]
    await scenario.revoked.ask()
    scenario.source.session_ids = []

    scenario.clock.advance(KEEP_SECONDS - 1)
    await scenario.revoked.ask()
    assert 7 in scenario.revoked.session_ids

    scenario.clock.advance(1)
    await scenario.revoked.ask()
    assert 7 not in scenario.revoked.session_ids

"""Tokens are verified once, keys fetched seldom; both stay good while the issuer is away."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.chassis.auth.caller import UserCaller
from services.chassis.auth.tokens import (
    AccessTokens,
    Jwk,
    KeyRing,
    ServiceIdentity,
    SigningKey,
    StaticJwks,
    Verifier,
    service_keys,
)
from services.chassis.auth.tokens import verifier as verifier_module
from services.chassis.runtime import deadline
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import RoostError, Unauthenticated, Unavailable

OLD, NEW = SigningKey.generate("old"), SigningKey.generate("new")


class Issuer:
    """A source of keys that can be changed, broken, and counted."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys: Sequence[SigningKey] = keys
        self.failure: Exception | None = None
        self.fetches = 0
        self.seen_deadline: float | None = None

    async def fetch(self) -> list[Jwk]:
        self.fetches += 1
        self.seen_deadline = deadline.remaining()
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return [key.public_jwk() for key in self.keys]


class Scenario:
    def __init__(self, *keys: SigningKey) -> None:
        self.clock = ManualClock()
        self.issuer = Issuer(*keys)
        self.verifier = Verifier(
            issuer="https://roost.test",
            audience="roost",
            services_here=["user"],
            users=KeyRing(self.issuer, clock=self.clock),
            services=KeyRing(StaticJwks([]), clock=self.clock),
            clock=self.clock,
        )

    def token(self, key: SigningKey = OLD, user_id: int = 42) -> str:
        tokens = AccessTokens(issuer="https://roost.test", audience="roost", clock=self.clock)
        return tokens.issue(user_id, 7, key=key)


async def settled() -> None:
    """Lets what runs in the background finish."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_keys_are_fetched_once_for_many_calls_at_once() -> None:
    scenario = Scenario(OLD)
    token = scenario.token()

    callers = await asyncio.gather(*(scenario.verifier.verify(token) for _ in range(50)))

    assert set(callers) == {UserCaller(42, 7)}
    assert scenario.issuer.fetches == 1


async def test_keys_are_fetched_without_the_deadline_of_the_call_that_needs_them() -> None:
    scenario = Scenario(OLD)

    with deadline.within(5.0):
        await scenario.verifier.verify(scenario.token())

    assert scenario.issuer.seen_deadline is None


async def test_new_key_is_fetched_when_its_first_token_comes() -> None:
    scenario = Scenario(OLD)
    await scenario.verifier.verify(scenario.token(OLD))
    scenario.issuer.keys = [OLD, NEW]
    scenario.clock.advance(5)

    caller = await scenario.verifier.verify(scenario.token(NEW))

    assert caller == UserCaller(42, 7)
    assert scenario.issuer.fetches == 2


async def test_unknown_keys_do_not_make_us_ask_all_the_time() -> None:
    scenario = Scenario(OLD)
    await scenario.verifier.verify(scenario.token(OLD))
    scenario.clock.advance(5)

    for _ in range(20):
        with pytest.raises(Unauthenticated):
            await scenario.verifier.verify(scenario.token(NEW))

    assert scenario.issuer.fetches == 2


async def test_keys_are_renewed_in_the_background_after_a_minute() -> None:
    scenario = Scenario(OLD)
    await scenario.verifier.verify(scenario.token())
    scenario.clock.advance(61)

    await scenario.verifier.verify(scenario.token())
    await settled()
    await scenario.verifier.verify(scenario.token())

    assert scenario.issuer.fetches == 2


async def test_withdrawn_key_takes_its_verified_tokens_along() -> None:
    scenario = Scenario(OLD)
    token = scenario.token()
    await scenario.verifier.verify(token)
    scenario.issuer.keys = [NEW]
    scenario.clock.advance(61)

    await scenario.verifier.verify(token)
    await settled()
    scenario.clock.advance(6)

    with pytest.raises(Unauthenticated):
        await scenario.verifier.verify(token)


@pytest.mark.parametrize("failure", [Unavailable(), OSError("away"), KeyError("kty")])
async def test_known_keys_stay_good_while_the_issuer_is_away(failure: Exception) -> None:
    scenario = Scenario(OLD)
    await scenario.verifier.verify(scenario.token())
    scenario.issuer.failure = failure

    for _ in range(10):
        scenario.clock.advance(61)
        assert await scenario.verifier.verify(scenario.token()) == UserCaller(42, 7)
        await settled()

    assert scenario.issuer.fetches == 11


async def test_keys_that_were_never_seen_are_no_fault_of_the_caller() -> None:
    scenario = Scenario(OLD)
    scenario.issuer.failure = Unavailable()

    with pytest.raises(Unavailable):
        await scenario.verifier.verify(scenario.token())

    scenario.issuer.failure = None
    scenario.clock.advance(5)
    assert await scenario.verifier.verify(scenario.token()) == UserCaller(42, 7)


async def test_verified_token_expires_all_the_same() -> None:
    scenario = Scenario(OLD)
    token = scenario.token()
    await scenario.verifier.verify(token)

    scenario.clock.advance(15 * 60 + 29)
    assert await scenario.verifier.verify(token) == UserCaller(42, 7)

    scenario.clock.advance(1)
    with pytest.raises(RoostError) as refused:
        await scenario.verifier.verify(token)
    assert refused.value.reason == "TOKEN_EXPIRED"


async def test_only_so_many_verified_tokens_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verifier_module, "CACHE_SIZE", 3)
    scenario = Scenario(OLD)

    for user_id in range(1, 10):
        caller = await scenario.verifier.verify(scenario.token(user_id=user_id))
        assert caller == UserCaller(user_id, 7)

    assert len(scenario.verifier._cache) == 3


async def test_identity_is_signed_anew_before_it_expires() -> None:
    clock = ManualClock()
    identity = ServiceIdentity(SigningKey.generate("post"), clock=clock)

    first = identity.token("user")
    clock.advance(39)
    same = identity.token("user")
    clock.advance(1)
    second = identity.token("user")

    assert first == same
    assert second != first


def test_signing_key_comes_back_from_its_pem() -> None:
    key = SigningKey.from_pem("old", OLD.pem())

    assert key.public_jwk() == OLD.public_jwk()


@pytest.mark.parametrize("pem", [b"", b"hello"])
def test_file_without_a_key_is_refused(pem: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SigningKey.from_pem("old", pem)


def test_keys_of_services_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "services.json"
    file.write_text(json.dumps({"keys": [OLD.public_jwk()]}))

    assert service_keys(file) == [OLD.public_jwk()]


def test_keys_of_services_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "services.json"
    file.write_text(json.dumps({"keys": [{**OLD.public_jwk(), "crv": "P-384"}]}))

    with pytest.raises(ValueError, match="ES256"):
        service_keys(file)

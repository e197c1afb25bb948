"""A corpus of forged and foreign tokens, made by other libraries: none gets in.

PyJWT and joserfc make the tokens, and agree with the verifier about each of them.
"""

from datetime import UTC, datetime
from typing import Any

import joserfc.jwk
import joserfc.jwt
import jwt
import pytest

from services.chassis.auth.caller import ServiceCaller, UserCaller
from services.chassis.auth.tokens import (
    AccessTokens,
    KeyRing,
    ServiceIdentity,
    SigningKey,
    StaticJwks,
    Verifier,
)
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unauthenticated
from tests.token_forge import Forge, reason_of
from tests.token_oracle import BREAKS, Oracle

ISSUER, AUDIENCE = "https://roost.test", "roost"
NOW = int(datetime(2025, 6, 1, 12, 0, tzinfo=UTC).timestamp())
KEY = SigningKey.generate("key-1")
OTHER_KEY = SigningKey.generate("key-2")
POST_KEY = SigningKey.generate("post")
FORGE = Forge(issuer=ISSUER, audience=AUDIENCE, key=KEY, other_key=OTHER_KEY, now=NOW)
ATTACKS = FORGE.attacks()
ORACLE = Oracle(FORGE)
HEADER, CLAIMS, PUBLIC_PEM, FOREIGN_PEM = (
    FORGE.header,
    FORGE.claims,
    FORGE.public_pem,
    FORGE.foreign_pem,
)
signed = FORGE.signed


@pytest.fixture
def verifier() -> Verifier:
    clock = ManualClock(datetime.fromtimestamp(NOW, UTC))
    return Verifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        services_here=["user"],
        users=KeyRing(StaticJwks([KEY.public_jwk(), OTHER_KEY.public_jwk()]), clock=clock),
        services=KeyRing(StaticJwks([POST_KEY.public_jwk()]), clock=clock),
        clock=clock,
    )


@pytest.mark.parametrize("name", ATTACKS)
async def test_attack_is_refused(verifier: Verifier, name: str) -> None:
    token = ATTACKS[name]()

    with pytest.raises(Unauthenticated) as refused:
        await verifier.verify(token)

    assert refused.value.reason == reason_of(name)


@pytest.mark.parametrize("name", sorted(set(ATTACKS) - set(BREAKS)))
def test_another_library_refuses_the_attack_too(name: str) -> None:
    token = ATTACKS[name]()

    assert ORACLE.opened_by_pyjwt(token) is None or not ORACLE.by_joserfc(token)


@pytest.mark.parametrize("name", BREAKS)
def test_attack_that_other_libraries_take_breaks_a_rule_of_ours(name: str) -> None:
    token = ATTACKS[name]()

    opened = ORACLE.opened_by_pyjwt(token)

    assert opened is not None
    assert ORACLE.by_joserfc(token)
    assert not ORACLE.rules[BREAKS[name]](opened)


def test_right_token_is_right_by_other_libraries_and_by_every_rule() -> None:
    opened = ORACLE.opened_by_pyjwt(signed())

    assert opened is not None
    assert ORACLE.by_joserfc(signed())
    assert [name for name, holds in ORACLE.rules.items() if not holds(opened)] == []


async def test_token_of_another_library_is_taken_when_it_is_right(verifier: Verifier) -> None:
    by_pyjwt = signed()
    by_joserfc = joserfc.jwt.encode(HEADER, CLAIMS, joserfc.jwk.ECKey.import_key(KEY.pem()))

    assert await verifier.verify(by_pyjwt) == UserCaller(42, 7)
    assert await verifier.verify(by_joserfc) == UserCaller(42, 7)


async def test_other_libraries_take_our_token() -> None:
    clock = ManualClock(datetime.fromtimestamp(NOW, UTC))
    token = AccessTokens(issuer=ISSUER, audience=AUDIENCE, clock=clock).issue(42, 7, key=KEY)

    by_pyjwt = jwt.decode(
        token,
        PUBLIC_PEM.decode(),
        algorithms=["ES256"],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    public = joserfc.jwk.ECKey.import_key(PUBLIC_PEM)
    by_joserfc = joserfc.jwt.decode(token, public, algorithms=["ES256"])

    assert by_pyjwt == by_joserfc.claims == CLAIMS
    assert by_joserfc.header == HEADER


async def test_attacks_do_not_harm_the_right_token(verifier: Verifier) -> None:
    assert await verifier.verify(signed()) == UserCaller(42, 7)

    for attack in ATTACKS.values():
        with pytest.raises(Unauthenticated):
            await verifier.verify(attack())

    assert await verifier.verify(signed()) == UserCaller(42, 7)


SERVICE_CLAIMS = {
    "iss": "roost:services",
    "aud": "roost:user",
    "sub": "service:post",
    "iat": NOW,
    "exp": NOW + 60,
}
SERVICE_HEADER = {"alg": "ES256", "typ": "service+jwt", "kid": "post"}


def identified(
    claims: dict[str, Any] | None = None,
    header: dict[str, Any] | None = None,
    *,
    pem: bytes = POST_KEY.pem(),
) -> str:
    return signed(
        {**SERVICE_CLAIMS, **(claims or {})}, {**SERVICE_HEADER, **(header or {})}, pem=pem
    )


async def test_identity_of_a_service_is_taken(verifier: Verifier) -> None:
    clock = ManualClock(datetime.fromtimestamp(NOW, UTC))

    assert await verifier.verify(identified()) == ServiceCaller("post")
    token = ServiceIdentity(POST_KEY, clock=clock).token("user")
    assert await verifier.verify(token) == ServiceCaller("post")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(identified({"sub": "service:user"}), id="names another service"),
        pytest.param(identified({"sub": "post"}), id="names no service"),
        pytest.param(identified({"exp": NOW + 61}), id="lasts too long"),
        pytest.param(identified({"aud": AUDIENCE}), id="audience of people"),
        pytest.param(identified({"aud": "roost:post"}), id="shown to another service"),
        pytest.param(identified({"aud": "roost-mesh"}), id="for every service"),
        pytest.param(identified({"aud": ["roost:user"]}), id="list of audiences"),
        pytest.param(identified({"aud": ["roost:user", "roost:post"]}), id="two audiences"),
        pytest.param(identified({"iss": ISSUER}), id="issuer of people"),
        pytest.param(identified(header={"typ": "at+jwt"}), id="type of people"),
        pytest.param(identified(pem=KEY.pem()), id="key of people"),
        pytest.param(identified(header={"kid": "key-1"}, pem=KEY.pem()), id="kid of people"),
        pytest.param(identified(header={"kid": "user"}), id="kid of another service"),
        pytest.param(identified(pem=FOREIGN_PEM), id="foreign key"),
    ],
)
async def test_forged_identity_is_refused(verifier: Verifier, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)

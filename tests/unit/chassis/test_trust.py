"""A service learns who it is, and whom to trust, from two files."""

import json
from pathlib import Path

import pytest

from services.chassis.auth import authentication
from services.chassis.auth.caller import ServiceCaller, UserCaller
from services.chassis.auth.tokens import AccessTokens, SigningKey, StaticJwks
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.settings import ServiceSettings

POST, PEOPLE = SigningKey.generate("post"), SigningKey.generate("key-1")


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    (tmp_path / "post.pem").write_bytes(POST.pem())
    (tmp_path / "services.json").write_text(json.dumps({"keys": [POST.public_jwk()]}))
    return ServiceSettings(
        mesh="127.0.0.1:1",
        database_url="postgres://127.0.0.1/none",
        redis_url="redis://127.0.0.1",
        kafka_brokers=("127.0.0.1:1",),
        page_token_key=bytes(32),
        service_key_file=tmp_path / "post.pem",
        service_keys_file=tmp_path / "services.json",
    )


async def test_services_know_each_other_and_people(settings: ServiceSettings) -> None:
    clock = ManualClock()
    people = StaticJwks([PEOPLE.public_jwk()])
    verifier = authentication.verifier(
        settings, service="user", people=people, revoked=frozenset(), clock=clock
    )
    tokens = AccessTokens(
        issuer=settings.token_issuer, audience=settings.token_audience, clock=clock
    )

    identity = authentication.identity(settings, service="post", clock=clock)
    service = await verifier.verify(identity.token("user"))
    person = await verifier.verify(tokens.issue(1, 2, key=PEOPLE))

    assert service == ServiceCaller("post")
    assert person == UserCaller(1, 2)


def test_file_that_holds_no_key_is_named(settings: ServiceSettings) -> None:
    settings.service_key_file.write_text("hello")

    with pytest.raises(ValueError, match=r"post\.pem \(ROOST_SERVICE_KEY_FILE\)"):
        authentication.identity(settings, service="post", clock=ManualClock())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": [{"kid": "post"}]}'])
def test_file_that_holds_no_key_set_is_named(settings: ServiceSettings, text: str) -> None:
    settings.service_keys_file.write_text(text)

    with pytest.raises(ValueError, match=r"services\.json \(ROOST_SERVICE_KEYS_FILE\)"):
        authentication.verifier(
            settings,
            service="user",
            people=StaticJwks([]),
            revoked=frozenset(),
            clock=ManualClock(),
        )

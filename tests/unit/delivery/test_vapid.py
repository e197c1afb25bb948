"""The sender identifies itself to push services (RFC 8292)."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.auth.tokens import SigningKey
from services.chassis.runtime.clock import ManualClock, SystemClock
from services.delivery.domain.vapid import Vapid
from tests.push import Pushed

PEM = SigningKey.generate("push").pem()
CONTACT = "mailto:ops@roost.example"


def claims_of(vapid: Vapid, endpoint: str, audience: str) -> dict[str, object]:
    pushed = Pushed("/", {"authorization": vapid.authorization(endpoint)}, b"")
    return pushed.claims(audience, vapid.public_key)


@pytest.mark.parametrize(
    ("endpoint", "audience"),
    [
        ("https://push.example/wpush/v2/abc", "https://push.example"),
        ("https://push.example:8443/x?y=z", "https://push.example:8443"),
        ("https://PUSH.example:443/x", "https://push.example"),
        ("https://[2606:2800:220:1::1]/x", "https://[2606:2800:220:1::1]"),
    ],
)
def test_the_token_is_for_the_push_service_alone(endpoint: str, audience: str) -> None:
    vapid = Vapid(PEM, contact=CONTACT, clock=SystemClock())

    claims = claims_of(vapid, endpoint, audience)

    assert claims["sub"] == CONTACT
    assert set(claims) == {"aud", "exp", "sub"}


def test_the_token_ends_within_a_day() -> None:
    vapid = Vapid(PEM, contact=CONTACT, clock=SystemClock())

    claims = claims_of(vapid, "https://push.example/1", "https://push.example")

    left = datetime.fromtimestamp(int(str(claims["exp"])), UTC) - datetime.now(UTC)
    assert timedelta(0) < left <= timedelta(hours=24)


def test_a_token_is_reused_and_replaced_in_time() -> None:
    clock = ManualClock()
    vapid = Vapid(PEM, contact=CONTACT, clock=clock)
    first = vapid.authorization("https://push.example/1")

    clock.advance(timedelta(hours=5))
    same = vapid.authorization("https://push.example/2")
    clock.advance(timedelta(hours=2))
    later = vapid.authorization("https://push.example/1")

    assert first == same
    assert later != first


def test_the_same_key_gives_the_same_public_key() -> None:
    clock = ManualClock()

    keys = {Vapid(PEM, contact=CONTACT, clock=clock).public_key for _ in range(2)}

    assert len(keys) == 1
    assert len(keys.pop()) == 87


def test_a_file_without_such_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="ROOST_PUSH_KEY_FILE"):
        Vapid(b"nothing", contact=CONTACT, clock=ManualClock())

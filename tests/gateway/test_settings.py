"""Settings of the gateway: its buckets among several processes."""

from pathlib import Path

import pytest

from gateway.settings import COSTLIEST, GatewaySettings


def settings(gateways: int) -> GatewaySettings:
    return GatewaySettings(
        mesh="127.0.0.1:1",
        service_key_file=Path("key"),
        media_base_url="https://media.roost.test",
        media_path_key=b"p" * 32,
        gateways=gateways,
    )


@pytest.mark.parametrize(
    ("gateways", "writes", "logins", "cost"),
    [(1, 120, 20, 60_000), (3, 40, 7, 20_000), (50, 3, 1, COSTLIEST)],
)
def test_each_gateway_has_its_part_of_the_rates(
    gateways: int, writes: int, logins: int, cost: int
) -> None:
    found = settings(gateways)

    assert found.bucket(found.rate_writes) == writes
    assert found.bucket(found.rate_logins) == logins
    assert found.bucket(found.rate_cost, least=COSTLIEST) == cost


def test_no_gateway_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="gateways"):
        settings(0)

"""The settings of delivery."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.delivery.compose import endpoint_rule
from tests.builders.notifications import settings


@pytest.mark.parametrize(
    ("value", "ports"), [("", ()), ("8443", (8443,)), (" 8443, 9443 ", (8443, 9443))]
)
def test_ports_are_added_by_commas(tmp_path: Path, value: str, ports: tuple[int, ...]) -> None:
    configured = settings(tmp_path, push_ports=value, push_loopback_allowed=False)

    assert configured.push_ports == ports
    for port in (443, *ports):
        endpoint_rule(configured).check(f"https://push.example:{port}/1")


@pytest.mark.parametrize("value", ["0", "65536", "https", "8443;9443"])
def test_what_is_no_port_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(ValidationError):
        settings(tmp_path, push_ports=value)

"""Parts die in the middle of writes and streams, and what clients were told stays true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.chaos import unleash

pytestmark = pytest.mark.e2e


async def test_what_was_acknowledged_and_streamed_survives_twenty_kills(tmp_path: Path) -> None:
    chaos = await unleash(tmp_path, kills=20, seed=7)

    assert chaos.faults == []
    assert chaos.killer.kills == 20
    # Everybody came back, again and again, and heard of something.
    for device in chaos.streams.devices:
        assert device.heard
    assert chaos.streams.counts["connections"] > 2 * len(chaos.streams.devices)

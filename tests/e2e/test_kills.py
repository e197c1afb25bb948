"""Parts are killed during writes and streams, and nothing that was acknowledged is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.chaos import run_chaos

pytestmark = pytest.mark.e2e


async def test_what_was_acknowledged_and_streamed_survives_twenty_kills(tmp_path: Path) -> None:
    chaos = await run_chaos(tmp_path, kills=20, seed=7, durable=False)

    assert chaos.faults == []
    assert chaos.killer.kills == 20
    # Every device reconnected and received events.
    for device in chaos.streams.devices:
        assert device.received
    assert chaos.streams.counts["connections"] > 2 * len(chaos.streams.devices)

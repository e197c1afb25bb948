"""The worker on memory, with a clock of its own."""

from pathlib import Path

import pytest

from services.chassis.runtime.clock import ManualClock
from services.media.adapters.memory import MemoryMediaStore
from services.media.rpc.events import describe
from tests.builders.media import START
from tests.builders.media_worker import World


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def world(clock: ManualClock, tmp_path: Path) -> World:
    return World(MemoryMediaStore(clock=clock, describe=describe), clock, tmp_path)

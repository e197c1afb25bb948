"""The serialization of wake-ups."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.eventlog.adapters import wake_ups_valkey as packing
from services.eventlog.domain.model import LogEntry, PostActivity

ids = st.integers(0, (1 << 63) - 1)
times = st.datetimes(
    min_value=datetime(1970, 1, 1),
    timezones=st.just(UTC),
)


@given(st.lists(st.builds(LogEntry, ids, ids, times, st.binary(max_size=50)), max_size=5))
def test_entries_come_back_as_they_were(entries: list[LogEntry]) -> None:
    assert packing.unpack_entries(packing.pack_entries(entries)) == entries


@given(st.lists(st.builds(PostActivity, ids, ids, st.booleans()), max_size=5))
def test_activities_come_back_as_they_were(activities: list[PostActivity]) -> None:
    assert packing.unpack_activities(packing.pack_activities(activities)) == activities


@given(st.integers(1, 100))
def test_what_is_cut_off_is_not_read(left: int) -> None:
    packed = packing.pack_entries([LogEntry(1, 2, datetime(2025, 1, 1, tzinfo=UTC), b"x" * 80)])

    with pytest.raises(packing.Undecodable):
        packing.unpack_entries(packed[: min(left, len(packed) - 1)])
    with pytest.raises(packing.Undecodable):
        packing.unpack_activities(b"\x00" * (left * 17 + 1))

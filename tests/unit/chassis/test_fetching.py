"""A partition of which all was fetched rests, and goes on from announcements."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from services.chassis.events.bus.announcements import Announcement, Contents
from services.chassis.events.bus.fetching import LOW_BACKLOG, MAX_BACKLOG, Fetching, Place

PLACE, OTHER = ("t", 0), ("t", 1)
FAR = 1_000.0


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Library:
    """A consumer that notes what it is to do."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.refuses = False

    def pause(self, places: list[TopicPartition]) -> None:
        self._note("pause", places[0])

    def resume(self, places: list[TopicPartition]) -> None:
        self._note("resume", places[0])

    def seek(self, place: TopicPartition) -> None:
        self._note("seek", place, place.offset)

    def since(self) -> list[tuple[Any, ...]]:
        calls, self.calls = self.calls, []
        return calls

    def _note(self, act: str, place: TopicPartition, *more: int) -> None:
        if self.refuses:
            raise KafkaException(KafkaError(KafkaError._STATE))
        self.calls.append((act, (place.topic, place.partition), *more))


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def fetching(time: Time) -> Fetching:
    made = Fetching("g", rests=True, monotonic=time, uniform=lambda *_: FAR)
    made.assigned([PLACE, OTHER])
    return made


def announced(first: int, *values: bytes, place: Place = PLACE) -> Announcement:
    contents = tuple(Contents(b"k", value, ()) for value in values)
    return Announcement(*place, first, first + len(values), contents)


def rest(fetching: Fetching, library: Library, at: int, place: Place = PLACE) -> None:
    """Lets a partition rest, and the first look pass."""
    fetching.take(library)
    fetching.ended(library, place, at)
    fetching._look_at = FAR
    library.since()


def offsets(fetching: Fetching, library: Library, place: Place = PLACE) -> list[tuple[int, bytes]]:
    taken = fetching.take(library).get(place, [])
    return [(each.offset, each.record.value or b"") for each in taken]


def test_partition_whose_end_is_reached_is_no_longer_fetched(
    fetching: Fetching, library: Library
) -> None:
    fetching.arrived(PLACE, 6)
    fetching.ended(library, PLACE, 7)

    assert library.since() == [("pause", PLACE)]
    assert fetching.end(PLACE) == 7


def test_announced_records_are_handled_without_a_fetch(
    fetching: Fetching, library: Library
) -> None:
    rest(fetching, library, 7)

    fetching.announce(announced(7, b"a", b"b"))
    fetching.announce(announced(9, b"c"))

    assert offsets(fetching, library) == [(7, b"a"), (8, b"b"), (9, b"c")]
    assert library.since() == []
    assert fetching.end(PLACE) == 10


def test_record_that_came_already_is_not_handled_again(
    fetching: Fetching, library: Library
) -> None:
    rest(fetching, library, 8)

    fetching.announce(announced(6, b"a", b"b"))
    assert offsets(fetching, library) == []

    fetching.announce(announced(7, b"b", b"c"))
    assert offsets(fetching, library) == [(8, b"c")]


def test_gap_is_fetched_from_where_it_begins(fetching: Fetching, library: Library) -> None:
    rest(fetching, library, 7)

    fetching.announce(announced(8, b"b"))

    assert offsets(fetching, library) == []
    assert library.since() == [("resume", PLACE), ("seek", PLACE, 7)]


def test_records_that_are_too_large_to_announce_are_fetched(
    fetching: Fetching, library: Library
) -> None:
    rest(fetching, library, 7)

    fetching.announce(Announcement(*PLACE, 7, 9, ()))

    assert offsets(fetching, library) == []
    assert library.since() == [("resume", PLACE), ("seek", PLACE, 7)]


def test_announcements_during_a_fetch_are_left_to_the_fetch(
    fetching: Fetching, library: Library
) -> None:
    fetching.arrived(PLACE, 6)

    fetching.announce(announced(7, b"a"))

    assert offsets(fetching, library) == []


def test_partition_does_not_rest_before_what_was_announced_is_fetched(
    fetching: Fetching, library: Library
) -> None:
    fetching.announce(announced(7, b"a"))
    fetching.take(library)

    fetching.ended(library, PLACE, 7)
    assert library.since() == []

    fetching.arrived(PLACE, 7)
    fetching.ended(library, PLACE, 8)
    assert library.since() == [("pause", PLACE)]


def test_resting_partitions_are_fetched_now_and_then(
    fetching: Fetching, library: Library, time: Time
) -> None:
    rest(fetching, library, 7)
    rest(fetching, library, 3, OTHER)

    time.now = FAR
    fetching.take(library)

    assert sorted(library.since()) == [
        ("resume", PLACE),
        ("resume", OTHER),
        ("seek", PLACE, 7),
        ("seek", OTHER, 3),
    ]
    fetching.take(library)
    assert library.since() == []


def test_announcements_of_partitions_of_others_are_ignored(
    fetching: Fetching, library: Library
) -> None:
    fetching.announce(announced(0, b"a", place=("t", 2)))

    assert fetching.take(library) == {}
    assert library.since() == []


def test_partition_whose_handler_is_behind_takes_no_announcement(
    fetching: Fetching, library: Library
) -> None:
    rest(fetching, library, 7)
    fetching.balance(library, {PLACE: MAX_BACKLOG + 1})
    assert library.since() == [("pause", PLACE)]

    fetching.announce(announced(7, b"a"))
    assert offsets(fetching, library) == []
    fetching.balance(library, {PLACE: LOW_BACKLOG + 1})
    assert library.since() == []

    fetching.balance(library, {PLACE: LOW_BACKLOG})
    assert library.since() == [("resume", PLACE), ("seek", PLACE, 7)]


def test_look_leaves_a_partition_alone_whose_handler_is_behind(
    fetching: Fetching, library: Library, time: Time
) -> None:
    rest(fetching, library, 7)
    fetching.balance(library, {PLACE: MAX_BACKLOG + 1})
    library.since()

    time.now = FAR
    fetching.take(library)

    assert library.since() == []


def test_revoked_partition_is_not_paused_when_it_comes_back(
    fetching: Fetching, library: Library
) -> None:
    rest(fetching, library, 7)

    fetching.revoked(library, [PLACE])
    assert library.since() == [("resume", PLACE)]

    fetching.assigned([PLACE])
    fetching.announce(announced(7, b"a"))
    assert offsets(fetching, library) == []
    assert fetching.end(PLACE) == 0


def test_refusal_of_the_library_is_survived(fetching: Fetching, library: Library) -> None:
    rest(fetching, library, 7)
    library.refuses = True

    fetching.announce(announced(8, b"b"))

    assert offsets(fetching, library) == []


def test_consumer_that_does_not_rest_ignores_ends(time: Time, library: Library) -> None:
    fetching = Fetching("g", rests=False, monotonic=time)
    fetching.assigned([PLACE])

    fetching.ended(library, PLACE, 7)

    assert library.since() == []


def test_announcement_ends_the_wait_of_a_consumer_of_which_all_rests(
    fetching: Fetching, library: Library
) -> None:
    rest(fetching, library, 7)
    assert fetching.wait() > 0  # the other partition is fetched

    rest(fetching, library, 3, OTHER)
    fetching.announce(announced(7, b"a"))

    assert fetching.wait() == 0
    assert offsets(fetching, library) == [(7, b"a")]

"""Announcements of records that were published: one for each run of offsets."""

import msgspec

from services.chassis.events.bus import announcements
from services.chassis.events.bus.announcements import MAX_BYTES, Announcement, announcements_of
from services.chassis.events.records import Record


def record(value: bytes | None, topic: str = "t") -> Record:
    return Record(topic, b"k", value, [("type", b"x"), ("note", "text"), ("empty", None)])


def test_records_come_back_as_they_were_published() -> None:
    (made,) = announcements_of([record(b"a"), record(None)], [(0, 7), (0, 8)])

    sent = msgspec.msgpack.encode(made)
    received = announcements._decoder.decode(sent)

    assert received == made
    assert (received.first, received.end) == (7, 9)
    assert [each.value for each in received.records(7)] == [b"a", None]
    (last,) = received.records(8)
    assert (last.topic, last.key) == ("t", b"k")
    assert list(last.headers) == [("type", b"x"), ("note", b"text"), ("empty", None)]


def test_partitions_topics_and_gaps_are_announced_apart() -> None:
    made = announcements_of(
        [record(b"a"), record(b"b"), record(b"c"), record(b"d", "u"), record(b"e"), record(b"f")],
        [(0, 8), (1, 3), (0, 7), (0, 0), (0, 12), None],
    )

    assert [(each.topic, each.partition, each.first, each.end) for each in made] == [
        ("t", 0, 7, 9),
        ("t", 0, 12, 13),
        ("t", 1, 3, 4),
        ("u", 0, 0, 1),
    ]
    assert [each.value for each in made[0].contents] == [b"c", b"a"]


def test_large_records_are_announced_without_their_contents() -> None:
    (made,) = announcements_of([record(b"x" * MAX_BYTES), record(b"y")], [(0, 7), (0, 8)])

    assert made == Announcement("t", 0, 7, 9, ())

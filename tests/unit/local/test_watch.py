"""Frames as lines in a terminal."""

from typing import Any

import pytest
from rich.text import Text

from local.watch import line_of

POST = {"author": {"handle": "bob"}, "text": "Hello [red]there"}
LIKE = {
    "kind": "like",
    "people": [{"handle": "carol"}, {"handle": "dave"}],
    "count": 2,
    "post": POST,
}


@pytest.mark.parametrize(
    ("frame", "line"),
    [
        (
            {
                "type": "event",
                "sequence": 7,
                "change": {"kind": "arrival", "item": {"post": POST, "reposted_by": None}},
            },
            "     7 home @bob Hello [red]there",
        ),
        (
            {
                "type": "event",
                "sequence": 8,
                "change": {"kind": "notification", "notification": LIKE},
            },
            "     8 like by @carol, @dave: Hello [red]there",
        ),
        (
            {
                "type": "event",
                "sequence": 9,
                "change": {"kind": "marker", "timeline": "home", "last_read_id": "5"},
            },
            "     9 marker timeline=home last_read_id=5",
        ),
        ({"type": "activity", "topic": "post:1", "post": None}, "       post:1 is gone"),
        (
            {"type": "gap", "first_sequence": 4},
            "a gap before 4: read everything again",
        ),
        (
            {"type": "error", "problem": {"reason": "READER_TOO_SLOW"}},
            "       error READER_TOO_SLOW",
        ),
    ],
)
def test_a_frame_is_a_line(frame: dict[str, Any], line: str) -> None:
    assert Text.from_markup(line_of(frame)).plain == line

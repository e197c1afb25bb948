"""Texts cut into segments at entities, so that clients need not count code points."""

from collections.abc import Iterable
from typing import NamedTuple

from roost.post.v1.post_pb2 import Entity


class Segment(NamedTuple):
    """A stretch of a text with its entity; None for plain text."""

    text: str
    entity: Entity | None


def segments(text: str, entities: Iterable[Entity]) -> list[Segment]:
    """The text in order. Put together again it is the same text, whatever the entities say: one
    that is empty, overlaps with the one before, or ends behind the text, stays text."""
    cut: list[Segment] = []
    at = 0
    for each in entities:
        start, end = each.start, each.end
        if not at <= start < end <= len(text):
            continue
        if at < start:
            cut.append(Segment(text[at:start], None))
        cut.append(Segment(text[start:end], each))
        at = end
    if at < len(text):
        cut.append(Segment(text[at:], None))
    return cut

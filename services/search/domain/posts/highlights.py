"""Finds the parts of a post that an expression matches, for a client to emphasize."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.search.domain.analysis.model import Mark
from services.search.domain.query.model import All, Either, Expression, Phrase, Term, Word

MAX_RANGES = 100


@dataclass(frozen=True, slots=True)
class Range:
    """A part of the text, or of the alt text of a medium; `medium_id` is 0 for the text. Offsets
    count code points."""

    start: int
    end: int
    medium_id: int = 0


def ranges(expression: Expression, marks: Sequence[Mark]) -> list[Range]:
    """The parts that match a word, phrase or term of the expression outside its negations, by
    ascending start: first those of the text, then those of the alt texts.

    They do not overlap or touch: such parts are one. At most MAX_RANGES; the others are left out.
    """
    wanted = _Wanted(expression)
    merged: list[Range] = []
    for found in wanted.found_in(marks):
        last = merged[-1] if merged else None
        if last and last.medium_id == found.medium_id and found.start <= last.end:
            merged[-1] = replace(last, end=max(last.end, found.end))
        elif len(merged) == MAX_RANGES:
            break
        else:
            merged.append(found)
    return merged


class _Wanted:
    """The words, phrases and terms of an expression."""

    def __init__(self, expression: Expression) -> None:
        self._words: set[str] = set()
        self._terms: set[str] = set()
        # By their first word.
        self._phrases: dict[str, set[tuple[str, ...]]] = {}
        self._add(expression)

    def _add(self, expression: Expression) -> None:
        match expression:
            case Word(form):
                self._words.add(form)
            case Term(value):
                self._terms.add(value)
            case Phrase(words):
                self._phrases.setdefault(words[0], set()).add(words)
            case All(parts) | Either(parts):
                for part in parts:
                    self._add(part)
            case _:
                # Numbers match no part of a text, and what is negated is not there.
                pass

    def found_in(self, marks: Sequence[Mark]) -> Iterator[Range]:
        """The matches by ascending start in each text. They may overlap."""
        for place, mark in enumerate(marks):
            last = self._last_of_phrase(marks, place)
            if last is not None:
                yield Range(mark.start, last.end, mark.medium_id)
            elif mark.word in self._words:
                yield Range(mark.start, mark.end, mark.medium_id)
            else:
                for form in self._terms.intersection(mark.forms):
                    yield Range(mark.start, _end_of(form, marks, place), mark.medium_id)

    def _last_of_phrase(self, marks: Sequence[Mark], place: int) -> Mark | None:
        """The last mark of the longest phrase that begins here."""
        lengths = [
            len(words)
            for words in self._phrases.get(marks[place].word, ())
            if words == tuple(mark.word for mark in marks[place : place + len(words)])
        ]
        return marks[place + max(lengths) - 1] if lengths else None


def _end_of(form: str, marks: Sequence[Mark], place: int) -> int:
    """The end of what has the form. The first sign of two ends where the next position begins."""
    mark = marks[place]
    following = marks[place + 1] if place + 1 < len(marks) else mark
    within = following.medium_id == mark.medium_id and mark.start < following.start < mark.end
    return following.start if within and form.startswith("=") else mark.end

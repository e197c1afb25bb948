"""What the analyzer takes and makes: entities of a post, marks, an analysis, forms of a query."""

from dataclasses import dataclass
from typing import TypeAlias

import msgspec

# PostgreSQL keeps positions up to 16,383, and 255 of a word. What is beyond is not searched.
MAX_POSITIONS = 16_382
MAX_POSITIONS_OF_A_WORD = 250


@dataclass(frozen=True, slots=True)
class Mention:
    """An @handle, with its at sign. Offsets count code points."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hashtag:
    """A #tag, with its number sign. `tag` is its form as the post has it, without the sign."""

    start: int
    end: int
    tag: str


@dataclass(frozen=True, slots=True)
class Link:
    """A web address, as the author wrote it."""

    start: int
    end: int
    url: str


Entity: TypeAlias = Mention | Hashtag | Link


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """One position of a text.

    `word` is its folded form, or empty where no word is: at a link, and between the text and an alt
    text. `start` and `end` count code points in the text, or in the alt text of `medium_id`.
    `forms` are the other terms of this position, each with its sign:

    - `=x`: the word is also found as x (a part of `O'Neil`, one sign of a bigram)
    - `~en:x`: a stem, with the language of the post
    - `#x`: the folded hashtag that the position belongs to
    - `host:x`, `url:x`: the address that begins here
    """

    word: str
    start: int
    end: int
    medium_id: int = 0
    forms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """A text as the index has it: one mark for each position, from the first."""

    marks: tuple[Mark, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The word of each position; empty at a gap."""
        return tuple(mark.word for mark in self.marks)

    @property
    def terms(self) -> frozenset[str]:
        """The other forms of all positions, which have no position in the index."""
        return frozenset(form for mark in self.marks for form in mark.forms)


@dataclass(frozen=True, slots=True)
class Forms:
    """What finds a word, a phrase or an address of a query.

    A text matches if it has the `words` at adjacent positions, or one of the terms `others`. Within
    quotation marks, the terms that begin with `~` do not count.
    """

    words: tuple[str, ...]
    others: tuple[str, ...] = ()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Mark, ...])


def encode_marks(marks: tuple[Mark, ...]) -> bytes:
    """The marks as the index stores them, for ranking and highlights."""
    return _encoder.encode(marks)


def decode_marks(encoded: bytes) -> tuple[Mark, ...]:
    """The marks of a post that was found. No bytes are no marks."""
    return _decoder.decode(encoded) if encoded else ()

"""Takes a normalized text apart: words, runs of scripts without spaces, emoji."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import regex

from services.chassis.text.scripts import SPACELESS
from services.search.domain.analysis.folding import (
    MAX_SPELLING,
    MAX_WORD,
    SEPARATOR,
    fold,
    fold_parts,
)

# Letters of scripts that write words without spaces between them, and of Hangul, whose particles
# follow a word without a space. Digits are words in all scripts.
_SPACELESS = rf"[{SPACELESS}&&[[\p{{L}}\p{{N}}]--\p{{Nd}}]]"
# Common letters come first, because the set is read from left to right.
_COMMON = r"A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u0481\u0620-\u063f\u0641-\u064a"
# Apostrophes that Unicode counts as letters.
_LETTER_SEPARATORS = frozenset("\u02bb\u02bc\ua78c")
_WORD_START = rf"[{_COMMON}[[\p{{L}}\p{{N}}]--[{_SPACELESS}{''.join(sorted(_LETTER_SEPARATORS))}]]]"
_LETTER = rf"[\p{{L}}&&{_WORD_START}]"
# Joiners stand in words and between emoji.
_WORD_SIGN = rf"[{_WORD_START}\p{{M}}\u200d]"
# More parts than any word has. The next one begins a word of its own.
_MAX_PARTS = 8

_EMOJI_START = (
    r"[[\p{Emoji_Presentation}\p{Extended_Pictographic}]"
    r"--[\u0000-\u218f\p{Regional_Indicator}\p{NFKC_QC=No}]]"
)
_EMOJI = rf"{_EMOJI_START}\ufe0f?+\p{{Emoji_Modifier}}?+[\U000e0020-\U000e007f]*+"
# Emoji joined by U+200D. No recommended sequence has more than five.
_MAX_JOINED = 8

_WORD = rf"{_WORD_START}{_WORD_SIGN}*+"
# `C++`, `C#`.
_SUFFIX = (
    r"(?=[+\#])(?:\+\+(?![+\p{L}\p{N}])"
    rf"|(?<=(?<!{_WORD_SIGN}){_LETTER})\#(?![\#\p{{L}}\p{{N}}]))"
)
_TOKEN = regex.compile(
    rf"""
    (?P<keycap>[0-9\#*]\ufe0f?+\u20e3)
    | (?P<letters>(?=\p{{L}}\.\p{{L}})(?<!{_WORD_SIGN}){_LETTER}(?:\.{_LETTER})++(?!{_WORD_SIGN}))
    | (?P<word>{_WORD}(?:{SEPARATOR}{_WORD}){{0,{_MAX_PARTS - 1}}}+(?P<suffix>{_SUFFIX})?+)
    | (?P<run>{_SPACELESS}[{_SPACELESS}\p{{M}}\u200d]*+)
    | (?P<emoji>{_EMOJI}(?:\u200d{_EMOJI}){{0,{_MAX_JOINED - 1}}}+|\p{{Regional_Indicator}}{{2}})
    """,
    regex.VERBOSE | regex.VERSION1,
)
# A cluster is what a reader sees as one sign. Letters of Hangul that stand alone would be one
# cluster together, as in `ㅋㅋㅋ`.
_SIGN = regex.compile(r"\p{Script=Hangul}\p{M}*|\X")
_JOINERS = regex.compile(r"[\u200d\ufe0f]")
_SKIN_TONES = regex.compile(r"\p{Emoji_Modifier}")
_TAG_SIGNS = regex.compile(r"[\U000e0020-\U000e007f]+")
_GENDERS = frozenset("\u2640\u2642")


class Token(NamedTuple):
    """One position: `text[start:end]` is what it was read from."""

    word: str
    start: int
    end: int
    # Other written forms of the position, without a sign.
    others: tuple[str, ...] = ()
    # What is stemmed; empty where nothing is.
    spelling: str = ""
    # Whether it is the last of several signs of a run, which is indexed alone as well.
    last_of_run: bool = False


def tokens(text: str) -> Iterator[Token]:
    """The positions of a text in NFKC without invisible signs, by ascending start.

    A run of n signs without spaces has n positions: its pairs of neighbours, and the last sign
    alone, so that no phrase leads from one run into the next.
    """
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        written = match[0]
        start, end = match.span()
        if kind == "word":
            if not written.isalnum() or not _LETTER_SEPARATORS.isdisjoint(written):
                if token := _word(written, match["suffix"], start, end):
                    yield token
            # Most words: nothing separates parts of it.
            elif word := fold(written):
                yield Token(word, start, end, (), written[:MAX_SPELLING])
        elif kind == "run":
            yield from _run(written, start)
        elif kind == "letters":
            if word := fold(written.replace(".", "")):
                yield Token(word, start, end)
        elif kind == "keycap":
            yield Token(written.replace("\ufe0f", ""), start, end)
        else:
            yield _emoji(written, start, end)


def _word(written: str, suffix: str | None, start: int, end: int) -> Token | None:
    spelling = written.removesuffix(suffix) if suffix else written
    parts = fold_parts(spelling)
    word = "".join(parts)[:MAX_WORD]
    if not word:
        return None
    others = tuple(dict.fromkeys(part for part in parts if len(part) > 1 and part != word))
    if suffix:
        return Token(word + suffix, start, end, (word, *others))
    return Token(word, start, end, others, spelling[:MAX_SPELLING])


def _run(written: str, start: int) -> Iterator[Token]:
    signs = [
        (_JOINERS.sub("", match[0])[:MAX_WORD], start + match.start(), start + match.end())
        for match in _SIGN.finditer(written)
    ]
    for (sign, begin, _), (following, _, end) in pairwise(signs):
        yield Token((sign + following)[:MAX_WORD], begin, end, (sign,))
    yield Token(*signs[-1], last_of_run=len(signs) > 1)


def _emoji(written: str, start: int, end: int) -> Token:
    word = written.replace("\ufe0f", "")
    bare = _SKIN_TONES.sub("", word)
    signs = [_TAG_SIGNS.sub("", sign) for sign in bare.split("\u200d") if sign not in _GENDERS]
    others = dict.fromkeys(each for each in (bare, *signs) if each and each != word)
    return Token(word[:MAX_WORD], start, end, tuple(others))

"""The one form that spellings of a hashtag share."""

import unicodedata
from typing import Literal

import idna
import regex

from services.chassis.text.scripts import IGNORABLE

MAX_LENGTH = 100

# Letters but the blank ones, marks, digits of any script, and the underscore.
_LETTER = rf"[\p{{L}}--{IGNORABLE}]"
_SIGN = rf"[{_LETTER}\p{{M}}\p{{Nd}}_]"
# Between two signs only: joiners; the middle dots of Catalan and of katakana, full and half width;
# geresh and gershayim of Hebrew; the tsheg of Tibetan.
_MEDIAL = r"[\u200c\u200d\u00b7\u30fb\uff65\u05f3\u05f4\u0f0b]"
_VISIBLE_SIGN = rf"[{_SIGN}--{IGNORABLE}]"

# What follows the number sign, for regex.VERSION1. Each step takes one code point. `#C++` names a
# language, and is no tag `c`.
TAG = (
    rf"[{_LETTER}\p{{Nd}}_]"
    rf"(?:{_SIGN}|{_MEDIAL}(?={_VISIBLE_SIGN})){{0,{MAX_LENGTH - 1}}}+"
    rf"(?!{_MEDIAL}?{_VISIBLE_SIGN}|\+\+)"
)

_TAG = regex.compile(TAG, regex.VERSION1)
_A_LETTER = regex.compile(_LETTER, regex.VERSION1)
_IGNORABLE = regex.compile(IGNORABLE)
_NUMBER_SIGNS = ("#", "\uff03")
_JOINERS = frozenset("\u200c\u200d")
# The dot that case folding takes off the capital letter of Turkish. Marks may stand between.
_DOT_OF_I = regex.compile(r"(i\p{M}*?)\u0307+")


def is_tag(text: str) -> bool:
    """Whether it may follow a number sign: not of digits and underscores alone."""
    return _TAG.fullmatch(text) is not None and _A_LETTER.search(text) is not None


def fold_named(text: str) -> str | None:
    """The form of a hashtag that a request names, with or without its number sign. None for what is
    no hashtag."""
    bare = text[1:] if text.startswith(_NUMBER_SIGNS) else text
    return fold(bare) if is_tag(bare) else None


def fold(tag: str) -> str:
    """The form that spellings of one tag share. Folding it changes nothing.

    NFKC with full case folding, as UAX 31 compares names: case, width and presentation forms make
    no difference. All forms of the letter i are one, with or without a dot, since Turkish and other
    languages disagree about its case. Invisible signs are left out, but for joiners that change the
    look of a word (RFC 5892, appendices A.1 and A.2). Where NFKC gives what is no tag, such as a
    ligature that stands for several words, NFC takes its place.
    """
    folded = _fold_once(tag)
    # Folding moves marks, so that a joiner may lose what it joined. Each turn leaves fewer signs.
    while (again := _fold_once(folded)) != folded:
        folded = again
    return folded


def _fold_once(tag: str) -> str:
    visible = _without_ignorable(tag)
    compatible = _fold_case(visible, "NFKC")
    return compatible if is_tag(compatible) else _fold_case(visible, "NFC")


def _fold_case(tag: str, form: Literal["NFC", "NFKC"]) -> str:
    """Definitions D145 and D146 of the Unicode standard, composed, with one letter i."""
    once = unicodedata.normalize(form, unicodedata.normalize("NFD", tag).casefold())
    return unicodedata.normalize(form, _fold_i(once.casefold()))


def _fold_i(tag: str) -> str:
    if tag.isascii():
        return tag
    plain = unicodedata.normalize("NFD", tag).replace("\u0131", "i")
    dotless: str = _DOT_OF_I.sub(r"\1", plain)
    return dotless


def _without_ignorable(tag: str) -> str:
    """The tag without invisible signs that mean nothing where they stand."""
    bare = _IGNORABLE.sub(lambda match: match[0] if match[0] in _JOINERS else "", tag)
    return "".join(
        sign for place, sign in enumerate(bare) if sign not in _JOINERS or _joins(bare, place)
    )


def _joins(tag: str, place: int) -> bool:
    try:
        return idna.valid_contextj(tag, place)
    except ValueError:
        # The letter before it is newer than the tables of this Python.
        return False

"""Folds a word: the form that its spellings share."""

import unicodedata

import regex

# A longer word is cut: words of the same beginning are the same word.
MAX_WORD = 64
# What is looked at of a longer one. Marks and joiners need room.
MAX_SPELLING = 256

# Letters that are no letter with a mark in Unicode, but are written as one where the keyboard lacks
# them. Case folding has made `ß` to `ss`.
_LETTERS = {
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ł": "l",
    "ħ": "h",
    "ŧ": "t",
    "ŋ": "n",
    "ı": "i",
    # Russian readers write е for ё. Other letters with marks are letters of their own in Cyrillic.
    "ё": "е",
    # Arabic: the lengthening sign, and letters that Arabic, Persian and Urdu keyboards confuse.
    "\u0640": "",
    "\u0649": "\u064a",
    "\u06cc": "\u064a",
    "\u06a9": "\u0643",
    "\u0629": "\u0647",
    "\u06d5": "\u0647",
    "\u06c1": "\u0647",
    "\u06be": "\u0647",
    # What joins the parts of a word, or has joined emoji.
    "\u200d": "",
    "\ufe0f": "",
}
# NFKC has made ASCII digits of those beyond.
_DIGITS = {
    sign: str(unicodedata.digit(sign))
    for sign in map(chr, range(0x80, 0x1F000))
    if unicodedata.category(sign) == "Nd"
}
_FOLDED = str.maketrans(_LETTERS | _DIGITS)
# Diacritics that readers leave out. In other scripts marks are vowels and consonants.
_DIACRITICS = regex.compile(
    r"""
    (?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Arabic}\p{Script=Hebrew}\p{Nd}])\p{M}+
    | (?<=\p{Script=Cyrillic})[\u0300\u0301]+
    """,
    regex.VERBOSE | regex.VERSION1,
)
# Signs inside a word that separate its parts: apostrophes (among them those of Hawaiian and
# Ukrainian, and an acute accent, which NFKC takes apart), the middle dot of Catalan, and geresh and
# gershayim of Hebrew.
_APOSTROPHES = r"'`\u2018\u2019\u201b\u2032\u02bb\u02bc\ua78c"
SEPARATOR = rf'(?:[{_APOSTROPHES}\u00b7\u05f3\u05f4"]|\x20\u0301)'
_SEPARATOR = regex.compile(SEPARATOR)
_APOSTROPHE = regex.compile(rf"[{_APOSTROPHES}]|\x20\u0301")


def fold(word: str) -> str:
    """The folded form of a word in NFKC: case, diacritics and spellings make no difference. At most
    MAX_WORD code points; empty if nothing is left. Folding it again changes nothing."""
    if word.isascii():
        return word[:MAX_WORD].lower()
    bare = _DIACRITICS.sub("", unicodedata.normalize("NFKD", fold_case(word)))
    plain = unicodedata.normalize("NFC", bare).translate(_FOLDED)
    return unicodedata.normalize("NFC", plain)[:MAX_WORD]


def fold_case(word: str) -> str:
    """The word without case alone, with its diacritics, as stemmers expect it."""
    if word.isascii():
        return word[:MAX_SPELLING].lower()
    return unicodedata.normalize("NFC", word[:MAX_SPELLING].casefold())


def fold_parts(word: str) -> list[str]:
    """The folded forms of the parts of a word that its separators separate."""
    return [fold(part) for part in _SEPARATOR.split(word[:MAX_SPELLING])]


def straighten(word: str) -> str:
    """The word with straight apostrophes and without other separators, as stemmers expect it."""
    straight: str = _SEPARATOR.sub("", _APOSTROPHE.sub("'", word))
    return straight

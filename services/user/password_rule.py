"""Which passwords are refused because anybody would guess them.

A rule instead of a list: it takes a password apart as people put one together (a common word or
the handle, letters swapped for digits, some digits and signs around it, a run of keys, a short
piece repeated) and refuses what has nothing else in it.
"""

import re
import unicodedata

from services.chassis.text.rules import MAX_MARKS_IN_A_ROW, is_stream_safe
from services.user.errors import PasswordTooWeak

# Words around which people build passwords. Their variations are found by the rule.
_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        password passwort passw pass admin administrator login welcome letmein letmeinnow iloveyou
        loveyou sunshine princess football baseball basketball superman batman dragon monkey master
        shadow michael jordan starwars whatever trustno secret changeme default computer internet
        roost roosting tweet twitter freedom flower summer winter spring autumn hello hellohello
        """,
    )
)
# Rows and columns of keyboards, the alphabet and the digits: whatever runs along one is no secret.
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
)
_UNSWAPPED = str.maketrans("0134578@$!", "oieastbasi")

_MIN_DISTINCT = 4
# As few digits as these are tried out in no time: dates, telephone numbers, codes.
_MIN_DIGITS_ONLY = 13
# A handle this short is in many a good password by chance.
_MIN_HANDLE = 4
# How much must be left beside what is known or runs along the keys.
_MIN_OWN = 4


def normalized(password: str) -> str:
    """The form that is hashed: one password typed on two keyboards is one (NFC, RFC 8265).

    A password that is not stream-safe stays as it is: sorting its marks takes quadratic time, and
    `check` lets nobody choose it.
    """
    return unicodedata.normalize("NFC", password) if is_stream_safe(password) else password


def check(password: str, *, handle: str) -> None:
    """Raises PasswordTooWeak if the password is easily guessed, or has a run of marks that nobody
    types. Its length is checked before."""
    if not is_stream_safe(password):
        raise PasswordTooWeak(
            f"A password has at most {MAX_MARKS_IN_A_ROW} combining marks in a row."
        )
    text = normalized(password).casefold()
    if len(set(text)) < _MIN_DISTINCT:
        raise PasswordTooWeak("This password repeats very few characters.")
    if text.isdecimal() and len(text) < _MIN_DIGITS_ONLY:
        raise PasswordTooWeak("A password of digits alone has to be longer.")
    known = handle.casefold()
    if (len(known) >= _MIN_HANDLE and known in text) or _core(text) == known:
        raise PasswordTooWeak("The password contains the handle.")
    if _is_common(_unrepeated(text)):
        raise PasswordTooWeak


def _is_common(text: str) -> bool:
    core = _core(text)
    candidates = {core, core.translate(_UNSWAPPED), _core(text.translate(_UNSWAPPED))}
    return not _WORDS.isdisjoint(candidates) or _own_part(text) < _MIN_OWN


def _core(text: str) -> str:
    """What is left without the digits and signs around it."""
    kept = [place for place, sign in enumerate(text) if sign.isalpha()]
    return text[kept[0] : kept[-1] + 1] if kept else ""


def _unrepeated(text: str) -> str:
    """The shortest piece that the text is a repetition of: `abcabcab` is `abc`."""
    for size in range(1, len(text) // 2 + 1):
        if all(sign == text[place % size] for place, sign in enumerate(text)):
            return text[:size]
    return text


def _own_part(text: str) -> int:
    """How many characters do not belong to a run of three or more along the keys."""
    own = place = 0
    while place < len(text):
        run = _run_at(text, place)
        if run < 3:
            own, place = own + 1, place + 1
        else:
            place += run
    return own


def _run_at(text: str, start: int) -> int:
    longest = 1
    for row in _RUNS:
        for line in (row, row[::-1]):
            length = longest + 1
            while start + length <= len(text) and text[start : start + length] in line:
                longest, length = length, length + 1
    return longest

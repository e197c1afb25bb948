"""Handles: their form, which are reserved, when two are the same, and what remains of a deleted
user's."""

import hmac
import re

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.user.domain.errors import HandleInvalid, HandleReserved

_FORM = re.compile(r"[A-Za-z0-9_]{1,15}", re.ASCII)

# Names that could be taken for the operator, or for a part of a URL of the edge.
RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
        about abuse account accounts admin administrator all anonymous api app auth billing blog
        bookmarks bot contact copyright deleted developer developers docs everybody everyone explore
        feed followers following graphql guest help here home hostmaster info jobs legal likes livez
        login logout mail me media messages metrics mod moderator moderators mods news nobody
        noreply notifications null official owner password postmaster posts press privacy public
        readyz register root roost roostapp safety search security session sessions settings signin
        signup staff static status stream support sync sysadmin system team terms timeline timelines
        trends undefined user users v1 v2 verified webmaster www
        """,
    )
)
# The reserved names that suggest the operator. More spellings of them are reserved, and their
# combinations with each other or with a word of _AFFIXES: `roost_team`, `official_support`.
_IMPERSONATED_ROLES = frozenset(
    re.findall(
        r"\w+",
        """
        admin administrator help helpdesk mod moderator moderators mods official roost safety
        security staff support sysadmin
        """,
    )
)
_AFFIXES = frozenset(
    re.findall(
        r"\w+",
        """
        account accounts app bot care center contact desk hq info mail moderation news password
        real root service services system team the verified
        """,
    )
)

# Digits that are read as letters. 1 and l are read as i, so that either way of reading matches.
_LETTERS = str.maketrans("01345789l", "oieastbgi")
_TRAILING_DIGITS = re.compile(r"[0-9]+\Z")

_TOMBSTONE_PURPOSE = b"roost retired handles"
# No handle contains it, so nobody can look up a tombstone by its text.
_TOMBSTONE_PREFIX = "~"


def key_of(handle: str) -> str:
    """The form that handles are compared by. Two handles with one key are the same."""
    return handle.lower()


def is_handle(text: str) -> bool:
    """Whether the text has the form of a handle."""
    return _FORM.fullmatch(text) is not None


def is_reserved(handle: str) -> bool:
    """Whether the handle is reserved, or could be mistaken for a reserved one.

    A reserved name stays reserved with underscores anywhere and with digits in place of letters
    (`_r00t_`, `he1p`). A digit at the end counts as a number and not as a letter, as in `user5`.
    For names that suggest the operator, a digit at the end counts as both (`admin2`, `officia1`),
    letters that look alike are the same (`adrnin`, `admln`), and adding a word such as `team` or
    `help` makes no other name.
    """
    bare = key_of(handle).replace("_", "")
    if bare in RESERVED:
        return True
    number = _TRAILING_DIGITS.search(bare)
    stem = bare[: number.start()] if number else bare
    if _has_digit(stem) and _disguised(stem) + bare[len(stem) :] in _DISGUISED:
        return True
    return any(_IMPERSONATING.fullmatch(_alike(each)) for each in (bare, stem))


def check_new(handle: str) -> str:
    """The key of a new handle. Raises HandleInvalid or HandleReserved."""
    if not is_handle(handle):
        raise HandleInvalid
    if is_reserved(handle):
        raise HandleReserved
    return key_of(handle)


def _has_digit(text: str) -> bool:
    return any(sign.isdecimal() for sign in text)


def _disguised(text: str) -> str:
    return text.translate(_LETTERS)


def _alike(text: str) -> str:
    """One form for all names that look alike at a glance."""
    return _disguised(text).replace("rn", "m").replace("vv", "w")


class HandleTombstones:
    """The forms that replace the handles of deleted users, so that nobody else gets a handle.

    They reveal nothing without the service's master key. Under another master key every handle
    counts as new.
    """

    def __init__(self, *, master_key: bytes) -> None:
        self._key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_TOMBSTONE_PURPOSE).derive(
            master_key
        )

    def form_of(self, key: str) -> str:
        """The tombstone of a handle's key (HMAC-SHA-256)."""
        return _TOMBSTONE_PREFIX + hmac.digest(self._key, key.encode(), "sha256").hex()


_DISGUISED = frozenset(_disguised(name) for name in RESERVED)
_IMPERSONATED_ROLE = "|".join(map(_alike, sorted(_IMPERSONATED_ROLES)))
_PART = "|".join(map(_alike, sorted(_IMPERSONATED_ROLES | _AFFIXES)))
_IMPERSONATING = re.compile(rf"(?:{_PART})?(?:{_IMPERSONATED_ROLE})(?:{_PART})?")

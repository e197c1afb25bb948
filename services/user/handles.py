"""Handles: what they look like, which are kept for the house, and what makes two the same."""

import re

from services.user.errors import HandleInvalid, HandleReserved

_FORM = re.compile(r"[A-Za-z0-9_]{1,15}", re.ASCII)

# Names that would look like the house speaking, or like a part of an address of the edge.
RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
        about abuse account accounts admin administrator anonymous api app auth billing blog
        bookmarks bot contact copyright deleted developer developers docs everybody everyone
        explore feed followers following graphql guest help home hostmaster info jobs legal likes
        livez login logout mail me media messages metrics mod moderator moderators news nobody
        noreply notifications null official owner password postmaster posts press privacy public
        readyz register root roost roostapp safety search security session sessions settings
        signin signup staff static status stream support sync system team terms timeline timelines
        trends undefined user users v1 v2 verified webmaster www
        """,
    )
)


def key_of(handle: str) -> str:
    """What handles are compared by: two with one key are the same handle."""
    return handle.lower()


def is_handle(text: str) -> bool:
    """Whether the text could be somebody's handle."""
    return _FORM.fullmatch(text) is not None


def check_new(handle: str) -> str:
    """The key of a handle that somebody wants. Raises HandleInvalid or HandleReserved.

    Underscores do not make a reserved name another one: `_admin_` still looks like the house.
    """
    if not is_handle(handle):
        raise HandleInvalid
    key = key_of(handle)
    if key in RESERVED or key.replace("_", "") in RESERVED:
        raise HandleReserved
    return key

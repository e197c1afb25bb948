"""What changes of the index do to one user. Both stores apply changes by these rules."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.search.domain.users.model import (
    Delete,
    IndexedUser,
    SetFollowers,
    Upsert,
    UserChange,
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a user: the profile, or None for a deleted account."""

    user: IndexedUser | None


def applied(stored: Stored | None, changes: Iterable[UserChange]) -> Stored | None:
    """What is stored after the changes; None for a user of whom nothing is stored."""
    for change in changes:
        stored = _applied(stored, change)
    return stored


def _applied(stored: Stored | None, change: UserChange) -> Stored | None:
    match change:
        case Delete():
            return Stored(None)
        case Upsert(user):
            if stored is None:
                return Stored(user)
            if stored.user is None or user.version < stored.user.version:
                return stored
            return Stored(replace(user, followers_count=stored.user.followers_count))
        case SetFollowers(_, followers_count):
            if stored is None or stored.user is None:
                return stored
            return Stored(replace(stored.user, followers_count=followers_count))

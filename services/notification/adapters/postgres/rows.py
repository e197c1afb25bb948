"""Converts rows to the model."""

from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg

from services.delivery.domain.local_time import DaySettings, QuietHours
from services.notification.domain.model import (
    Group,
    GroupChange,
    GroupKey,
    Kind,
    KindPreference,
    Preferences,
    Sender,
)

_WIDTH = 7


def group_from(row: tuple[Any, ...]) -> Group:
    """The group in a row of GROUP_COLUMNS."""
    id_, kind, post_id, actor_ids, count, first_time, last_time = row
    return Group(id_, Kind(kind), post_id, tuple(actor_ids), count, first_time, last_time)


def change_from(row: asyncpg.Record) -> GroupChange:
    """The change in a row of recipient, and the group before and after."""
    recipient_id, *columns = row
    before, after = tuple(columns[:_WIDTH]), tuple(columns[_WIDTH:])
    return GroupChange(
        recipient_id,
        None if before[0] is None else group_from(before),
        None if after[0] is None else group_from(after),
    )


def keys_from(found: Iterable[asyncpg.Record]) -> list[GroupKey]:
    """The keys of groups."""
    return [GroupKey(*row) for row in found]


def kind_preferences_from(triples: Iterable[tuple[int, int, Any]]) -> Mapping[Kind, KindPreference]:
    """Preferences of rows of kind, sender and push."""
    return {
        Kind(kind): KindPreference(Sender(sender), bool(push)) for kind, sender, push in triples
    }


def preferences_from(row: asyncpg.Record | None) -> Preferences:
    """Preferences; the defaults if the user never changed them."""
    if row is None:
        return Preferences()
    email_digest, version, time_zone, quiet_start, quiet_end, kind_preferences = row
    day = _day(time_zone, quiet_start, quiet_end)
    return Preferences(kind_preferences_from(kind_preferences), email_digest, version, day)


def days_from(found: Iterable[asyncpg.Record]) -> Mapping[int, DaySettings]:
    """Day settings by user."""
    return {user_id: _day(*columns) for user_id, *columns in found}


def _day(time_zone: str, quiet_start: int | None, quiet_end: int | None) -> DaySettings:
    if quiet_start is None or quiet_end is None:
        return DaySettings(time_zone)
    return DaySettings(time_zone, QuietHours(quiet_start, quiet_end))

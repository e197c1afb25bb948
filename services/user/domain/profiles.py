"""Profiles: what their fields and the names of devices may contain, and how the owner changes
them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from services.chassis.auth.tokens import SessionRevoked
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import Invalid, Violation
from services.chassis.runtime.ids import IdGenerator
from services.chassis.text.entities import is_web_address
from services.chassis.text.kinds import (
    BIO,
    DEVICE_NAME,
    DISPLAY_NAME,
    LOCATION,
    WEBSITE,
    TextKind,
)
from services.chassis.text.rules import Rule, TextRefused, clean
from services.user.domain import follows
from services.user.domain.domain_events import UserUpdated
from services.user.domain.errors import ETagMismatch, FieldNotUpdatable
from services.user.domain.model import BackgroundTask, ProfileMedium, ProfileUse, User
from services.user.domain.store import UserTransaction

_MAX_ID = (1 << 63) - 1

Value = str | int | bool


class _Refused(Exception):
    def __init__(self, rule: str, description: str) -> None:
        super().__init__(description)
        self.rule = rule
        self.description = description


def check_mask(paths: Iterable[str]) -> list[str]:
    """The fields of an update mask, without duplicates. Raises FieldNotUpdatable."""
    fields = list(dict.fromkeys(paths))
    for field in fields:
        if field not in UPDATABLE:
            raise FieldNotUpdatable(metadata={"field": field[:100]})
    return fields


async def update(
    transaction: UserTransaction,
    user_id: int,
    changes: Mapping[str, Value],
    *,
    media: Mapping[ProfileUse, ProfileMedium],
    etag: str,
    clock: Clock,
    ids: IdGenerator,
) -> User:
    """Changes fields of the user's profile. Returns the new profile.

    `media` are those that `changes` names, claimed before (`profile_media.ProfileMedia`). Equal
    values change nothing, not even the etag. An empty display name becomes the handle. Turning
    `protected` off accepts all follow requests: the first ones here, the rest by the worker. Raises
    Invalid, ETagMismatch, and SessionRevoked if the user was deleted.
    """
    values: dict[str, Any] = cleaned(changes)
    fields = list(values)
    before = await transaction.lock_user(user_id)
    if before is None:
        raise SessionRevoked
    if etag and etag != before.etag:
        raise ETagMismatch(metadata={"etag": before.etag})
    if values.get("display_name") == "":
        values["display_name"] = before.handle
    named = {use: values.pop(use.id_field) for use in ProfileUse if use.id_field in values}
    after = replace(before, **values)
    for use, medium_id in named.items():
        if medium_id != getattr(before, use.id_field):
            after = after.with_medium(use, media[use] if medium_id else None)
    if after == before:
        return before
    after = replace(after, version=before.version + 1, update_time=clock.now())
    await transaction.save_profile(after)
    changed = [field for field in fields if getattr(after, field) != getattr(before, field)]
    await transaction.emit(UserUpdated(after, changed))
    if before.protected and not after.protected:
        more = await follows.accept_some(transaction, user_id, ids=ids)
        if more:
            await transaction.add_background_task(
                BackgroundTask.ACCEPT_REQUESTS, user_id, clock.now()
            )
    return after


def cleaned(changes: Mapping[str, Value]) -> dict[str, Value]:
    """The values as they are stored; texts by the rules of docs/text.md.

    Raises Invalid (VALIDATION_FAILED) that names each wrong field as `user.FIELD`, with its rule.
    """
    kept: dict[str, Value] = {}
    violations: list[Violation] = []
    for field, value in changes.items():
        try:
            kept[field] = _RULES[field](value)
        except (_Refused, TextRefused) as refused:
            violations.append(Violation(f"user.{field}", refused.rule, refused.description))
    if violations:
        raise Invalid(violations=violations)
    return kept


def display_name(value: str, *, field: str) -> str:
    """A display name as it is stored. Raises Invalid that names `field`."""
    return _single(value, DISPLAY_NAME, field)


def device_name(value: str, *, field: str) -> str:
    """The name of a device as it is stored. Raises Invalid that names `field`."""
    return _single(value, DEVICE_NAME, field)


def _single(value: str, kind: TextKind, field: str) -> str:
    try:
        return clean(value, kind)
    except TextRefused as refused:
        raise Invalid(violations=[Violation(field, refused.rule, refused.description)]) from refused


def _text(kind: TextKind) -> Callable[[Value], str]:
    return lambda value: clean(str(value), kind)


def _website(value: Value) -> str:
    text = clean(str(value), WEBSITE)
    if text and not is_web_address(text):
        raise _Refused(
            Rule.WEB_ADDRESS,
            "must be an address that begins with http:// or https:// and a host such as "
            "roost.example",
        )
    return text


def _media_id(value: Value) -> int:
    if not 0 <= int(value) <= _MAX_ID:
        raise _Refused("int64.gte", "must not be negative")
    return int(value)


_RULES: Mapping[str, Callable[[Value], Value]] = {
    "display_name": _text(DISPLAY_NAME),
    "bio": _text(BIO),
    "location": _text(LOCATION),
    "website": _website,
    "avatar_media_id": _media_id,
    "banner_media_id": _media_id,
    "protected": bool,
}
UPDATABLE = frozenset(_RULES)

"""Profiles: the owner changes them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from services.chassis.auth.tokens import SessionRevoked
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import IdGenerator
from services.user.domain import follows, profile_rule
from services.user.domain.errors import ETagMismatch, FieldNotUpdatable
from services.user.domain.model import BackgroundTask, User
from services.user.domain.profile_rule import UPDATABLE, Value
from services.user.domain.store import UserTransaction
from services.user.rpc import events


def check_mask(paths: Iterable[str]) -> list[str]:
    """The fields that an update mask names, each once. Raises FieldNotUpdatable."""
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
    etag: str,
    clock: Clock,
    ids: IdGenerator,
) -> User:
    """Changes the person's profile to those values; the profile as it is then.

    Values that are there already change nothing, not even the etag. An empty display name becomes
    the handle. Turning `protected` off accepts those who wait: the first ones here, the rest by
    the worker. Raises Invalid, ETagMismatch, and SessionRevoked if the person was deleted.
    """
    cleaned: dict[str, Any] = profile_rule.cleaned(changes)
    before = await transaction.lock_user(user_id)
    if before is None:
        raise SessionRevoked
    if etag and etag != before.etag:
        raise ETagMismatch(metadata={"etag": before.etag})
    if cleaned.get("display_name") == "":
        cleaned["display_name"] = before.handle
    after = replace(before, **cleaned)
    if after == before:
        return before
    after = replace(after, version=before.version + 1, update_time=clock.now())
    await transaction.save_profile(after)
    changed = [field for field in cleaned if getattr(after, field) != getattr(before, field)]
    await transaction.publish(events.user_updated(after, changed))
    if before.protected and not after.protected:
        waiting = await follows.accept_some(transaction, user_id, ids=ids)
        if waiting:
            await transaction.add_background_task(
                BackgroundTask.ACCEPT_REQUESTS, user_id, clock.now()
            )
    return after

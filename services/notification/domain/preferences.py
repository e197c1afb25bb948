"""Preferences by kind and sender, muted conversations, and watched users."""

from collections.abc import Mapping
from dataclasses import replace

from services.chassis.runtime.clock import Clock
from services.delivery.domain.local_time import NO_QUIET_HOURS, QuietHours, check_time_zone
from services.notification.domain.errors import (
    AccountProtected,
    Blocking,
    CannotWatchSelf,
    ETagMismatch,
    TooManyMutedConversations,
    TooManyWatched,
)
from services.notification.domain.model import (
    MAX_MUTED_CONVERSATIONS,
    MAX_WATCHED,
    Kind,
    KindPreference,
    Preferences,
)
from services.notification.domain.ports import Profile
from services.notification.domain.regrouping import regroup
from services.notification.domain.store import NotificationTransaction


async def update(
    transaction: NotificationTransaction,
    user_id: int,
    *,
    kind_preferences: Mapping[Kind, KindPreference],
    email_digest: bool | None,
    etag: str,
    time_zone: str | None = None,
    quiet_hours: QuietHours | None = None,
) -> Preferences:
    """Changes the given kinds, and every other preference that is not None; returns the result.
    NO_QUIET_HOURS end quiet hours.

    Without a difference nothing changes, not even the etag. Raises ETagMismatch, TimeZoneUnknown.
    """
    if time_zone is not None:
        check_time_zone(time_zone)
    await transaction.lock_recipients([user_id])
    before = await transaction.preferences(user_id)
    if etag and etag != before.etag:
        raise ETagMismatch(metadata={"etag": before.etag})
    current = {kind: before.kind_preferences.get(kind, KindPreference()) for kind in Kind}
    changed = {
        kind: kind_preference
        for kind, kind_preference in kind_preferences.items()
        if kind_preference != current[kind]
    }
    digest = before.email_digest if email_digest is None else email_digest
    day = before.day
    if time_zone is not None:
        day = day._replace(time_zone=time_zone)
    if quiet_hours is not None:
        day = day._replace(quiet_hours=None if quiet_hours == NO_QUIET_HOURS else quiet_hours)
    if not changed and digest == before.email_digest and day == before.day:
        return before
    after = replace(
        before,
        kind_preferences={**before.kind_preferences, **changed},
        email_digest=digest,
        day=day,
        version=before.version + 1,
    )
    await transaction.set_preferences(user_id, after)
    return after


async def mute_conversation(
    transaction: NotificationTransaction, user_id: int, conversation_id: int, *, clock: Clock
) -> None:
    """Hides notifications about a conversation, also later ones. Raises
    TooManyMutedConversations."""
    await transaction.lock_recipients([user_id])
    keys = await transaction.set_conversation_muted(user_id, conversation_id, muted=True)
    if await transaction.count_muted_conversations(user_id) > MAX_MUTED_CONVERSATIONS:
        raise TooManyMutedConversations(metadata={"limit": str(MAX_MUTED_CONVERSATIONS)})
    await regroup(transaction, keys, now=clock.now())


async def unmute_conversation(
    transaction: NotificationTransaction, user_id: int, conversation_id: int, *, clock: Clock
) -> None:
    """Shows them again, also those that were added while it was muted."""
    await transaction.lock_recipients([user_id])
    keys = await transaction.set_conversation_muted(user_id, conversation_id, muted=False)
    await regroup(transaction, keys, now=clock.now())


def check_watchable(profile: Profile) -> None:
    """Raises Blocking or AccountProtected for a user whose posts the caller may not see."""
    if profile.blocked:
        raise Blocking
    if profile.protected:
        raise AccountProtected


async def watch(
    transaction: NotificationTransaction, watcher_id: int, author_id: int, *, clock: Clock
) -> None:
    """Notifies the watcher of the author's new posts. Raises CannotWatchSelf, TooManyWatched."""
    if watcher_id == author_id:
        raise CannotWatchSelf
    await transaction.lock_recipients([watcher_id])
    await transaction.watch(watcher_id, author_id, clock.now())
    if await transaction.count_watched(watcher_id) > MAX_WATCHED:
        raise TooManyWatched(metadata={"limit": str(MAX_WATCHED)})


async def unwatch(transaction: NotificationTransaction, watcher_id: int, author_id: int) -> None:
    """Ends it; existing notifications remain."""
    await transaction.unwatch([watcher_id], author_id)

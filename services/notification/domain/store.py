"""The store of the Notification service.

An activity is shown unless its recipient mutes the actor or the conversation. A group consists of
its shown activities. Methods that change activities return the keys of their groups, which the
caller passes to `regroup` before the transaction ends.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.delivery.domain.local_time import DaySettings
from services.delivery.domain.store import DeliveryTransaction
from services.eventlog.domain.store import LogTransaction
from services.notification.domain.model import (
    Activity,
    Added,
    Group,
    GroupChange,
    GroupKey,
    Kind,
    KindPreference,
    Marker,
    Preferences,
)


class NotificationTransaction(DeliveryTransaction, LogTransaction, Protocol):
    """Notifications, deliveries and log entries change in one transaction.

    Locks are taken in one order: request, events, then recipients by ascending id. A change of a
    recipient's notifications needs the recipient's lock.
    """

    # Activities.

    async def add(self, activities: Sequence[Activity]) -> list[Added]:
        """Adds new activities, except those of deleted posts or users.

        A mention is skipped if the recipient was notified of the post as a reply, a quote or a
        watched post; a watched post is skipped if they were notified of it as another kind. Likes
        of a post are one group, and so are its reposts. A follow joins the newest shown follow if
        that is unread and at most FOLLOW_GROUP_WINDOW older.
        """
        ...

    async def withdraw(
        self,
        recipient_id: int,
        *,
        actor_id: int,
        post_id: int,
        kinds: Collection[Kind],
        now: datetime,
    ) -> list[GroupKey]:
        """Removes these activities, and records for KEPT that they existed."""
        ...

    async def withdraw_between(self, one_id: int, other_id: int, now: datetime) -> list[GroupKey]:
        """Withdraws all activities of each of two users for the other, and removes their
        watches."""
        ...

    async def set_actor_muted(
        self, recipient_id: int, actor_id: int, *, muted: bool
    ) -> list[GroupKey]:
        """Hides a user's activities from the recipient, or shows them again."""
        ...

    async def set_conversation_muted(
        self, recipient_id: int, conversation_id: int, *, muted: bool
    ) -> list[GroupKey]:
        """Hides a conversation's activities from the recipient, also later ones, or shows them."""
        ...

    async def drop_post(self, post_id: int, recipient_ids: Collection[int]) -> list[GroupKey]:
        """Removes the recipients' activities about a post."""
        ...

    async def drop_actor(self, actor_id: int, recipient_ids: Collection[int]) -> list[GroupKey]:
        """Removes a user's activities from the recipients."""
        ...

    async def drop_before(self, moment: datetime, recipient_ids: Collection[int]) -> list[GroupKey]:
        """Removes the recipients' activities from before that time."""
        ...

    async def regroup(self, keys: Collection[GroupKey]) -> list[GroupChange]:
        """Updates groups to their activities; returns the changed ones."""
        ...

    # Entries of the event log, as `append_events`: once in a transaction, and last.

    async def log_group_changes(self, changes: Sequence[GroupChange], now: datetime) -> None:
        """Appends changed groups to the logs of their recipients."""
        ...

    async def log_marker(self, user_id: int, marker: Marker) -> None:
        """Appends a moved read marker to the user's log."""
        ...

    # What decides about activities.

    async def record_deleted_post(self, post_id: int, now: datetime) -> None:
        """Records for DELETED_KEPT that a post was deleted."""
        ...

    async def record_deleted_user(self, user_id: int, now: datetime) -> None:
        """Records for DELETED_KEPT that an account was deleted, and deletes the user's data."""
        ...

    async def set_protected(self, user_id: int, *, protected: bool) -> None:
        """Stores whether a user is protected."""
        ...

    async def protected(self, user_ids: Collection[int]) -> set[int]:
        """The protected users among them."""
        ...

    async def kind_preferences(
        self, user_ids: Collection[int]
    ) -> Mapping[int, Mapping[Kind, KindPreference]]:
        """The kind preferences of those users among them who have any."""
        ...

    # Read markers and preferences.

    async def marker(self, user_id: int) -> Marker | None:
        """The user's read marker; None before the first one."""
        ...

    async def newest_group_id(self, user_id: int) -> int:
        """The id of the user's newest group; 0 if there is none."""
        ...

    async def last_read(self, user_ids: Collection[int]) -> Mapping[int, int]:
        """The read markers of these users; those without one are absent."""
        ...

    async def set_marker(self, user_id: int, marker: Marker) -> None: ...

    async def preferences(self, user_id: int) -> Preferences: ...

    async def days(self, user_ids: Collection[int]) -> Mapping[int, DaySettings]:
        """The day settings of those users among them who have preferences."""
        ...

    async def set_preferences(self, user_id: int, preferences: Preferences) -> None: ...

    async def count_muted_conversations(self, user_id: int) -> int:
        """How many conversations the user mutes."""
        ...

    async def count_watched(self, watcher_id: int) -> int:
        """How many users the watcher watches."""
        ...

    async def watch(self, watcher_id: int, author_id: int, now: datetime) -> None:
        """Adds a watch of the author, which begins now."""
        ...

    async def unwatch(
        self, watcher_ids: Collection[int], author_id: int, *, until: datetime | None = None
    ) -> None:
        """Removes watches; with `until` only those that began no later."""
        ...


class NotificationStore(Protocol):
    """Reads see every earlier commit."""

    def transaction(self) -> AbstractAsyncContextManager[NotificationTransaction]: ...

    async def groups(
        self, user_id: int, *, kinds: Collection[Kind], before: int, limit: int
    ) -> list[Group]:
        """The user's groups with ids below `before`, newest first. No kinds means all kinds."""
        ...

    async def unread(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Group]:
        """Of these pairs of user and group those that exist and are above the read marker."""
        ...

    async def marker(self, user_id: int) -> Marker | None:
        """The user's read marker; None before the first one."""
        ...

    async def preferences(self, user_id: int) -> Preferences: ...

    async def days(self, user_ids: Collection[int]) -> Mapping[int, DaySettings]:
        """The day settings of those users among them who have preferences."""
        ...

    async def muted_conversations(self, user_id: int) -> list[int]:
        """The conversations that the user mutes, ascending."""
        ...

    async def watched(self, watcher_id: int) -> list[int]:
        """The users that the watcher watches, ascending."""
        ...

    async def watchers(self, author_id: int, *, after: int, limit: int) -> list[int]:
        """The watchers of an author with ids above `after`, ascending."""
        ...

    async def recipients_of_post(self, post_id: int, limit: int) -> list[int]:
        """Up to `limit` recipients of activities about a post."""
        ...

    async def recipients_of_actor(self, actor_id: int, limit: int) -> list[int]:
        """Up to `limit` recipients of a user's activities."""
        ...

    async def recipients_before(self, moment: datetime, limit: int) -> list[int]:
        """Up to `limit` recipients of activities from before that time."""
        ...

    async def forget_deleted(self, before: datetime) -> None:
        """Deletes records of deletions from before that time."""
        ...

    async def forget_withdrawn(self, before: datetime) -> None:
        """Deletes records of withdrawals from before that time."""
        ...

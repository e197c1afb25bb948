"""What the Notification service asks of its database: one contract, two implementations.

A deed is shown unless its recipient mutes the actor or the conversation. Groups are put together
from the deeds that are shown: whoever changes deeds gets the keys of their groups, and brings
these in step by `regroup` before the transaction ends.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.chassis.storage.transaction import Transaction
from services.delivery.domain.store import DeliveryTransaction
from services.eventlog.domain.store import LogTransaction
from services.notification.domain.model import (
    Activity,
    Added,
    DaySettings,
    Group,
    GroupChange,
    GroupKey,
    Kind,
    KindPreference,
    Marker,
    Preferences,
)


class NotificationTransaction(DeliveryTransaction, LogTransaction, Transaction, Protocol):
    """Changes that happen together.

    Locks are taken in one order: request, events, then recipients by ascending id. Whatever
    changes what somebody is told holds that recipient's lock.
    """

    async def lock_recipients(self, user_ids: Collection[int]) -> None:
        """Until the end, what these people are told is changed by this transaction alone."""
        ...

    # Deeds.

    async def add(self, activities: Sequence[Activity]) -> list[Added]:
        """Adds deeds that are not there, but none of a post or a person that is gone.

        A mention is left out where the recipient has the same post as a reply, a quote or a
        watched one, and so is a watched one where they have it otherwise. Likes of a post
        are one group, so are its reposts; a follow joins the newest one that is shown, if that is
        not read and at most FOLLOW_GROUP_WINDOW older.
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
        """Removes what was undone, and remembers for KEPT that it was there."""
        ...

    async def part(self, one_id: int, other_id: int, now: datetime) -> list[GroupKey]:
        """Removes everything between two people, both ways, as `withdraw` does, and who watches the
        other."""
        ...

    async def set_actor_muted(
        self, recipient_id: int, actor_id: int, *, muted: bool
    ) -> list[GroupKey]:
        """Hides somebody's deeds from the recipient, or shows them again."""
        ...

    async def set_conversation_muted(
        self, recipient_id: int, conversation_id: int, *, muted: bool
    ) -> list[GroupKey]:
        """Hides a conversation's deeds from the recipient, those to come too, or shows them."""
        ...

    async def drop_post(self, post_id: int, recipient_ids: Collection[int]) -> list[GroupKey]:
        """Removes the recipients' deeds that hang on a post."""
        ...

    async def drop_actor(self, actor_id: int, recipient_ids: Collection[int]) -> list[GroupKey]:
        """Removes somebody's deeds from the recipients."""
        ...

    async def drop_before(self, moment: datetime, recipient_ids: Collection[int]) -> list[GroupKey]:
        """Removes the recipients' deeds of before that moment."""
        ...

    async def regroup(self, keys: Collection[GroupKey]) -> list[GroupChange]:
        """Brings groups in step with their deeds; gives those that differ from before."""
        ...

    # What deeds depend on.

    async def record_deleted_post(self, post_id: int, now: datetime) -> None:
        """Remembers for DELETED_KEPT that a post is deleted."""
        ...

    async def record_deleted_user(self, user_id: int, now: datetime) -> None:
        """Remembers for DELETED_KEPT that somebody left, and forgets all that is theirs."""
        ...

    async def set_protected(self, user_id: int, *, protected: bool) -> None:
        """Notes whether somebody's posts are for followers alone."""
        ...

    async def protected(self, user_ids: Collection[int]) -> set[int]:
        """Those among them whose posts are."""
        ...

    async def kind_preferences(
        self, user_ids: Collection[int]
    ) -> Mapping[int, Mapping[Kind, KindPreference]]:
        """The wishes of those who have any."""
        ...

    # What somebody sets.

    async def marker(self, user_id: int) -> Marker | None:
        """Up to where the person has read; None before the first time."""
        ...

    async def newest_group_id(self, user_id: int) -> int:
        """The id of the person's newest group; 0 if there is none."""
        ...

    async def last_read(self, user_ids: Collection[int]) -> Mapping[int, int]:
        """Up to where these people have read; those who never did are absent."""
        ...

    async def set_marker(self, user_id: int, marker: Marker) -> None: ...

    async def preferences(self, user_id: int) -> Preferences: ...

    async def days(self, user_ids: Collection[int]) -> Mapping[int, DaySettings]:
        """The day settings of those who have preferences."""
        ...

    async def set_preferences(self, user_id: int, preferences: Preferences) -> None: ...

    async def count_muted_conversations(self, user_id: int) -> int:
        """How many conversations the person mutes."""
        ...

    async def count_watched(self, watcher_id: int) -> int:
        """How many people the person watches."""
        ...

    async def watch(self, watcher_id: int, author_id: int, now: datetime) -> None:
        """Notes that somebody is notified of another's posts, from now on."""
        ...

    async def unwatch(
        self, watcher_ids: Collection[int], author_id: int, *, until: datetime | None = None
    ) -> None:
        """Forgets it; with `until` only what was noted no later."""
        ...


class NotificationStore(Protocol):
    """What is kept for each recipient. Reads see every commit before them."""

    def transaction(self) -> AbstractAsyncContextManager[NotificationTransaction]: ...

    async def groups(
        self, user_id: int, *, kinds: Collection[Kind], before: int, limit: int
    ) -> list[Group]:
        """The person's groups with ids below `before`, newest first; of all kinds for none."""
        ...

    async def unread(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Group]:
        """Of these people and groups those that are there and that the marker has not passed."""
        ...

    async def marker(self, user_id: int) -> Marker | None:
        """Up to where the person has read; None before the first time."""
        ...

    async def preferences(self, user_id: int) -> Preferences: ...

    async def days(self, user_ids: Collection[int]) -> Mapping[int, DaySettings]:
        """The day settings of those who have preferences."""
        ...

    async def muted_conversations(self, user_id: int) -> list[int]:
        """The conversations that the person mutes, ascending."""
        ...

    async def watched(self, watcher_id: int) -> list[int]:
        """Whom the person watches, ascending."""
        ...

    async def watchers(self, author_id: int, *, after: int, limit: int) -> list[int]:
        """Who watches somebody, ascending, with ids above `after`."""
        ...

    async def recipients_of_post(self, post_id: int, limit: int) -> list[int]:
        """Up to `limit` of those who have deeds that hang on a post."""
        ...

    async def recipients_of_actor(self, actor_id: int, limit: int) -> list[int]:
        """Up to `limit` of those who have deeds of somebody."""
        ...

    async def recipients_before(self, moment: datetime, limit: int) -> list[int]:
        """Up to `limit` of those who have deeds of before that moment."""
        ...

    async def forget_deleted(self, before: datetime) -> None:
        """Forgets posts and people that went before that moment."""
        ...

    async def forget_withdrawn(self, before: datetime) -> None:
        """Forgets what was taken back before that moment."""
        ...

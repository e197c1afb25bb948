"""The database of the User service: one contract, two implementations.

A read outside of a transaction sees everything committed before it began. Inside of a transaction,
`lock_…` comes first. Users are locked in ascending order of id, so that no two transactions wait
for each other.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from services.chassis.storage.transaction import Transaction
from services.user.domain.domain_events import DomainEvent
from services.user.domain.model import (
    BackgroundTask,
    Counts,
    Direction,
    IdPage,
    ListedRelationship,
    RelatedUsers,
    Relationship,
    RelationshipKind,
    Session,
    Settings,
    StoredKey,
    StoredRelationship,
    StreamTicket,
    User,
    UserRow,
)

# Several times the lifetime of an access token: after it, nothing reads whether a session ended.
ENDED_SESSIONS_KEPT = timedelta(days=1)
# An account's network that was not used for so long counts as new.
NETWORK_LIFETIME = timedelta(days=90)


class AccountTransaction(Protocol):
    """Users, their handles, passwords, known networks and settings."""

    async def claim_handle(self, key: str, user_id: int, *, tombstone: str) -> bool:
        """Reserves the handle for the user; False if a user has it, or had it. A row with the key
        `tombstone` shows that a deleted user had it."""
        ...

    async def retire_handle(self, user_id: int, form_of: Callable[[str], str]) -> None:
        """Stores the tombstone of a deleted user's handle, beside the handle itself."""
        ...

    async def forget_user(self, user_id: int) -> str | None:
        """Deletes what names a deleted user, and the counters. Returns the key of the handle, None
        if it was deleted before. The tombstone was committed earlier, so that one of the two is
        there at any time."""
        ...

    async def add_user(self, user: User, password_hash: str) -> None:
        """Adds a user, with the counters of the profile."""
        ...

    async def lock_user(self, user_id: int) -> User | None:
        """The profile, locked until the end; None if unknown or deleted."""
        ...

    async def save_profile(self, user: User) -> None:
        """Writes everything except id, handle, counters and create_time."""
        ...

    async def delete_user(self, user_id: int, now: datetime) -> None:
        """Marks the user as deleted, empties the profile, and deletes the password, known networks
        and settings."""
        ...

    async def settings(self, user_id: int) -> Settings:
        """See `Store.settings`. The user is locked."""
        ...

    async def save_settings(self, user_id: int, settings: Settings) -> None:
        """Replaces the user's settings. The user is locked."""
        ...

    async def lock_password(self, user_id: int) -> str | None:
        """The hash of the user's password, locked until the end."""
        ...

    async def set_password(self, user_id: int, password_hash: str, now: datetime) -> None:
        """Replaces the hash of the user's password."""
        ...

    async def forget_networks(self, user_id: int) -> None:
        """Deletes the networks from which the account has proved its password."""
        ...

    async def remember_network(self, user_id: int, network_hash: bytes, now: datetime) -> None:
        """Stores that the user's password was proved from this network."""
        ...


class SessionTransaction(Protocol):
    """Sessions and stream tickets."""

    async def add_session(self, session: Session) -> None:
        """Adds a session under a new id."""
        ...

    async def lock_session(self, user_id: int, session_id: int) -> Session | None:
        """The session, locked until the end."""
        ...

    async def lock_live_sessions(self, user_id: int, now: datetime) -> list[Session]:
        """All of the user's live sessions, locked until the end."""
        ...

    async def save_session(self, session: Session) -> None:
        """Writes everything that may change while a session exists."""
        ...

    async def add_ticket(self, ticket_hash: bytes, ticket: StreamTicket) -> None:
        """Adds a ticket under the hash of its secret."""
        ...

    async def take_ticket(self, ticket_hash: bytes) -> StreamTicket | None:
        """Removes and returns the ticket. Of two concurrent calls, one gets it."""
        ...


class GraphTransaction(Protocol):
    """Relationships. A transaction that changes one holds the lock of its pair."""

    async def lock_pair(
        self, actor_id: int, other_id: int
    ) -> tuple[UserRow | None, UserRow | None]:
        """Locks and returns the actor and the other user; None for an unknown or deleted one.

        The actor's lock is exclusive, the other user's is shared, so that many users may follow
        one at once.
        """
        ...

    async def relationship(self, viewer_id: int, other_id: int) -> Relationship:
        """The relationship of the two, after they were locked."""
        ...

    async def count_wanted(self, user_id: int, limit: int) -> int:
        """How many users the user follows or has requested to follow; counts up to `limit`."""
        ...

    async def add_relationship(
        self, kind: RelationshipKind, source_id: int, target_id: int, relationship_id: int
    ) -> bool:
        """Adds the relationship at both ends; False if it exists."""
        ...

    async def remove_relationship(
        self, kind: RelationshipKind, source_id: int, target_id: int
    ) -> bool:
        """Removes the relationship at both ends; False if it does not exist."""
        ...

    async def oldest_requests(self, target_id: int, limit: int) -> list[int]:
        """The senders of the user's oldest follow requests, oldest first."""
        ...

    async def some_relationships(self, user_id: int, limit: int) -> list[StoredRelationship]:
        """Up to `limit` relationships from or to the user; none only if there are none."""
        ...

    async def add_background_task(
        self, background_task: BackgroundTask, user_id: int, now: datetime
    ) -> None:
        """Stores a task for the worker; at most one of a kind for a user."""
        ...

    async def finish_background_task(self, background_task: BackgroundTask, user_id: int) -> None:
        """Removes a finished task."""
        ...

    async def change_counts(self, changes: Mapping[int, Counts]) -> None:
        """Adds to counters, none of which falls below zero; ignores unknown users."""
        ...

    async def correct_counts(self, seen: Mapping[int, Counts], right: Mapping[int, Counts]) -> int:
        """Replaces the counters that still equal `seen`; returns how many were replaced."""
        ...


class KeyTransaction(Protocol):
    """The keys that sign access tokens."""

    async def lock_signing_keys(self) -> list[StoredKey]:
        """All keys, oldest first, locked until the end."""
        ...

    async def add_signing_key(self, key: StoredKey) -> None:
        """Adds a key under a new `kid`."""
        ...

    async def remove_signing_keys(self, kids: Sequence[str]) -> None:
        """Removes these keys; ignores unknown ones."""
        ...


class UserTransaction(
    AccountTransaction, SessionTransaction, GraphTransaction, KeyTransaction, Transaction, Protocol
):
    """All changes of a transaction, committed together or not at all."""

    async def emit(self, event: DomainEvent) -> None:
        """Publishes the event if, and only if, this commits. See `Transaction.publish` for the
        order."""
        ...


class Store(Protocol):
    """Reads, and transactions."""

    def transaction(self) -> AbstractAsyncContextManager[UserTransaction]:
        """Begins a transaction. Leaving the block commits it, an exception rolls it back."""
        ...

    async def users(self, user_ids: Sequence[int]) -> list[User]:
        """The profiles of the users that exist, in any order."""
        ...

    async def scan_users(self, *, after_id: int, limit: int) -> list[User]:
        """The profiles of the next `limit` users above `after_id`, ascending by id."""
        ...

    async def settings(self, user_id: int) -> Settings:
        """What the user has set; the defaults for all else, and for unknown users."""
        ...

    async def ids_of_handles(self, keys: Sequence[str]) -> dict[str, int]:
        """The owners of the handles. A deleted user's tombstone counts as a handle."""
        ...

    async def password_of(self, user_id: int) -> str | None:
        """The hash of the user's password; None for unknown and deleted users."""
        ...

    async def is_known_network(self, user_id: int, network_hash: bytes) -> bool:
        """Whether the user's password was proved from this network, within NETWORK_LIFETIME."""
        ...

    async def relationships_with(
        self, viewer_id: int, other_ids: Sequence[int]
    ) -> dict[int, Relationship]:
        """The viewer's relationships with the others, in one round trip; users without one are
        absent."""
        ...

    async def relationships_of_pairs(
        self, pairs: Collection[tuple[int, int]]
    ) -> dict[tuple[int, int], Relationship]:
        """The relationship of the first user of each pair with the second, as
        `relationships_with`."""
        ...

    async def list_relationships(
        self,
        kind: RelationshipKind,
        direction: Direction,
        user_id: int,
        *,
        before: int | None,
        limit: int,
    ) -> list[ListedRelationship]:
        """The user's relationships of one kind, newest first, older than the id `before`."""
        ...

    async def list_ids(
        self, direction: Direction, user_ids: Collection[int], *, limit: int, after_id: int = 0
    ) -> dict[int, IdPage]:
        """The followers (IN) of each of these users, or the users they follow (OUT): a page of the
        ids above `after_id`. The result has a page for each user."""
        ...

    async def related_users(self, user_id: int, *, limit: int) -> RelatedUsers:
        """All users whom the user follows, and the newest `limit` blocks in each direction and
        mutes, in one round trip."""
        ...

    async def counts(self, user_id: int) -> Counts:
        """The user's counters; zeros for unknown users."""
        ...

    async def session(self, user_id: int, session_id: int) -> Session | None:
        """One session, live or not."""
        ...

    async def list_sessions(
        self, user_id: int, *, before_id: int | None, limit: int, now: datetime
    ) -> list[Session]:
        """The user's live sessions, newest first, older than the session `before_id`."""
        ...

    async def revoked_sessions(self, since: datetime) -> list[int]:
        """The ids of sessions that were ended after that time, in any order."""
        ...

    async def signing_keys(self) -> list[StoredKey]:
        """All keys, oldest first."""
        ...

    async def next_background_task(self, background_task: BackgroundTask) -> int | None:
        """The user of the oldest task of this kind."""
        ...

    async def compared_counts(
        self, *, after_id: int, limit: int
    ) -> tuple[dict[int, Counts], dict[int, Counts]]:
        """The counters of the next `limit` users above `after_id`, and the numbers of their follows
        at the same moment. `posts` is copied: the posts are not in this database."""
        ...

    async def prune(self, now: datetime) -> int:
        """Deletes sessions and tickets that have expired, sessions that were ended more than
        ENDED_SESSIONS_KEPT ago, and networks that were not used within NETWORK_LIFETIME. Returns
        how many rows in all."""
        ...

"""What the User service asks of its database, in the words of its domain.

Reads outside of a transaction see everything committed before they began. Inside of one, `lock_…`
comes first: people are always locked in ascending order of id, so that no two transactions wait
for each other.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from services.chassis.storage.transaction import Transaction
from services.user.domain.model import (
    BackgroundTask,
    Counts,
    Direction,
    EdgeBetween,
    IdPage,
    ListedEdge,
    Relationship,
    RelationshipKind,
    Session,
    StoredKey,
    StreamTicket,
    User,
    UserRow,
)

# Several times the life of an access token: afterwards nobody asks whether the session has ended.
ENDED_SESSIONS_KEPT = timedelta(days=1)
# A network that nobody signed in from for so long is a new one.
NETWORK_LIFETIME = timedelta(days=90)


class AccountTransaction(Protocol):
    """Profiles and passwords."""

    async def claim_handle(self, key: str, user_id: int, *, retired: str) -> bool:
        """Gives the handle to the person; False if somebody has it, or had it, which `retired`
        shows: the form that is kept of it then."""
        ...

    async def retire_handle(self, user_id: int, form_of: Callable[[str], str]) -> None:
        """Keeps the retired form of a deleted person's handle, beside the handle itself."""
        ...

    async def forget_user(self, user_id: int) -> str | None:
        """Deletes what names a deleted person, and their counters: the key of the handle that they
        had until now, None if it was forgotten before. The retired form was committed earlier, so
        that at every moment one of the two is there."""
        ...

    async def add_user(self, user: User, password_hash: str) -> None:
        """Adds a person, with the counters that the profile says."""
        ...

    async def lock_user(self, user_id: int) -> User | None:
        """The profile, unchanged by others until the end; None if unknown or deleted."""
        ...

    async def save_profile(self, user: User) -> None:
        """Writes everything but id, handle, counters and create_time."""
        ...

    async def delete_user(self, user_id: int, now: datetime) -> None:
        """Marks as deleted, empties the profile, and forgets the password and known networks."""
        ...

    async def lock_password(self, user_id: int) -> str | None:
        """The hash of the person's password, unchanged by others until the end."""
        ...

    async def set_password(self, user_id: int, password_hash: str, now: datetime) -> None: ...

    async def forget_networks(self, user_id: int) -> None:
        """Forgets where the account has proved its password."""
        ...

    async def remember_network(self, user_id: int, network_hash: bytes, now: datetime) -> None:
        """Notes that the person's password was proved from there."""
        ...


class SessionTransaction(Protocol):
    """Sessions and stream tickets."""

    async def add_session(self, session: Session) -> None: ...

    async def lock_session(self, user_id: int, session_id: int) -> Session | None:
        """The session, unchanged by others until the end."""
        ...

    async def lock_live_sessions(self, user_id: int, now: datetime) -> list[Session]:
        """All of the person's live sessions, unchanged by others until the end."""
        ...

    async def save_session(self, session: Session) -> None:
        """Writes all that changes in the life of a session."""
        ...

    async def add_ticket(self, ticket_hash: bytes, ticket: StreamTicket) -> None: ...

    async def take_ticket(self, ticket_hash: bytes) -> StreamTicket | None:
        """Removes the ticket and gives it; of two who take the same one, one gets it."""
        ...


class GraphTransaction(Protocol):
    """Edges between people. Whoever changes an edge holds the lock of its pair."""

    async def lock_pair(
        self, actor_id: int, other_id: int
    ) -> tuple[UserRow | None, UserRow | None]:
        """The one who acts and the other one; None for who is unknown or deleted.

        The actor is locked against everybody, the other one against changes only, so that many
        may follow one person at once.
        """
        ...

    async def relationship(self, viewer_id: int, other_id: int) -> Relationship:
        """How the two stand, after the lock was had."""
        ...

    async def count_wanted(self, user_id: int, limit: int) -> int:
        """How many the person follows or has asked to follow; counts no further than `limit`."""
        ...

    async def add_edge(
        self, edge: RelationshipKind, source_id: int, target_id: int, edge_id: int
    ) -> bool:
        """Adds the edge at both ends; False if it was there."""
        ...

    async def remove_edge(self, edge: RelationshipKind, source_id: int, target_id: int) -> bool:
        """Removes the edge at both ends; False if it was not there."""
        ...

    async def oldest_requests(self, target_id: int, limit: int) -> list[int]:
        """Who has waited longest for the person's consent, in that order."""
        ...

    async def some_edges(self, user_id: int, limit: int) -> list[EdgeBetween]:
        """Up to `limit` edges that begin or end at the person; none only if there are none."""
        ...

    async def add_background_task(
        self, background_task: BackgroundTask, user_id: int, now: datetime
    ) -> None:
        """Leaves work for the worker; no more than once for a person."""
        ...

    async def finish_background_task(self, background_task: BackgroundTask, user_id: int) -> None:
        """The work is done."""
        ...

    async def change_counts(self, changes: Mapping[int, Counts]) -> None:
        """Adds to people's counters, none of which falls below zero; ignores unknown people."""
        ...

    async def correct_counts(self, seen: Mapping[int, Counts], right: Mapping[int, Counts]) -> int:
        """Replaces the counters that still are as `seen`; says how many were."""
        ...


class KeyTransaction(Protocol):
    """Signing keys."""

    async def lock_signing_keys(self) -> list[StoredKey]:
        """All keys, oldest first; nobody else changes them until the end."""
        ...

    async def add_signing_key(self, key: StoredKey) -> None: ...

    async def remove_signing_keys(self, kids: Sequence[str]) -> None: ...


class UserTransaction(
    AccountTransaction, SessionTransaction, GraphTransaction, KeyTransaction, Transaction, Protocol
):
    """Everything that happens together or not at all."""


class Store(Protocol):
    """The database of the User service."""

    def transaction(self) -> AbstractAsyncContextManager[UserTransaction]:
        """Begins a transaction; leaving the block commits it."""
        ...

    async def users(self, user_ids: Sequence[int]) -> list[User]:
        """The profiles of those who exist, in any order."""
        ...

    async def ids_of_handles(self, keys: Sequence[str]) -> dict[str, int]:
        """Whose the handles are or were: deleted people keep theirs."""
        ...

    async def password_of(self, user_id: int) -> str | None:
        """The hash of the person's password; None for unknown and deleted people."""
        ...

    async def is_known_network(self, user_id: int, network_hash: bytes) -> bool:
        """Whether the person's password was proved from there, within NETWORK_LIFETIME."""
        ...

    async def relationships_with(
        self, viewer_id: int, other_ids: Sequence[int]
    ) -> dict[int, Relationship]:
        """How the viewer and the others stand, in one round trip; those without ties are absent."""
        ...

    async def relationships_of_pairs(
        self, pairs: Collection[tuple[int, int]]
    ) -> dict[tuple[int, int], Relationship]:
        """How the first of each pair and the second stand, as `relationships_with` tells of one
        person."""
        ...

    async def list_edges(
        self,
        edge: RelationshipKind,
        direction: Direction,
        user_id: int,
        *,
        before: int | None,
        limit: int,
    ) -> list[ListedEdge]:
        """The person's edges of one kind, newest first, older than the edge `before`."""
        ...

    async def list_ids(
        self, direction: Direction, user_ids: Collection[int], *, limit: int, after_id: int = 0
    ) -> dict[int, IdPage]:
        """Who follows each of these people, or is followed by them: a page of those above
        `after_id`. Everybody who is asked about is in the answer."""
        ...

    async def counts(self, user_id: int) -> Counts:
        """The person's counters; zeros for unknown people."""
        ...

    async def session(self, user_id: int, session_id: int) -> Session | None:
        """One session, live or not."""
        ...

    async def list_sessions(
        self, user_id: int, *, before_id: int | None, limit: int, now: datetime
    ) -> list[Session]:
        """The person's live sessions, newest first, older than the session `before_id`."""
        ...

    async def revoked_sessions(self, since: datetime) -> list[int]:
        """The ids of sessions that were ended after that time, in any order."""
        ...

    async def signing_keys(self) -> list[StoredKey]:
        """All keys, oldest first."""
        ...

    async def next_background_task(self, background_task: BackgroundTask) -> int | None:
        """The person for whom such work has waited longest."""
        ...

    async def compared_counts(
        self, *, after_id: int, limit: int
    ) -> tuple[dict[int, Counts], dict[int, Counts]]:
        """The counters of the next `limit` people above `after_id`, and what counting the edges
        gives for each at the same moment. `posts` is copied, as the posts are not here."""
        ...

    async def prune(self, now: datetime) -> int:
        """Deletes sessions and tickets that have expired, sessions that were ended more than
        ENDED_SESSIONS_KEPT ago, and networks that were not used within NETWORK_LIFETIME; says how
        many of them all."""
        ...

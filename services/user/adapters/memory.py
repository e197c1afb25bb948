"""The User service's store in memory: for tests, with the promises of the real one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from services.chassis.runtime.clock import Clock
from services.chassis.storage.memory import MemoryDatabase, MemoryTables, MemoryTransaction
from services.user.domain.domain_events import Describe, DomainEvent
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
from services.user.domain.store import ENDED_SESSIONS_KEPT, NETWORK_LIFETIME, Store, UserTransaction

# Source, target, kind.
RelationshipKey = tuple[int, int, RelationshipKind]


@dataclass
class UserTables(MemoryTables):
    """The rows. A relationship has one row here, and not one at each end."""

    users: dict[int, User] = field(default_factory=dict)
    counts: dict[int, Counts] = field(default_factory=dict)
    deleted: dict[int, datetime] = field(default_factory=dict)
    handles: dict[str, int] = field(default_factory=dict)
    passwords: dict[int, str] = field(default_factory=dict)
    settings: dict[int, Settings] = field(default_factory=dict)
    networks: dict[tuple[int, bytes], datetime] = field(default_factory=dict)
    sessions: dict[tuple[int, int], Session] = field(default_factory=dict)
    tickets: dict[bytes, StreamTicket] = field(default_factory=dict)
    signing_keys: dict[str, StoredKey] = field(default_factory=dict)
    relationships: dict[RelationshipKey, int] = field(default_factory=dict)
    background_tasks: dict[tuple[BackgroundTask, int], datetime] = field(default_factory=dict)

    def user(self, user_id: int) -> User | None:
        """The user with the counters, unless deleted."""
        user = self.users.get(user_id)
        if user is None or user_id in self.deleted:
            return None
        counts = self.counts[user_id]
        return replace(
            user,
            followers_count=counts.followers,
            following_count=counts.following,
            posts_count=counts.posts,
        )

    def relationship(self, viewer_id: int, other_id: int) -> Relationship:
        """The relationship of the two."""
        relationship = Relationship.NONE
        for kind in RelationshipKind:
            if (viewer_id, other_id, kind) in self.relationships:
                relationship |= Relationship.of(kind, Direction.OUT)
            if kind is not RelationshipKind.MUTE and (
                (other_id, viewer_id, kind) in self.relationships
            ):
                relationship |= Relationship.of(kind, Direction.IN)
        return relationship

    def ends(
        self, kind: RelationshipKind, direction: Direction, user_id: int
    ) -> list[ListedRelationship]:
        """The user's relationships of one kind, in any order."""
        out = direction is Direction.OUT
        return [
            ListedRelationship(row_id, target if out else source)
            for (source, target, of_row), row_id in self.relationships.items()
            if of_row is kind and user_id == (source if out else target)
        ]


class MemoryUserTransaction(MemoryTransaction[UserTables]):
    """See the protocols in `store`."""

    def __init__(self, tables: UserTables, clock: Clock, *, describe: Describe) -> None:
        super().__init__(tables, clock)
        self._describe = describe

    async def emit(self, event: DomainEvent) -> None:
        await self.publish(self._describe(event))

    async def claim_handle(self, key: str, user_id: int, *, tombstone: str) -> bool:
        if tombstone in self.tables.handles:
            return False
        return self.tables.handles.setdefault(key, user_id) == user_id

    async def retire_handle(self, user_id: int, form_of: Callable[[str], str]) -> None:
        handle = self.tables.users[user_id].handle
        if handle and user_id in self.tables.deleted:
            self.tables.handles[form_of(handle.lower())] = user_id

    async def forget_user(self, user_id: int) -> str | None:
        gone = self.tables.users[user_id]
        if not gone.handle or user_id not in self.tables.deleted:
            return None
        self.tables.users[user_id] = replace(gone, handle="")
        self.tables.counts.pop(user_id, None)
        del self.tables.handles[gone.handle.lower()]
        return gone.handle.lower()

    async def add_user(self, user: User, password_hash: str) -> None:
        self.tables.users[user.id] = user
        self.tables.counts[user.id] = Counts(
            user.followers_count, user.following_count, user.posts_count
        )
        self.tables.passwords[user.id] = password_hash

    async def lock_user(self, user_id: int) -> User | None:
        return self.tables.user(user_id)

    async def save_profile(self, user: User) -> None:
        self.tables.users[user.id] = user

    async def delete_user(self, user_id: int, now: datetime) -> None:
        self.tables.deleted[user_id] = now
        del self.tables.passwords[user_id]
        self.tables.settings.pop(user_id, None)
        await self.forget_networks(user_id)
        gone = self.tables.users[user_id]
        self.tables.users[user_id] = User(
            id=user_id,
            handle=gone.handle,
            display_name="",
            create_time=gone.create_time,
            update_time=now,
            version=gone.version + 1,
        )

    async def settings(self, user_id: int) -> Settings:
        return self.tables.settings.get(user_id, Settings())

    async def save_settings(self, user_id: int, settings: Settings) -> None:
        self.tables.settings[user_id] = settings

    async def lock_password(self, user_id: int) -> str | None:
        return self.tables.passwords.get(user_id)

    async def set_password(self, user_id: int, password_hash: str, now: datetime) -> None:
        self.tables.passwords[user_id] = password_hash

    async def forget_networks(self, user_id: int) -> None:
        for key in [key for key in self.tables.networks if key[0] == user_id]:
            del self.tables.networks[key]

    async def remember_network(self, user_id: int, network_hash: bytes, now: datetime) -> None:
        self.tables.networks[user_id, network_hash] = now

    async def add_session(self, session: Session) -> None:
        self.tables.sessions[session.user_id, session.id] = session

    async def lock_session(self, user_id: int, session_id: int) -> Session | None:
        return self.tables.sessions.get((user_id, session_id))

    async def lock_live_sessions(self, user_id: int, now: datetime) -> list[Session]:
        return [
            each
            for each in self.tables.sessions.values()
            if each.user_id == user_id and each.live(now)
        ]

    async def save_session(self, session: Session) -> None:
        self.tables.sessions[session.user_id, session.id] = session

    async def add_ticket(self, ticket_hash: bytes, ticket: StreamTicket) -> None:
        self.tables.tickets[ticket_hash] = ticket

    async def take_ticket(self, ticket_hash: bytes) -> StreamTicket | None:
        return self.tables.tickets.pop(ticket_hash, None)

    async def lock_pair(
        self, actor_id: int, other_id: int
    ) -> tuple[UserRow | None, UserRow | None]:
        return self._user(actor_id), self._user(other_id)

    async def relationship(self, viewer_id: int, other_id: int) -> Relationship:
        return self.tables.relationship(viewer_id, other_id)

    async def count_wanted(self, user_id: int, limit: int) -> int:
        wanted = [
            source == user_id and kind in {RelationshipKind.FOLLOW, RelationshipKind.REQUEST}
            for source, _, kind in self.tables.relationships
        ]
        return min(sum(wanted), limit)

    async def add_relationship(
        self, kind: RelationshipKind, source_id: int, target_id: int, relationship_id: int
    ) -> bool:
        key = (source_id, target_id, kind)
        return self.tables.relationships.setdefault(key, relationship_id) == relationship_id

    async def remove_relationship(
        self, kind: RelationshipKind, source_id: int, target_id: int
    ) -> bool:
        return self.tables.relationships.pop((source_id, target_id, kind), None) is not None

    async def oldest_requests(self, target_id: int, limit: int) -> list[int]:
        waiting = self.tables.ends(RelationshipKind.REQUEST, Direction.IN, target_id)
        waiting.sort(key=lambda each: each.id)
        return [each.other_id for each in waiting[:limit]]

    async def some_relationships(self, user_id: int, limit: int) -> list[StoredRelationship]:
        found = [
            StoredRelationship(kind, source, target)
            for source, target, kind in self.tables.relationships
            if source == user_id or (target == user_id and kind is not RelationshipKind.MUTE)
        ]
        return found[:limit]

    async def add_background_task(
        self, background_task: BackgroundTask, user_id: int, now: datetime
    ) -> None:
        self.tables.background_tasks.setdefault((background_task, user_id), now)

    async def finish_background_task(self, background_task: BackgroundTask, user_id: int) -> None:
        self.tables.background_tasks.pop((background_task, user_id), None)

    async def change_counts(self, changes: Mapping[int, Counts]) -> None:
        for user_id, change in changes.items():
            if user_id in self.tables.counts:
                changed = self.tables.counts[user_id] + change
                self.tables.counts[user_id] = Counts(
                    max(0, changed.followers), max(0, changed.following), max(0, changed.posts)
                )

    async def correct_counts(self, seen: Mapping[int, Counts], right: Mapping[int, Counts]) -> int:
        unchanged = [each for each in right if self.tables.counts.get(each) == seen[each]]
        for user_id in unchanged:
            self.tables.counts[user_id] = right[user_id]
        return len(unchanged)

    async def lock_signing_keys(self) -> list[StoredKey]:
        return _by_time(self.tables.signing_keys)

    async def add_signing_key(self, key: StoredKey) -> None:
        self.tables.signing_keys[key.kid] = key

    async def remove_signing_keys(self, kids: Sequence[str]) -> None:
        for kid in kids:
            self.tables.signing_keys.pop(kid, None)

    def _user(self, user_id: int) -> UserRow | None:
        user = self.tables.user(user_id)
        return None if user is None else UserRow(user.id, user.protected)


class MemoryUserStore:
    """See `store.Store`. `describe` converts domain events to messages of the outbox."""

    def __init__(self, *, clock: Clock, describe: Describe) -> None:
        self.database = MemoryDatabase(UserTables(), clock=clock)
        self._kind = partial(MemoryUserTransaction, describe=describe)

    def transaction(self) -> AbstractAsyncContextManager[UserTransaction]:
        return self.database.transaction(self._kind)

    async def users(self, user_ids: Sequence[int]) -> list[User]:
        found = (self._tables.user(user_id) for user_id in user_ids)
        return [user for user in found if user is not None]

    async def scan_users(self, *, after_id: int, limit: int) -> list[User]:
        above = sorted(user_id for user_id in self._tables.users if user_id > after_id)
        return (await self.users(above))[:limit]

    async def settings(self, user_id: int) -> Settings:
        return self._tables.settings.get(user_id, Settings())

    async def ids_of_handles(self, keys: Sequence[str]) -> dict[str, int]:
        return {key: self._tables.handles[key] for key in keys if key in self._tables.handles}

    async def password_of(self, user_id: int) -> str | None:
        return self._tables.passwords.get(user_id)

    async def is_known_network(self, user_id: int, network_hash: bytes) -> bool:
        return (user_id, network_hash) in self._tables.networks

    async def relationships_with(
        self, viewer_id: int, other_ids: Sequence[int]
    ) -> dict[int, Relationship]:
        found = {other_id: self._tables.relationship(viewer_id, other_id) for other_id in other_ids}
        return {other_id: relationship for other_id, relationship in found.items() if relationship}

    async def relationships_of_pairs(
        self, pairs: Collection[tuple[int, int]]
    ) -> dict[tuple[int, int], Relationship]:
        found = {pair: self._tables.relationship(*pair) for pair in pairs}
        return {pair: relationship for pair, relationship in found.items() if relationship}

    async def list_relationships(
        self,
        kind: RelationshipKind,
        direction: Direction,
        user_id: int,
        *,
        before: int | None,
        limit: int,
    ) -> list[ListedRelationship]:
        found = self._tables.ends(kind, direction, user_id)
        found.sort(key=lambda each: each.id, reverse=True)
        return [each for each in found if before is None or each.id < before][:limit]

    async def list_ids(
        self, direction: Direction, user_ids: Collection[int], *, limit: int, after_id: int = 0
    ) -> dict[int, IdPage]:
        pages = {}
        for user_id in user_ids:
            ends = self._tables.ends(RelationshipKind.FOLLOW, direction, user_id)
            ids = sorted(each.other_id for each in ends if each.other_id > after_id)
            counts = await self.counts(user_id)
            total = counts.followers if direction is Direction.IN else counts.following
            pages[user_id] = IdPage(ids[:limit], len(ids) > limit, total)
        return pages

    async def related_users(self, user_id: int, *, limit: int) -> RelatedUsers:
        def newest(
            kind: RelationshipKind, direction: Direction, limit: int | None = None
        ) -> list[int]:
            ends = self._tables.ends(kind, direction, user_id)
            ends.sort(key=lambda each: each.id, reverse=True)
            return sorted(each.other_id for each in ends[:limit])

        return RelatedUsers(
            following=newest(RelationshipKind.FOLLOW, Direction.OUT),
            blocking=newest(RelationshipKind.BLOCK, Direction.OUT, limit),
            blocked_by=newest(RelationshipKind.BLOCK, Direction.IN, limit),
            muting=newest(RelationshipKind.MUTE, Direction.OUT, limit),
        )

    async def counts(self, user_id: int) -> Counts:
        return self._tables.counts.get(user_id, Counts())

    async def session(self, user_id: int, session_id: int) -> Session | None:
        return self._tables.sessions.get((user_id, session_id))

    async def list_sessions(
        self, user_id: int, *, before_id: int | None, limit: int, now: datetime
    ) -> list[Session]:
        live = [
            each
            for each in self._tables.sessions.values()
            if each.user_id == user_id
            and each.live(now)
            and (before_id is None or each.id < before_id)
        ]
        return sorted(live, key=lambda each: each.id, reverse=True)[:limit]

    async def revoked_sessions(self, since: datetime) -> list[int]:
        return [
            each.id
            for each in self._tables.sessions.values()
            if each.revoke_time is not None and each.revoke_time > since
        ]

    async def signing_keys(self) -> list[StoredKey]:
        return _by_time(self._tables.signing_keys)

    async def next_background_task(self, background_task: BackgroundTask) -> int | None:
        waiting = [
            (since, user_id)
            for (kind, user_id), since in self._tables.background_tasks.items()
            if kind is background_task
        ]
        return min(waiting)[1] if waiting else None

    async def compared_counts(
        self, *, after_id: int, limit: int
    ) -> tuple[dict[int, Counts], dict[int, Counts]]:
        tables = self._tables
        ids = sorted(user_id for user_id in tables.counts if user_id > after_id)[:limit]
        seen = {user_id: tables.counts[user_id] for user_id in ids}
        counted = {
            user_id: Counts(
                len(tables.ends(RelationshipKind.FOLLOW, Direction.IN, user_id)),
                len(tables.ends(RelationshipKind.FOLLOW, Direction.OUT, user_id)),
                seen[user_id].posts,
            )
            for user_id in ids
        }
        return seen, counted

    async def prune(self, now: datetime) -> int:
        tables = self._tables
        ended = now - ENDED_SESSIONS_KEPT
        sessions = [
            key
            for key, each in tables.sessions.items()
            if each.expire_time <= now or (each.revoke_time and each.revoke_time <= ended)
        ]
        tickets = [key for key, each in tables.tickets.items() if each.expire_time <= now]
        for session in sessions:
            del tables.sessions[session]
        for ticket in tickets:
            del tables.tickets[ticket]
        oldest = now - NETWORK_LIFETIME
        networks = [key for key, used in tables.networks.items() if used <= oldest]
        for network in networks:
            del tables.networks[network]
        return len(sessions) + len(tickets) + len(networks)

    @property
    def _tables(self) -> UserTables:
        return self.database.tables


def _by_time(keys: Mapping[str, StoredKey]) -> list[StoredKey]:
    return sorted(keys.values(), key=lambda each: (each.sign_time, each.kid))


if TYPE_CHECKING:
    # mypy reports a method that this store lacks.
    _complete: type[Store] = MemoryUserStore

"""Users for tests of the User service."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import FixedWorker, IdGenerator
from services.user.domain.model import RelationshipKind, Session, User
from services.user.domain.store import Store

_numbers = itertools.count(1)
_ids = itertools.count(1)


async def _wait_no_longer(_: float) -> None:
    """Replaces the pause of an id generator with a fixed clock."""


class Scenario:
    """Users in a store, and methods that change them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.ids = PatientIds(clock)

    async def user(self, handle: str | None = None, **given: Any) -> User:
        """A new user with a unique handle."""
        now = self.clock.now()
        name = handle or f"person{next(_numbers)}"
        user = User(
            id=await self.ids.make(next(_numbers) % 512),
            handle=name,
            display_name=name,
            create_time=now,
            update_time=now,
        )
        user = replace(user, **given)
        async with self.store.transaction() as transaction:
            assert await transaction.claim_handle(name.lower(), user.id, tombstone=f"~{name}")
            await transaction.add_user(user, "a hash")
        return user

    async def users(self, count: int, **given: Any) -> list[User]:
        """That many new users."""
        return [await self.user(**given) for _ in range(count)]

    async def relate(self, kind: RelationshipKind, source: User, target: User) -> int:
        """Adds a relationship, and returns its id."""
        new_id = await self.ids.make(0)
        async with self.store.transaction() as transaction:
            assert await transaction.add_relationship(kind, source.id, target.id, new_id)
        return new_id

    async def session(self, user: User, **given: Any) -> Session:
        """A session that lasts a day."""
        now = self.clock.now()
        session = Session(
            id=await self.ids.make(0),
            user_id=user.id,
            device_name="telephone",
            create_time=now,
            last_used_time=now,
            expire_time=now + timedelta(days=1),
            refresh_hash=b"hash",
        )
        session = replace(session, **given)
        async with self.store.transaction() as transaction:
            await transaction.add_session(session)
        return session


class PatientIds(IdGenerator):
    """Ids with a fixed clock, beyond the number that one millisecond allows."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock, worker=FixedWorker(), sleep=_wait_no_longer)
        self._next = _ids

    async def make(self, bucket: int) -> int:
        return (next(self._next) << 22) | bucket << 13

"""Users for the bench, written into the databases: signing up costs 0.1 s of CPU each.

The rows are those of AuthService.Register and GraphService.Follow, without the events, so they are
written before any home timeline exists. Access tokens are signed with the key of the stack. Posts
are written through the API.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
from argon2 import PasswordHasher

from bench.stack import BenchStack
from local.edge import Account
from local.graph import Graph
from services.chassis.auth.tokens import AccessTokens
from services.chassis.cache import redis_client as redis
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.ids import BUCKETS, FixedWorker, IdGenerator
from services.chassis.storage import postgres
from services.timeline.adapters.feeds_valkey import ValkeyFeeds, change_log
from services.timeline.domain.model import home_of
from services.user.adapters.postgres import PostgresUserStore
from services.user.domain.passwords import ARGON2_LANES, ARGON2_PASSES, DEFAULT_MEMORY_MIB
from services.user.domain.signing import KeySeal, Signer
from services.user.rpc.events import describe

PASSWORD = secrets.token_hex(12)
_CLOCK = SystemClock()
# The highest number: services lease from the lowest on, and few processes make ids.
_WORKER = 63
_FOLLOW = 1  # edges_out.kind
_SESSION = (
    "user_id id device_name create_time last_used_time expire_time "
    "refresh_hash previous_hash sealed_answer"
)
_SIGNED_IN = timedelta(days=1)
_AT_ONCE = 200  # homes that are created side by side


@dataclass(frozen=True)
class PrewarmedUser:
    """A user with the password PASSWORD and a valid access token."""

    id: int
    handle: str
    token: str

    @property
    def account(self) -> Account:
        """The account for `local.edge.Edge`."""
        return Account(str(self.id), self.handle, self.token, refresh_token="")


class PrewarmedUsers:
    """Writes the users of one stack. Made by `prewarmed_users`."""

    def __init__(self, *, database_url: str, signer: Signer, valkey: RedisClient) -> None:
        self._database_url = database_url
        self._ids = IdGenerator(clock=_CLOCK, worker=FixedWorker(_WORKER))
        self._signer = signer
        self._feeds = ValkeyFeeds(valkey, changes=change_log(valkey))
        self._dice = random.Random(1)
        hasher = PasswordHasher(
            time_cost=ARGON2_PASSES, memory_cost=DEFAULT_MEMORY_MIB * 1024, parallelism=ARGON2_LANES
        )
        self._hash = hasher.hash(PASSWORD)

    async def create(self, prefix: str, graph: Graph) -> list[PrewarmedUser]:
        """Add the users of a graph, named prefix0, prefix1 …, with all follows."""
        users = [await self._user(f"{prefix}{number}") for number in range(graph.people)]
        followers, followees = graph.followers(), graph.followees()
        now = _CLOCK.now()
        edges: list[tuple[object, ...]] = [
            (users[one].id, users[other].id, _FOLLOW, await self._ids.make(0))
            for one, other in graph.follows
        ]
        rows: dict[tuple[str, str], list[tuple[object, ...]]] = {
            ("users", "id handle display_name create_time update_time"): [
                (each.id, each.handle, each.handle.capitalize(), now, now) for each in users
            ],
            ("user_counts", "user_id followers following posts"): [
                (each.id, len(followers[place]), len(followees[place]), 0)
                for place, each in enumerate(users)
            ],
            ("handles", "handle_key user_id create_time"): [
                (each.handle, each.id, now) for each in users
            ],
            ("credentials", "user_id password_hash update_time"): [
                (each.id, self._hash, now) for each in users
            ],
            ("sessions", _SESSION): [
                (each.id, each.id, "bench", now, now, now + _SIGNED_IN, b"", b"", b"")
                for each in users
            ],
            ("edges_out", "source_id target_id kind edge_id"): edges,
            ("edges_in", "source_id target_id kind edge_id"): edges,
        }
        # A connection for this call only: scenarios stop and start the database.
        connection = await asyncpg.connect(self._database_url)
        try:
            for (table, columns), records in rows.items():
                await connection.copy_records_to_table(
                    table, records=records, columns=columns.split()
                )
            await connection.execute("ANALYZE")
        finally:
            await connection.close()
        return users

    async def create_homes(self, users: Iterable[PrewarmedUser]) -> None:
        """Create an empty home timeline for each user, as if they had read it a moment ago."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(user: PrewarmedUser) -> None:
            feed, builder = home_of(user.id), secrets.token_bytes(16)
            async with places:
                await self._feeds.begin(feed, builder, rebuild=True)
                await self._feeds.finish(feed, builder, [], complete=True)

        await asyncio.gather(*map(one, users))

    async def arrived(self, post_id: int, users: Sequence[PrewarmedUser]) -> int:
        """The number of these users whose home timeline has the post among its newest entries."""
        feeds = [home_of(user.id) for user in users]
        readings = await self._feeds.read_many(feeds, before=1 << 63, limit=_AT_ONCE)
        return sum(
            any(entry.post_id == post_id for entry in reading.entries) for reading in readings
        )

    async def _user(self, handle: str) -> PrewarmedUser:
        user_id = await self._ids.make(self._dice.randrange(BUCKETS))
        token, _ = self._signer.issue(user_id, session_id=user_id)
        return PrewarmedUser(user_id, handle, token)


@contextlib.asynccontextmanager
async def prewarmed_users(stack: BenchStack) -> AsyncIterator[PrewarmedUsers]:
    """Open the databases of a stack for its prewarmed users, inside the block."""
    url = stack.stack.postgres.url("roost_user")
    # The default issuer and audience of a stack.
    tokens = AccessTokens(issuer="https://roost.local", audience="roost", clock=_CLOCK)
    seal = KeySeal(master_key=stack.secret("master-key"))
    async with postgres.connect(url, clock=_CLOCK, min_size=1, max_size=1, name="bench") as pool:
        signer = Signer(
            store=PostgresUserStore(pool, describe=describe),
            clock=_CLOCK,
            seal=seal,
            access_tokens=tokens,
        )
        await signer.load()
    async with redis.connect(stack.stack.valkey.url, call_seconds=10.0) as valkey:
        yield PrewarmedUsers(database_url=url, signer=signer, valkey=valkey)

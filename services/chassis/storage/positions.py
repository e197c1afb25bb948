"""How far the log of a database was after the last write of each user, kept in Redis.

A user who wrote lately reads a list from a standby only if it has replayed that far. Redis is not
the only guard: a standby is used only while it is less than `REPLAY_SECONDS` behind. So a position
that is lost matters for this time alone. Whenever this process could have missed one, `of` returns
None for as long: after a failure of Redis, and after a server that came back without its keys.
"""

import time
from uuid import uuid4

from redis.exceptions import RedisError

from services.chassis.cache.redis_client import RedisClient, RedisUnavailable, Script
from services.chassis.runtime import deadline

# After this time a standby has replayed a write, or is not used.
REPLAY_SECONDS = 7.0
# A multiple of REPLAY_SECONDS, so that a clock of Redis that is set forward does not matter.
_KEPT_SECONDS = 60
# No standby has replayed so far: the position of a write whose own is unknown.
UNKNOWN = (1 << 63) - 1
# Positions that wait for Redis. Beyond it the oldest is dropped.
_MAX_WAITING = 10_000

# Writes of one user may end in any order. Fixed length, so that strings compare as their numbers.
_RAISE = Script(
    """
    -- KEYS: position. ARGV: position, seconds to live.
    local known = redis.call('GET', KEYS[1])
    if not known or known < ARGV[1] then
      redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
    end
    """
)


class Positions:
    """The positions of one service's database."""

    def __init__(self, redis: RedisClient, *, service: str) -> None:
        self._redis = redis
        self._service = service
        # Redis has it for as long as it has lost no key.
        self._marker = f"{service}-positions:{uuid4()}"
        self._trusted_from = 0.0
        # User: the position, and until when it matters.
        self._waiting: dict[int, tuple[int, float]] = {}

    async def of(self, user_id: int) -> int | None:
        """The position after the user's last write; 0 if there was none lately, None if that is
        not known."""
        if time.monotonic() < self._trusted_from:
            return None
        try:
            position = await self._redis.execute("GET", self._key(user_id))
        except RedisUnavailable:
            self._distrust()
            return None
        try:
            return 0 if position is None else int(position, 16)
        except ValueError:
            return UNKNOWN

    async def keep(self, user_id: int, position: int) -> None:
        """Stores the position, unless the user has a later one. If Redis is away it is stored by
        `check`."""
        try:
            await self._store(user_id, position)
        except (RedisUnavailable, RedisError):
            if len(self._waiting) >= _MAX_WAITING:
                del self._waiting[next(iter(self._waiting))]
            before, _ = self._waiting.pop(user_id, (0, 0.0))
            until = time.monotonic() + REPLAY_SECONDS
            self._waiting[user_id] = (max(position, before), until)

    async def check(self) -> None:
        """Stores positions that wait, and finds out whether Redis lost any; once a second."""
        try:
            while self._waiting:
                user_id, (position, until) = next(iter(self._waiting.items()))
                if time.monotonic() < until:
                    await self._store(user_id, position)
                if self._waiting.get(user_id) == (position, until):
                    del self._waiting[user_id]
            marked = await self._redis.execute("SET", self._marker, 1, "EX", _KEPT_SECONDS, "GET")
        except RedisUnavailable:
            marked = None
        if marked is None:
            self._distrust()

    async def _store(self, user_id: int, position: int) -> None:
        with deadline.none():
            # The write is committed, whether or not its caller still waits.
            await self._redis.run(
                _RAISE, (self._key(user_id),), (f"{position:016x}", _KEPT_SECONDS)
            )

    def _distrust(self) -> None:
        self._trusted_from = time.monotonic() + REPLAY_SECONDS

    def _key(self, user_id: int) -> str:
        return f"{self._service}-position:{user_id}"

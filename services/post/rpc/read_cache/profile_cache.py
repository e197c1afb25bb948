"""Profiles and relationships as viewers see them, cached in the Redis of the Post service.

A profile is cached by user, a relationship by viewer and user, a block by pair. All of it belongs
to the User service. It invalidates what a write changed before it answers the write, and its events
repeat the invalidation, for the case that the first one was lost. See
docs/adr/0015-profile-cache-invalidation.md.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import NamedTuple, Protocol, TypeAlias
from uuid import UUID

from roost.user.v1.user_pb2 import User

from services.chassis.cache.batch_lookup import get_many_from
from services.chassis.cache.cache_aside import Cache
from services.chassis.cache.change_log import ChangeLog
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import Clock
from services.post.rpc.read_cache.state_cache import Lookups

# Invalidation keeps entries correct; the time to live bounds the memory of relationships.
_TTL_SECONDS = 3600.0
# A post changes a count of its author, and every page that shows the author: so the worker reports
# all counts that changed together, so often.
REPORT_COUNTS_SECONDS = 1.0
# Unpacked profiles that a process holds by their packed bytes: about 25 MB, if all have a picture.
# Viewers with the same relationship to a user share one.
_HELD_PROFILES = 20_000
_HELD_OWN_PROFILES = 2_000
# A protected account shows these counts to its followers only, like the lists themselves.
_COUNTS = ("followers_count", "following_count", "posts_count")

Pair: TypeAlias = tuple[int, int]

# The prefix of the keys of blocks, and their values.
_BLOCK = "block."
_BLOCKED, _NOT_BLOCKED = b"1", b"0"

# By user: the key of the profile, and that of the viewer's relationship to the user; the latter is
# empty for an anonymous viewer.
Keys: TypeAlias = Mapping[int, tuple[str, str]]


class RelationshipFlags(NamedTuple):
    """The part of a viewer's relationship to a user that decides what the viewer sees."""

    following: bool
    blocking: bool
    blocked_by: bool
    muting: bool = False


class CachedProfile(NamedTuple):
    """A packed User, with what rules need of it before it is presented: a `model.Profile`."""

    id: int
    handle: str
    protected: bool
    update_time: datetime
    viewer_relationship: RelationshipFlags
    packed: bytes


class UserSource(Protocol):
    """Users and blocks, read from the User service."""

    async def users(
        self, ids: Sequence[int], handles: Sequence[str] = (), viewer_id: int = 0
    ) -> list[User]:
        """The existing users, each with the viewer's relationship to them."""
        ...

    async def blocked_pairs(self, pairs: Sequence[Pair]) -> set[Pair]:
        """The pairs with a block in either direction, of at most 1,000."""
        ...


def to_cached_profile(user: User, *, own: bool = False) -> CachedProfile:
    """Removes from the user what the viewer may not see. `own` is the viewer's own profile."""
    relationship = user.viewer_relationship
    if user.protected and not (own or relationship.following):
        for field in _COUNTS:
            user.ClearField(field)
    return CachedProfile(
        id=user.id,
        handle=user.handle,
        protected=user.protected,
        update_time=user.update_time.ToDatetime(tzinfo=UTC),
        viewer_relationship=RelationshipFlags(
            relationship.following,
            relationship.blocking,
            relationship.blocked_by,
            relationship.muting,
        ),
        packed=user.SerializeToString(),
    )


class ProfileCache:
    """Profiles for responses, and for an author whose post addresses nobody.

    Commands that concern other users read the User service instead.
    """

    def __init__(
        self, *, profiles: UserSource, redis: RedisClient, changes: ChangeLog, clock: Clock
    ) -> None:
        self._profiles = profiles
        # One cache for profiles ("7"), relationships ("3.7": viewer 3 to user 7) and blocks
        # ("block.3.7"), because one call to the User service loads a profile with a relationship.
        # Values are packed Users; a relationship is a User with viewer_relationship alone. Packed
        # messages merge by concatenation.
        self._cache: Cache[str, bytes] = Cache(
            name="profile.1",
            redis=redis,
            clock=clock,
            load=self._load,
            encode=bytes,
            decode=bytes,
            ttl=_TTL_SECONDS,
            changes=changes,
        )

    async def find(self, ids: Collection[int], viewer_id: int) -> dict[int, CachedProfile]:
        """The existing users, with the relationship of the viewer (0: anonymous) to each."""
        keys = self.keys(ids, viewer_id)
        (found,) = await get_many_from(*self.lookups(keys))
        return self.as_visible(keys, found, viewer_id)

    async def blocked_pairs(self, pairs: Collection[Pair]) -> set[Pair]:
        """The pairs with a block in either direction."""
        (found,) = await get_many_from(*self.lookups({}, pairs))
        return self.blocked_in(pairs, found)

    def keys(self, ids: Iterable[int], viewer_id: int) -> Keys:
        """The keys of these users, for `lookups` and `as_visible`."""
        if not viewer_id:
            return {id_: (str(id_), "") for id_ in ids}
        return {id_: (str(id_), f"{viewer_id}.{id_}") for id_ in ids}

    def lookups(self, keys: Keys, pairs: Collection[Pair] = ()) -> Lookups:
        """The part of a batch lookup whose result `as_visible` and `blocked_in` take."""
        blocks = map(_block_key, pairs)
        return [(self._cache, filter(None, chain(blocks, *keys.values())))]

    def key_of_block(self, pair: Pair) -> str:
        """The key of a pair, for the results of `lookups`."""
        return _block_key(pair)

    def blocked_in(self, pairs: Collection[Pair], found: Mapping[str, bytes]) -> set[Pair]:
        """The pairs with a block, by the result of a lookup."""
        return {pair for pair in pairs if found.get(_block_key(pair)) == _BLOCKED}

    def as_visible(
        self, keys: Keys, found: Mapping[str, bytes], viewer_id: int
    ) -> dict[int, CachedProfile]:
        """The profiles as the viewer (0: anonymous) sees them, by the result of a lookup."""
        profiles = {}
        for id_, (profile_key, relationship_key) in keys.items():
            profile = found.get(profile_key)
            relationship = found.get(relationship_key) if relationship_key else b""
            # Of an account that was just deleted, one of the two may still be cached.
            if profile is not None and relationship is not None:
                profiles[id_] = _profile(profile, relationship)
        if viewer_id in profiles:
            profiles[viewer_id] = _own_profile(*map(found.__getitem__, keys[viewer_id]))
        return profiles

    async def invalidate(
        self, user_ids: Iterable[int], pairs: Iterable[Pair], *, event_ids: Collection[UUID] = ()
    ) -> None:
        """Removes profiles, and the relationships of each pair in both directions. Never fails.

        `event_ids` are those of the change, if it is known to be committed.
        """
        await self._cache.forget(*_keys_of(user_ids, pairs), event_ids=event_ids)

    async def invalidate_again(
        self, event_id: UUID, user_ids: Iterable[int], pairs: Iterable[Pair]
    ) -> None:
        """Removes what the event's write changed, unless the write has removed it. Never fails."""
        await self._cache.forget_unless_done([(key, event_id) for key in _keys_of(user_ids, pairs)])

    async def invalidate_counts(self, user_ids: Iterable[int]) -> None:
        """Removes profiles of which nothing but counts changed. Never fails.

        The change log has them later, see `REPORT_COUNTS_SECONDS`.
        """
        await self._cache.forget_counts(*_keys_of(user_ids, ()))

    async def close(self) -> None:
        """Cancels running loads."""
        await self._cache.close()

    async def _load(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        profiles: set[int] = set()
        by_viewer: dict[int, set[int]] = {}
        blocks: dict[str, Pair] = {}
        for key in keys:
            viewer, _, other = key.rpartition(".")
            if viewer.startswith(_BLOCK):
                blocks[key] = (int(viewer.removeprefix(_BLOCK)), int(other))
            elif viewer:
                by_viewer.setdefault(int(viewer), set()).add(int(other))
            else:
                profiles.add(int(other))
        loaded = dict.fromkeys(blocks, _NOT_BLOCKED)
        if blocks:
            blocked = await self._profiles.blocked_pairs(list(blocks.values()))
            loaded.update({_block_key(pair): _BLOCKED for pair in blocked})
        if profiles or by_viewer:
            # A call for relationships returns the profiles too.
            by_viewer.setdefault(next(iter(by_viewer), 0), set()).update(profiles)
        for viewer_id, ids in by_viewer.items():
            for user in await self._profiles.users(ids=sorted(ids), viewer_id=viewer_id):
                if viewer_id:
                    relationship = User(viewer_relationship=user.viewer_relationship)
                    loaded[f"{viewer_id}.{user.id}"] = relationship.SerializeToString()
                    user.ClearField("viewer_relationship")
                loaded[str(user.id)] = user.SerializeToString()
        return loaded


def _keys_of(user_ids: Iterable[int], pairs: Iterable[Pair]) -> list[str]:
    """The keys of profiles, and of the relationships and blocks of pairs."""
    keys = [str(id_) for id_ in user_ids]
    for one_id, other_id in pairs:
        keys += [f"{one_id}.{other_id}", f"{other_id}.{one_id}", _block_key((one_id, other_id))]
    return keys


def _block_key(pair: Pair) -> str:
    """The same key for both orders of a pair: a block counts in both directions."""
    return f"{_BLOCK}{min(pair)}.{max(pair)}"


@lru_cache(_HELD_PROFILES)
def _profile(profile: bytes, relationship: bytes) -> CachedProfile:
    return to_cached_profile(User.FromString(profile + relationship))


@lru_cache(_HELD_OWN_PROFILES)
def _own_profile(profile: bytes, relationship: bytes) -> CachedProfile:
    return to_cached_profile(User.FromString(profile + relationship), own=True)

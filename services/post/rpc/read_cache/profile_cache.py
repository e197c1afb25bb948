"""People as the Post service shows and judges them, kept in its own Redis.

A profile is kept by person, how a viewer stands to somebody by pair. Both belong to the User
service, which says what to forget before it answers whoever changed it; its events say so again, so
that nothing stays wrong where the word was lost. See docs/adr/0015-profile-cache-invalidation.md.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

from roost.user.v1.user_pb2 import User

from services.chassis.cache.batch_lookup import get_many_from
from services.chassis.cache.cache_aside import Cache
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import Clock
from services.post.adapters.user_client import CachedProfile, MeshProfiles, known
from services.post.rpc.read_cache.state_cache import BatchLookup

# Forgetting is told, not waited for; this bounds the memory that pairs take.
_KEPT_SECONDS = 3600.0
# What a process does not unpack again while the packed form is the same: some 20 MB. Viewers who
# stand alike to a person share one.
_HELD = 20_000
_HELD_VIEWERS = 2_000


# An ordered pair of people.
Pair: TypeAlias = tuple[int, int]

# What the keys of pairs begin with between whom a block may stand, and what is kept there.
_BLOCK = "block."
_APART, _TOGETHER = b"1", b"0"

# By person, the key of the profile and that of the viewer's tie to it; that one is empty for a
# stranger, who has none.
Keys: TypeAlias = Mapping[int, tuple[str, str]]


class ProfileCache:
    """What `MeshProfiles.find` tells of ids, mostly without asking the User service.

    For showing posts, and for an author who addresses nobody. Who decides about others asks
    MeshProfiles.
    """

    def __init__(self, *, profiles: MeshProfiles, redis: RedisClient, clock: Clock) -> None:
        self._profiles = profiles
        # Profiles ("7") and ties ("3.7", of viewer 3 to person 7) in one, as one call brings both;
        # and whether a block stands between two people ("block.3.7").
        # Values are packed Users, those of ties with the relationship alone: packed messages merge
        # by being put in a row.
        self._kept: Cache[str, bytes] = Cache(
            name="people.1",
            redis=redis,
            clock=clock,
            load=self._load,
            encode=bytes,
            decode=bytes,
            ttl=_KEPT_SECONDS,
        )

    async def find(self, ids: Collection[int], viewer_id: int) -> dict[int, CachedProfile]:
        """Those who exist, with the relationship of the viewer (0 for a stranger) to each."""
        keys = self.keys(ids, viewer_id)
        (found,) = await get_many_from(*self.lookups(keys))
        return self.as_visible(keys, found, viewer_id)

    def keys(self, ids: Iterable[int], viewer_id: int) -> Keys:
        """What `lookups` and `as_visible` are to be given."""
        if not viewer_id:
            return {id_: (str(id_), "") for id_ in ids}
        return {id_: (str(id_), f"{viewer_id}.{id_}") for id_ in ids}

    async def apart(self, pairs: Collection[Pair]) -> set[Pair]:
        """Those of the pairs between whom a block stands, either way."""
        (found,) = await get_many_from(*self.lookups({}, pairs))
        return self.apart_in(pairs, found)

    def lookups(self, keys: Keys, pairs: Collection[Pair] = ()) -> BatchLookup:
        """What `as_visible` and `apart_in` are to be given, for those who look up other things on
        the same trip."""
        blocks = map(_block_key, pairs)
        return [(self._kept, filter(None, chain(blocks, *keys.values())))]

    def apart_in(self, pairs: Collection[Pair], found: Mapping[str, bytes]) -> set[Pair]:
        """Those of the pairs between whom a block stands, by what the lookups gave."""
        return {pair for pair in pairs if found.get(_block_key(pair)) == _APART}

    def as_visible(
        self, keys: Keys, found: Mapping[str, bytes], viewer_id: int
    ) -> dict[int, CachedProfile]:
        """The people in what the lookups gave, as the viewer (0 for a stranger) may see them."""
        profiles = {}
        for id_, (profile_key, tie_key) in keys.items():
            profile, relationship = found.get(profile_key), found.get(tie_key) if tie_key else b""
            # Of somebody who has just left one may be there still.
            if profile is not None and relationship is not None:
                profiles[id_] = _together(profile, relationship)
        if viewer_id in profiles:
            profiles[viewer_id] = _own(*map(found.__getitem__, keys[viewer_id]))
        return profiles

    async def forget(self, user_ids: Iterable[int], pairs: Iterable[tuple[int, int]]) -> None:
        """Forgets profiles, and how the two of each pair stand, either way. It never fails."""
        keys = [str(id_) for id_ in user_ids]
        for one_id, other_id in pairs:
            keys += [f"{one_id}.{other_id}", f"{other_id}.{one_id}", _block_key((one_id, other_id))]
        if keys:
            await self._kept.forget(*keys)

    async def close(self) -> None:
        """Ends the loads that are under way."""
        await self._kept.close()

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
        loaded = dict.fromkeys(blocks, _TOGETHER)
        if blocks:
            apart = await self._profiles.apart(list(blocks.values()))
            loaded.update({_block_key(pair): _APART for pair in apart})
        if profiles or by_viewer:
            # The answer about ties brings the profiles along, too.
            by_viewer.setdefault(next(iter(by_viewer), 0), set()).update(profiles)
        for viewer_id, ids in by_viewer.items():
            for user in await self._profiles.users(ids=sorted(ids), viewer_id=viewer_id):
                if viewer_id:
                    relationship = User(viewer_relationship=user.viewer_relationship)
                    loaded[f"{viewer_id}.{user.id}"] = relationship.SerializeToString()
                    user.ClearField("viewer_relationship")
                loaded[str(user.id)] = user.SerializeToString()
        return loaded


def _block_key(pair: Pair) -> str:
    """The same for both orders: a block is looked for either way."""
    return f"{_BLOCK}{min(pair)}.{max(pair)}"


@lru_cache(_HELD)
def _together(profile: bytes, relationship: bytes) -> CachedProfile:
    return known(User.FromString(profile + relationship))


@lru_cache(_HELD_VIEWERS)
def _own(profile: bytes, relationship: bytes) -> CachedProfile:
    return known(User.FromString(profile + relationship), own=True)

"""Celebrities: authors with so many followers that their posts are merged when a home is read.

An author who once passed the threshold stays a celebrity. Followers' homes lack the posts since
then. Fanning out again would mean adding all of them to all homes, and an author near the threshold
would change often.
"""

from typing import NamedTuple

from services.chassis.runtime.clock import Clock
from services.timeline.domain.model import (
    packed_id,
    packed_ids,
    posts_of,
    posts_with,
    unpacked_ids,
)
from services.timeline.domain.store import TimelineStore
from services.timeline.domain.timeline_cache import TimelineCache

# For how long a serving process uses a version that it has read: well within the second in which
# a post has to arrive.
_TRUST_SECONDS = 0.25


# The version in an invalid merge note.
_INVALID_VERSION = b"\xff" * 8

_ID_BYTES = 8
# A hashtag never contains it.
_BETWEEN_TAGS = "\0"


class Celebrities:
    """The set of celebrities, and its version: its size, as it only grows."""

    def __init__(
        self,
        *,
        store: TimelineStore,
        cache: TimelineCache,
        clock: Clock,
        trust_seconds: float = _TRUST_SECONDS,
    ) -> None:
        self._store = store
        self._cache = cache
        self._clock = clock
        self._trust_seconds = trust_seconds
        self._set: frozenset[int] = frozenset()
        self._version = 0
        self._believed_until = float("-inf")
        self._announced = False

    async def version(self, *, trusted: bool = True) -> int:
        """The version of at most `trust_seconds` ago, mostly without a call; or that of now."""
        now = self._clock.monotonic()
        if not trusted or now >= self._believed_until:
            version = await self._cache.celebrity_version()
            if version is None:
                version = await self._store.count_celebrities()
                await self._cache.raise_celebrity_version(version)
            self._version, self._believed_until = version, now + self._trust_seconds
        return self._version

    async def known_since(self, version: int) -> frozenset[int]:
        """The set at that version or a later one."""
        if len(self._set) < version:
            self._set = await self._store.celebrities()
        return self._set

    async def known(self) -> frozenset[int]:
        """Those that are announced to every serving process; a worker fans out none of them."""
        if not self._announced:
            await self._announce()
        return self._set

    async def include(self, author_id: int) -> bool:
        """Whether the author is a celebrity now; every committed promotion counts."""
        return await self._store.is_celebrity(author_id)

    async def promote(self, author_id: int, *, followers: int) -> None:
        """Makes the author a celebrity. Reads that begin `trust_seconds` later merge their feed."""
        await self._store.add_celebrity(author_id, followers=followers, now=self._clock.now())
        await self._announce()

    async def _announce(self) -> None:
        # Read after the commit, so that of two promotions at once the later one counts both; and
        # known only once announced, so that a failure in between is made good by repeating it.
        everyone = await self._store.celebrities()
        await self._cache.raise_celebrity_version(len(everyone), announced=True)
        self._set, self._announced = everyone, True


class MergedFeeds(NamedTuple):
    """The feeds that are merged into a home when it is read."""

    celebrities: list[int]
    tags: list[str]

    def names(self) -> list[str]:
        """The names of the feeds, those of celebrities first."""
        return [*map(posts_of, self.celebrities), *map(posts_with, self.tags)]


def merge_note_of(version: int, feeds: MergedFeeds) -> bytes:
    """The merge note of a home: the feeds to merge, and the version of the celebrities."""
    return b"".join(
        (
            packed_id(version),
            packed_id(len(feeds.celebrities)),
            packed_ids(feeds.celebrities),
            _BETWEEN_TAGS.join(feeds.tags).encode(),
        )
    )


def feeds_of_note(merge_note: bytes, version: int) -> MergedFeeds | None:
    """The feeds to merge by a merge note; None if it is of another version, or invalid."""
    if merge_note[:_ID_BYTES] != packed_id(version):
        return None
    try:
        (count,) = unpacked_ids(merge_note[_ID_BYTES : 2 * _ID_BYTES])
        end = (2 + count) * _ID_BYTES
        celebrities = unpacked_ids(merge_note[2 * _ID_BYTES : end])
        tags = merge_note[end:].decode()
    except ValueError:
        return None
    if len(celebrities) != count:
        return None
    return MergedFeeds(celebrities, tags.split(_BETWEEN_TAGS) if tags else [])


def invalid_note(nonce: bytes) -> bytes:
    """A merge note of no version, unlike any other: the next read computes a new one."""
    return _INVALID_VERSION + nonce

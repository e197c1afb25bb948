"""Pages of posts that were read a moment ago, given again as long as nothing in them has changed.

People look at the same page again and again: apps ask for what is new, and mostly nothing is. What
a page shows follows from the entries that the look in Redis finds (states, the viewer's responses,
profiles, ties), and whoever changes one forgets the entry. So the look is taken at every reading;
where it finds the very entries of the last time, the page is that of the last time, to the byte.
"""

from typing import NamedTuple

from cachebox import LRUCache

from services.chassis.cache.batch_lookup import Validator
from services.post.rpc.read_cache.hydration import Hydration, HydrationRequest

# Some 15 KB each.
MAX_PAGES = 2_000


class _CachedPage(NamedTuple):
    hydration_request: HydrationRequest
    validator: Validator
    packed: bytes


class PageCache:
    """Reads pages of posts, and keeps the last MAX_PAGES that this process has read."""

    def __init__(self, hydration: Hydration, *, limit: int = MAX_PAGES) -> None:
        self._hydration = hydration
        self._kept: LRUCache[tuple[object, ...], _CachedPage] = LRUCache(limit)

    async def read(
        self, post_ids: tuple[int, ...], *, viewer_id: int, user_ids: tuple[int, ...]
    ) -> bytes:
        """What of the posts the viewer (0 for a stranger) may see, with what belongs beside them
        and those of `user_ids`: a packed BatchGetPostsResponse."""
        key = (viewer_id, post_ids, user_ids)
        kept = self._kept.pop(key, None)
        if kept is None:
            hydration_request = self._hydration.ask(
                post_ids, viewer_id=viewer_id, user_ids=user_ids
            )
        else:
            hydration_request = kept.hydration_request
        lookup = await hydration_request.lookups.lookup()
        if kept is not None and lookup.validates(kept.validator):
            self._kept[key] = kept
            return kept.packed
        resolved = await self._hydration.answer(hydration_request, lookup)
        packed = resolved.page(user_ids)
        # A page of which more had to be asked does not follow from the look alone.
        validator = lookup.validator() if resolved.by_single_lookup else None
        if validator is not None:
            self._kept[key] = _CachedPage(hydration_request, validator, packed)
        return packed

"""Pages of posts that this process read recently, each with a validator.

Clients read the same page again and again, and mostly nothing in it has changed. A page is computed
from the entries that one batch lookup finds in Redis (states, the viewer's engagement, profiles,
relationships), and a write invalidates the entries that it changes. Each read makes the lookup. If
the lookup finds the same entries as before, the page is the same, to the byte.
See docs/adr/0024-a-page-is-proved-not-kept-up.md.
"""

from collections import OrderedDict
from typing import NamedTuple

from services.chassis.cache.batch_lookup import Validator
from services.post.rpc.read_cache.hydration import Hydration, HydrationRequest

# About 15 KB each.
MAX_PAGES = 2_000


class _CachedPage(NamedTuple):
    request: HydrationRequest
    validator: Validator
    packed: bytes


class PageCache:
    """Reads pages of posts. This process holds the last MAX_PAGES."""

    def __init__(self, hydration: Hydration, *, limit: int = MAX_PAGES) -> None:
        self._hydration = hydration
        self._limit = limit
        self._pages: OrderedDict[tuple[object, ...], _CachedPage] = OrderedDict()

    async def read(
        self, post_ids: tuple[int, ...], *, viewer_id: int, user_ids: tuple[int, ...]
    ) -> bytes:
        """The posts that the viewer (0: anonymous) may see, with what they refer to and the users
        of `user_ids`: a packed BatchGetPostsResponse."""
        key = (viewer_id, post_ids, user_ids)
        cached = self._pages.pop(key, None)
        if cached is None:
            request = self._hydration.request(post_ids, viewer_id=viewer_id, user_ids=user_ids)
        else:
            request = cached.request
        lookup = await request.lookups.lookup()
        if cached is not None and lookup.validates(cached.validator):
            self._keep(key, cached)
            return cached.packed
        resolved = await self._hydration.resolve(request, lookup)
        packed = resolved.page(user_ids)
        # The validator covers the one lookup. A page that needed more cannot be validated by it.
        validator = lookup.validator() if resolved.by_single_lookup else None
        if validator is not None:
            self._keep(key, _CachedPage(request, validator, packed))
        return packed

    def _keep(self, key: tuple[object, ...], page: _CachedPage) -> None:
        self._pages[key] = page
        if len(self._pages) > self._limit:
            self._pages.popitem(last=False)

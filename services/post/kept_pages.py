"""Pages of posts that were read a moment ago, given again as long as nothing in them has changed.

People look at the same page again and again: apps ask for what is new, and mostly nothing is. What
a page shows follows from the entries that the look in Redis finds (states, the viewer's responses,
profiles, ties), and whoever changes one forgets the entry. So the look is taken at every reading;
where it finds the very entries of the last time, the page is that of the last time, to the byte.
"""

from typing import NamedTuple

from cachebox import LRUCache

from services.chassis.cache_lookups import Proof
from services.post.hydration import Hydration, Question

# Some 15 KB each.
MAX_PAGES = 2_000


class _Kept(NamedTuple):
    question: Question
    proof: Proof
    packed: bytes


class KeptPages:
    """Reads pages of posts, and keeps the last MAX_PAGES that this process has read."""

    def __init__(self, hydration: Hydration, *, limit: int = MAX_PAGES) -> None:
        self._hydration = hydration
        self._kept: LRUCache[tuple[object, ...], _Kept] = LRUCache(limit)

    async def read(
        self, post_ids: tuple[int, ...], *, viewer_id: int, user_ids: tuple[int, ...]
    ) -> bytes:
        """What of the posts the viewer (0 for a stranger) may see, with what belongs beside them
        and those of `user_ids`: a packed BatchGetPostsResponse."""
        key = (viewer_id, post_ids, user_ids)
        kept = self._kept.pop(key, None)
        if kept is None:
            question = self._hydration.ask(post_ids, viewer_id=viewer_id, user_ids=user_ids)
        else:
            question = kept.question
        look = await question.lookups.look()
        if kept is not None and look.proves(kept.proof):
            self._kept[key] = kept
            return kept.packed
        shown = await self._hydration.answer(question, look)
        packed = shown.page(user_ids)
        # A page of which more had to be asked does not follow from the look alone.
        proof = look.proof() if shown.by_one_look else None
        if proof is not None:
            self._kept[key] = _Kept(question, proof, packed)
        return packed

"""What services that build an index of posts read: all posts in order of id, and counts."""

from roost.post.v1 import post_service_pb2 as rpc

from services.post.domain.model import TOMBSTONE
from services.post.domain.store import Store
from services.post.rpc.convert import to_counts, to_post

DEFAULT_PAGE = 500
# A message may have 4 MB. Most posts have less than 1 KB, but some 100 KB of media and limits.
MAX_PAGE_BYTES = 3_000_000


class PostScans:
    """Reads posts of every audience."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def scan(self, request: rpc.ScanPostsRequest) -> rpc.ScanPostsResponse:
        """A page in two reads. A post that is deleted between them is still on it."""
        size = request.page_size or DEFAULT_PAGE
        found = await self._store.scan(after=request.after_id, limit=size + 1)
        if request.until_id:
            found = [each for each in found if each.id <= request.until_id]
        states = await self._store.states([each.id for each in found[:size]], 0)
        response = rpc.ScanPostsResponse(has_more=len(found) > size)
        left = MAX_PAGE_BYTES
        for each in found[:size]:
            post = to_post(each)
            post.counts.CopyFrom(to_counts(states[each.id]))
            left -= post.ByteSize()
            if left < 0 and response.posts:
                response.has_more = True
                break
            response.posts.append(post)
        if not request.after_id:
            response.total_estimate = await self._store.estimate_posts()
        return response

    async def counts(
        self, request: rpc.BatchGetPostCountsRequest
    ) -> rpc.BatchGetPostCountsResponse:
        """The counts of the live posts of the request."""
        post_ids = list(dict.fromkeys(request.post_ids))
        states = await self._store.states(post_ids, 0)
        return rpc.BatchGetPostCountsResponse(
            posts=[
                rpc.CountsOfPost(post_id=each, counts=to_counts(state))
                for each in post_ids
                if (state := states.get(each)) is not None and state.version != TOMBSTONE
            ]
        )

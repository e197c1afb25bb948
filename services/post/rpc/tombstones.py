"""Deleted posts: who may know that one stood there, and what is shown of it."""

from collections.abc import Sequence

from roost.post.v1.post_pb2 import Post as PostMessage

from services.post.domain.model import Post
from services.post.domain.store import Store
from services.post.domain.visibility import audience_of, can_see_place
from services.post.rpc.convert import to_tombstone
from services.post.rpc.read_cache.profile_cache import ProfileCache


class Tombstones:
    """Costs a query and a look at people, so ask only about posts that are known to be deleted."""

    def __init__(self, *, store: Store, profiles: ProfileCache) -> None:
        self._store = store
        self._profiles = profiles

    async def of(self, post_ids: Sequence[int], viewer_id: int) -> dict[int, Post]:
        """Those of the posts that are deleted and were for the viewer (0 for a stranger)."""
        if not post_ids:
            return {}
        found = (await self._store.posts(post_ids)).values()
        audiences = {each.id: audience_of(each) for each in found if each.deleted}
        deciders = {who for audience in audiences.values() for who in audience.deciders}
        profiles = await self._profiles.find(deciders, viewer_id)
        return {
            each.id: each
            for each in found
            if each.deleted and can_see_place(audiences[each.id], profiles, viewer_id)
        }


def resolved(post: Post) -> PostMessage:
    """A tombstone with its place in the conversation."""
    return to_tombstone(
        post.id, conversation_id=post.conversation_id, reply_to_post_id=post.reply_to_post_id
    )

"""Changes of a home when its owner follows, unfollows, mutes, unmutes, or deletes the account.

Events of one owner arrive in order. Each operation is idempotent.
"""

import secrets

from services.timeline.domain.celebrities import Celebrities, invalid_note
from services.timeline.domain.feeds import Feeds
from services.timeline.domain.model import MAX_HOME, TOP, home_of, posts_of
from services.timeline.domain.ports import Graph, Posts
from services.timeline.domain.store import TimelineStore


class Follows:
    """Updates homes by changes of the graph."""

    def __init__(
        self,
        *,
        feeds: Feeds,
        graph: Graph,
        posts: Posts,
        store: TimelineStore,
        celebrities: Celebrities,
        max_entries: int = MAX_HOME,
    ) -> None:
        self._feeds = feeds
        self._graph = graph
        self._posts = posts
        self._store = store
        self._celebrities = celebrities
        self._max = max_entries

    async def followed(self, follower_id: int, followee_id: int) -> None:
        """Adds the followee's entries to the follower's home, if there is one."""
        if await self._feeds.show(home_of(follower_id), followee_id):
            await self._merge(follower_id, followee_id)

    async def unfollowed(self, follower_id: int, followee_id: int) -> None:
        """Removes them. The end of a follow by a block is handled here too."""
        await self._hide(follower_id, followee_id, for_good=False)

    async def muted(self, muter_id: int, muted_id: int) -> None:
        """Removes the muted user's entries, and keeps them out while the mute lasts."""
        await self._store.add_mute(muter_id, muted_id)
        await self._hide(muter_id, muted_id, for_good=True)

    async def unmuted(self, muter_id: int, muted_id: int) -> None:
        """Adds them again if the muter follows that user."""
        await self._store.remove_mute(muter_id, muted_id)
        home = home_of(muter_id)
        ready = await self._feeds.show(home, muted_id, muted_too=True)
        if not await self._graph.follows(muter_id, muted_id):
            # An unfollow during the mute may still have deliveries on their way.
            await self._feeds.hide(home, muted_id, for_good=False)
        elif ready:
            await self._merge(muter_id, muted_id)

    async def hashtags_changed(self, user_id: int) -> None:
        """Makes the next read of the home compute again which hashtags are merged into it."""
        await self._invalidate_note(home_of(user_id))

    async def left(self, user_id: int) -> None:
        """Drops the feeds of a deleted account. Its follows end by events of their own."""
        await self._feeds.drop(home_of(user_id))
        await self._feeds.drop(posts_of(user_id))
        await self._store.delete_user(user_id)

    async def _merge(self, viewer_id: int, actor_id: int) -> None:
        home = home_of(viewer_id)
        if await self._celebrities.include(actor_id):
            await self._invalidate_note(home)
            return
        # Read only now: what is posted from `show` on is delivered, what was before is here.
        entries = await self._posts.newest([actor_id], before=TOP, limit=self._max)
        await self._feeds.merge(home, entries, complete=len(entries) < self._max)

    async def _hide(self, viewer_id: int, actor_id: int, *, for_good: bool) -> None:
        home = home_of(viewer_id)
        await self._feeds.hide(home, actor_id, for_good=for_good)
        if await self._celebrities.include(actor_id):
            await self._invalidate_note(home)

    async def _invalidate_note(self, home: str) -> None:
        await self._feeds.set_merge_note(home, invalid_note(secrets.token_bytes(8)))

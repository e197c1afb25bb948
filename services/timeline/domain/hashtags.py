"""Followed hashtags: their feeds, who follows them, and the announcement of their new posts.

Posts with a followed hashtag are not fanned out. Like those of a celebrity they are merged when a
home is read, so that a post with a popular hashtag costs no more than another.
"""

from collections.abc import Callable, Sequence

from prometheus_client import Counter

from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.logs import logger
from services.chassis.text import hashtags
from services.timeline.domain.errors import HashtagInvalid
from services.timeline.domain.fanout import Continue, Delivered, RemainingSteps
from services.timeline.domain.feeds import Feeds
from services.timeline.domain.model import (
    MAX_HOME,
    HashtagEntry,
    entry_by_hashtag,
    posts_with,
)
from services.timeline.domain.ports import HashtagIndex
from services.timeline.domain.store import TimelineStore

# Followers of hashtags that one step announces a post to.
_PAGE = 1_000

_backfills = Counter(
    "roost_timeline_hashtag_backfills_total",
    "Hashtags whose earlier posts were read from the index at a follow",
    ["outcome"],
)

ReportDelivery = Callable[[Delivered], None]


def folded(text: str) -> str:
    """The folded form of a hashtag that a user gave, with or without its sign.

    Raises HashtagInvalid.
    """
    tag = hashtags.fold_named(text)
    if tag is None:
        raise HashtagInvalid
    return tag


class EarlierPosts:
    """Adds the posts of a hashtag from before its first follow.

    The store holds the entries of a hashtag that nobody follows for an hour only. The index has the
    older ones, and is a few seconds behind: what it lacks is in the store.
    """

    def __init__(self, *, store: TimelineStore, index: HashtagIndex) -> None:
        self._store = store
        self._index = index

    async def add(self, tag: str) -> None:
        """Adds them unless somebody follows the hashtag already. If the index does not answer, the
        follow begins without them."""
        if await self._store.hashtag_followers([tag], after=0, limit=1):
            return
        try:
            entries = await self._index.newest(tag, limit=MAX_HOME)
        except (Unavailable, DeadlineExceeded) as error:
            logger().warning("hashtag_backfill_failed", error=repr(error))
            _backfills.labels("failed").inc()
            return
        await self._store.add_hashtag_entries(
            [HashtagEntry(tag, each.post_id, each.author_id) for each in entries]
        )
        _backfills.labels("done").inc()


class HashtagFeeds:
    """Keeps the entries and the feeds of hashtags, and announces new posts to their followers.

    Every operation may be repeated. Entries are stored before they are added to feeds: a feed that
    is built in between reads them from the store.
    """

    def __init__(self, *, store: TimelineStore, feeds: Feeds, publish: Continue) -> None:
        self._store = store
        self._feeds = feeds
        self._publish = publish

    async def add(self, entries: Sequence[HashtagEntry], report: ReportDelivery) -> None:
        """Adds the entries of new posts; `report` gets what reached followers."""
        await self._store.add_hashtag_entries(entries)
        for post, tags in (await self._followed(entries)).items():
            await self._add_to_feeds(*post, tags)
            await self._announce(RemainingSteps(entry_by_hashtag(*post), 0, False, tags), report)

    async def replace(self, post_id: int, author_id: int, tags: Sequence[str]) -> None:
        """Adds and removes entries after an edit; the edit is not announced."""
        for tag in await self._store.replace_hashtags(post_id, author_id, tags):
            # It is built from the store again. An entry that is removed from a feed could not be
            # added to it for a while, and the next edit may bring the hashtag back.
            await self._feeds.drop(posts_with(tag))
        entries = [HashtagEntry(tag, post_id, author_id) for tag in tags]
        for post, followed in (await self._followed(entries)).items():
            await self._add_to_feeds(*post, followed)

    async def remove(self, post_ids: Sequence[int]) -> None:
        """Removes the entries of deleted posts. Feeds keep them: a page leaves them out when it is
        hydrated."""
        await self._store.remove_hashtag_entries(post_ids)

    async def continue_fan_out(self, remaining: RemainingSteps, report: ReportDelivery) -> None:
        """Announces the entry to the next page of followers."""
        await self._announce(remaining, report)

    async def _followed(
        self, entries: Sequence[HashtagEntry]
    ) -> dict[tuple[int, int], tuple[str, ...]]:
        """The posts with followed hashtags, and those hashtags."""
        tags = list(dict.fromkeys(entry.tag for entry in entries))
        followed = await self._store.followed_among(tags) if tags else frozenset()
        posts: dict[tuple[int, int], tuple[str, ...]] = {}
        for entry in entries:
            if entry.tag in followed:
                post = (entry.post_id, entry.author_id)
                posts[post] = (*posts.get(post, ()), entry.tag)
        return posts

    async def _add_to_feeds(self, post_id: int, author_id: int, tags: Sequence[str]) -> None:
        entry = entry_by_hashtag(post_id, author_id)
        await self._feeds.add(entry, [posts_with(tag) for tag in tags])

    async def _announce(self, remaining: RemainingSteps, report: ReportDelivery) -> None:
        entry, after = remaining.entry, remaining.after
        followers = await self._store.hashtag_followers(remaining.tags, after=after, limit=_PAGE)
        if not followers:
            return
        report(Delivered(entry, after, [each for each in followers if each != entry.author_id]))
        if len(followers) == _PAGE:
            await self._publish(RemainingSteps(entry, followers[-1], False, remaining.tags))

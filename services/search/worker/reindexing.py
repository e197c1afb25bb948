"""Rebuilds the index of posts beside the live one, and reads all users again.

Users are read first, then posts page by page into the new generation, while events change both
generations. A checkpoint follows each page, so a worker that died is replaced by one that goes on.
When the indexes are built, the two generations are compared by segments. Where a few posts differ,
the Post service decides. Then one transaction makes the new generation the live one.
"""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Any

from prometheus_client import Counter, Gauge

from services.chassis.runtime.backoff import doubled, spread
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import TRANSIENT_ERRORS
from services.chassis.runtime.ids import MAX_ID, first_id_at
from services.chassis.runtime.logs import logger
from services.chassis.storage.transaction import Transaction, in_transaction
from services.search.domain import reindexing
from services.search.domain.analysis import VERSION
from services.search.domain.documents import tags_of
from services.search.domain.hashtags.model import USAGE_WINDOW
from services.search.domain.hashtags.usage import HashtagUsage
from services.search.domain.posts.index import GenerationGone, GenerationRunning, PostIndex
from services.search.domain.posts.model import (
    Delete,
    IndexedPost,
    PostChange,
    SegmentComparison,
    Upsert,
)
from services.search.domain.reindexing import (
    Reindex,
    ReindexRunning,
    ReindexState,
    ReindexStore,
)
from services.search.domain.sources import PostSource, SourcePost, UserSource
from services.search.domain.store import Store
from services.search.domain.users.index import UserIndex
from services.search.worker.effects import DeletedUser, Effects, Indexes, documents_of, indexed

INTERVAL_SECONDS = 1.0
POSTS_AT_ONCE = 500
# Each user may have a long bio and two media; a page stays far below the largest message.
USERS_AT_ONCE = 200
LEASE = timedelta(seconds=30)
_RENEW_SECONDS = 10.0
# Seconds before another attempt: the first, and the longest.
_PAUSE_SECONDS = (1.0, 60.0)
# Failures in a row after which a rebuild ends. Those that pass by themselves do not count.
MAX_FAILURES = 8
# Posts of one segment that the Post service decides. More of them differ for one reason: another
# analyzer, or an index that was empty.
MAX_DECIDED = 1_000

# Pauses before segments that differ are compared again. The events of the newest posts arrive.
_SETTLING_SECONDS = (0.5, 1.0, 2.0)

_scanned = Gauge("roost_search_reindex_posts_scanned", "Posts that the running rebuild has read")
_total = Gauge("roost_search_reindex_posts", "Posts that the running rebuild has to read")
_running = Gauge("roost_search_reindex_running", "1 while this process works on a rebuild")
_ended = Counter("roost_search_reindexes_total", "Rebuilds that ended, by how", ["state"])
_left_out = Counter(
    "roost_search_reindex_posts_left_out_total", "Posts that a rebuild could not index"
)


class Superseded(Exception):
    """The rebuild was cancelled, or another worker has it."""


class Reindexing:
    """Works on the rebuild that runs. Any number of processes may; one of them has the lease."""

    def __init__(
        self,
        *,
        store: Store,
        reindexes: ReindexStore,
        index: PostIndex,
        user_index: UserIndex,
        indexes: Indexes,
        hashtags: HashtagUsage,
        posts: PostSource,
        users: UserSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._reindexes = reindexes
        self._index = index
        self._user_index = user_index
        self._indexes = indexes
        self._hashtags = hashtags
        self._posts = posts
        self._users = users
        self._clock = clock
        # Unique for each run of a worker.
        self._holder = f"{os.getpid()}-{secrets.token_hex(8)}"
        # Whether a rebuild with this version of the analyzer was started.
        self._was_started = False

    async def run_due(self) -> None:
        """Starts a rebuild if the index needs one, and works on the one that runs until it ends."""
        await self.start_if_needed()
        now = self._clock.now()
        reindex = await self._reindexes.lease_reindex(self._holder, now=now, lease_end=now + LEASE)
        if reindex is not None:
            await self._run(reindex)

    async def start_if_needed(self) -> None:
        """Starts a rebuild unless one was started with this version of the analyzer: in a new
        installation, after an upgrade to the first release that searches, and after one that
        analyses texts in another way."""
        self._was_started = self._was_started or await self._reindexes.was_started(VERSION)
        if self._was_started:
            return

        async def effect(transaction: Transaction) -> None:
            await reindexing.start(self._index, self._reindexes, transaction, now=self._clock.now())

        try:
            await in_transaction(self._store.transaction, effect)
        except (ReindexRunning, GenerationRunning):
            # Another process was faster, or the running one has to end first.
            return
        logger().info("search_reindex_started", analyzer=VERSION)

    async def _run(self, reindex: Reindex) -> None:
        """Works, and stops when the lease is lost. If this is cancelled, another worker goes on at
        once."""
        work = asyncio.create_task(self._work(reindex))
        keep = asyncio.create_task(self._keep(reindex))
        _running.set(1)
        try:
            await asyncio.wait({work, keep}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await _stop(work)
            with contextlib.suppress(*TRANSIENT_ERRORS):
                await self._reindexes.renew_reindex(reindex.id, self._holder, self._clock.now())
            raise
        finally:
            _running.set(0)
            await _stop(work, keep)
        if work.cancelled():
            logger().warning("search_reindex_lease_lost", reindex_id=reindex.id)
            return
        await self._end(reindex, work.exception())

    async def _end(self, reindex: Reindex, error: BaseException | None) -> None:
        if error is None:
            return
        if isinstance(error, (Superseded, GenerationGone)):
            logger().info("search_reindex_superseded", reindex_id=reindex.id)
        elif isinstance(error, TRANSIENT_ERRORS):
            logger().warning("search_reindex_postponed", reindex_id=reindex.id, error=repr(error))
            await self._postpone(reindex)
        elif isinstance(error, Exception):
            logger().error("search_reindex_failed", reindex_id=reindex.id, exc_info=error)
            await self._postpone(reindex, failure=repr(error))
        else:
            raise error

    async def _keep(self, reindex: Reindex) -> None:
        """Renews the lease; returns once it is lost."""
        kept = True
        end = self._clock.monotonic() + LEASE.total_seconds()
        while kept and self._clock.monotonic() < end:
            await asyncio.sleep(_RENEW_SECONDS)
            try:
                now = self._clock.now()
                began = self._clock.monotonic()
                kept = await self._reindexes.renew_reindex(reindex.id, self._holder, now + LEASE)
                end = began + LEASE.total_seconds()
            except TRANSIENT_ERRORS as error:
                logger().warning("search_reindex_lease_not_renewed", error=repr(error))

    async def _work(self, reindex: Reindex) -> None:
        if not reindex.users_read:
            reindex = await self._read_users(reindex)
        if reindex.state is ReindexState.COPYING:
            reindex = await self._copy(reindex)
        await self._verify(reindex)

    async def _read_users(self, reindex: Reindex) -> Reindex:
        has_more = True
        while has_more:
            page = await self._users.scan(reindex.last_user_id, USERS_AT_ONCE)
            has_more = page.has_more
            read = {each.user_id for each in page.users}
            last_id = max(read, default=reindex.last_user_id)
            gone = await self._gone(
                reindex.last_user_id + 1, last_id if has_more else MAX_ID, except_for=read
            )
            effects = Effects(users=tuple(page.users), deleted_users=gone)

            async def write(transaction: Transaction, effects: Effects = effects) -> None:
                await self._indexes.write(transaction, effects, ())

            reindex = await self._save(
                reindex, write, last_user_id=last_id, users_read=not has_more
            )
        return reindex

    async def _gone(
        self, first_id: int, last_id: int, *, except_for: Collection[int]
    ) -> tuple[DeletedUser, ...]:
        """The users of the index in this range who do not exist: their event was lost. A user who
        registered since the page was read exists."""
        unknown = set(await self._user_index.ids(first_id, last_id)) - set(except_for)
        if not unknown:
            return ()
        gone = unknown - (await self._users.find(unknown)).keys()
        return tuple(DeletedUser(each, self._clock.now()) for each in sorted(gone))

    async def _copy(self, reindex: Reindex) -> Reindex:
        has_more = True
        while has_more:
            page = await self._posts.scan(reindex.last_post_id, POSTS_AT_ONCE)
            has_more = page.has_more
            documents = await self._load(reindex, page.posts)
            oldest = first_id_at(self._clock.now() - USAGE_WINDOW)
            tags = [tags_of(each) for each in documents if each.post_id >= oldest]

            async def write(transaction: Transaction, tags: Sequence[Any] = tags) -> None:
                if tags:
                    await self._hashtags.apply(transaction, tags)

            scanned = reindex.posts_scanned + len(page.posts)
            reindex = await self._save(
                reindex,
                write,
                last_post_id=max(page.last_id, reindex.last_post_id),
                posts_scanned=scanned,
                posts_total=max(page.total_estimate or reindex.posts_total, scanned),
                state=ReindexState.COPYING if has_more else ReindexState.VERIFYING,
            )
            _scanned.set(reindex.posts_scanned)
            _total.set(reindex.posts_total)
        return reindex

    async def _load(self, reindex: Reindex, posts: Sequence[SourcePost]) -> list[IndexedPost]:
        """Loads a page. A post that cannot be indexed is left out: it must not end the rebuild."""
        try:
            documents = await documents_of(posts, self._clock)
            await self._index.load(reindex.id, documents)
        except (GenerationGone, *TRANSIENT_ERRORS):
            raise
        except Exception as error:
            if len(posts) > 1:
                middle = len(posts) // 2
                return [
                    *await self._load(reindex, posts[:middle]),
                    *await self._load(reindex, posts[middle:]),
                ]
            _left_out.inc(len(posts))
            logger().error(
                "search_post_left_out",
                post_ids=[each.facts.post_id for each in posts],
                exc_info=error,
            )
            return []
        indexed.labels("reindex").inc(len(documents))
        return documents

    async def _verify(self, reindex: Reindex) -> None:
        await self._index.finish(reindex.id)
        comparisons = await self._compare(reindex)
        unequal = [each for each in comparisons if not each.equal]
        for segment in unequal:
            await self._decide(reindex, segment)

        async def swap(transaction: Transaction) -> None:
            await self._index.swap(transaction, reindex.id)

        await self._save(
            reindex,
            swap,
            state=ReindexState.DONE,
            end_time=self._clock.now(),
            segments_equal=len(comparisons) - len(unequal),
            segments_repaired=len(unequal),
        )
        _ended.labels("done").inc()
        logger().info(
            "search_reindex_done",
            reindex_id=reindex.id,
            posts=reindex.posts_scanned,
            segments_equal=len(comparisons) - len(unequal),
            segments_repaired=len(unequal),
        )

    async def _compare(self, reindex: Reindex) -> Sequence[SegmentComparison]:
        """Compares the segments, and again where they differ: the scan may have read posts whose
        events are still on their way to the live generation."""
        comparisons = await self._index.compare(reindex.id)
        for pause in _SETTLING_SECONDS:
            unequal = [each for each in comparisons if not each.equal]
            # Events do not fill an index that was empty, or that another analyzer made.
            if not unequal or not all(each.live_count for each in unequal):
                break
            if await self._differ_for_one_reason(reindex, unequal):
                break
            await asyncio.sleep(pause)
            comparisons = await self._index.compare(reindex.id)
        return comparisons

    async def _differ_for_one_reason(
        self, reindex: Reindex, unequal: Sequence[SegmentComparison]
    ) -> bool:
        differing = self._index.differing
        for segment in unequal:
            if len(await differing(reindex.id, segment, limit=MAX_DECIDED + 1)) > MAX_DECIDED:
                return True
        return False

    async def _decide(self, reindex: Reindex, segment: SegmentComparison) -> None:
        """Makes the posts of a segment that differ what the Post service says that they are."""
        ids = await self._index.differing(reindex.id, segment, limit=MAX_DECIDED + 1)
        has_one_reason = len(ids) > MAX_DECIDED
        log = logger().info if has_one_reason else logger().warning
        log(
            "search_segment_differs",
            reindex_id=reindex.id,
            first_id=segment.first_id,
            last_id=segment.last_id,
            count=segment.count,
            live_count=segment.live_count,
            post_ids=ids[:10],
        )
        if has_one_reason:
            return
        found = await self._posts.find(ids)
        documents = await documents_of(found.values(), self._clock)
        changes: list[PostChange] = [Upsert(each) for each in documents]
        changes += [Delete(each) for each in ids if each not in found]

        async def effect(transaction: Transaction) -> None:
            await self._index.apply(transaction, changes)

        await in_transaction(self._store.transaction, effect)

    async def _save(
        self,
        reindex: Reindex,
        write: Callable[[Transaction], Awaitable[None]],
        **changes: Any,
    ) -> Reindex:
        """Writes, and stores the checkpoint in the same transaction. Raises Superseded."""

        async def effect(transaction: Transaction) -> Reindex:
            # Before the row is locked: what is written may wait for changes of the indexes.
            await write(transaction)
            current = await self._reindexes.lock_reindex(transaction, reindex.id)
            if current is None or current.ended or current.holder != self._holder:
                raise Superseded
            changed = current.changed(failures=0, **changes)
            await self._reindexes.save_reindex(transaction, changed)
            return changed

        return await in_transaction(self._store.transaction, effect)

    async def _postpone(self, reindex: Reindex, *, failure: str = "") -> None:
        """Ends the lease. A failure counts; after MAX_FAILURES in a row the rebuild has failed."""

        found = await self._reindexes.reindex(reindex.id)
        failures = (found.failures if found else 0) + (1 if failure else 0)
        has_failed = failures >= MAX_FAILURES

        async def effect(transaction: Transaction) -> bool:
            if has_failed:
                # Before the row is locked, as everywhere.
                await self._index.drop(transaction, reindex.id)
            current = await self._reindexes.lock_reindex(transaction, reindex.id)
            if current is None or current.ended or current.holder != self._holder:
                return False
            now = self._clock.now()
            if has_failed:
                changed = current.changed(state=ReindexState.FAILED, end_time=now, failure=failure)
            else:
                pause = timedelta(seconds=spread(doubled(*_PAUSE_SECONDS, failures)))
                changed = current.changed(holder="", failures=failures, run_after=now + pause)
            await self._reindexes.save_reindex(transaction, changed)
            return has_failed

        if await in_transaction(self._store.transaction, effect):
            _ended.labels("failed").inc()


async def _stop(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)

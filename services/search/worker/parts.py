"""The parts of a worker process, put together on stores of any kind."""

from datetime import timedelta

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.periodic import every
from services.chassis.runtime.supervision import Job
from services.search.domain.hashtags.store import HashtagStore, TrendStore
from services.search.domain.hashtags.usage import HashtagUsage
from services.search.domain.posts.index import PostIndex
from services.search.domain.refreshes import RefreshStore
from services.search.domain.reindexing import ReindexStore
from services.search.domain.sources import PostSource, UserSource
from services.search.domain.store import Store
from services.search.domain.users.index import UserIndex
from services.search.domain.viewers import ViewerChanges
from services.search.worker import (
    comparing,
    counts,
    hashtag_recounts,
    hashtag_retention,
    reindexing,
    rereads,
    trends,
)
from services.search.worker.accounts import AccountReader
from services.search.worker.comparing import Comparing
from services.search.worker.consumer import SearchConsumer
from services.search.worker.counts import CountRefreshes
from services.search.worker.effects import Indexes
from services.search.worker.hashtag_recounts import HashtagRecounts
from services.search.worker.hashtag_retention import HashtagRetention
from services.search.worker.reindexing import Reindexing
from services.search.worker.rereads import Rereads
from services.search.worker.trends import TrendComputation

# Entries that wait to be merged into an index make searches slower.
_MAINTENANCE_SECONDS = 10.0


class Worker:
    """The consumer of events, and the jobs."""

    def __init__(
        self,
        *,
        store: Store,
        posts: PostIndex,
        users: UserIndex,
        hashtags: HashtagStore,
        trend_store: TrendStore,
        refreshes: RefreshStore,
        reindexes: ReindexStore,
        post_source: PostSource,
        user_source: UserSource,
        viewer_changes: ViewerChanges,
        clock: Clock,
        trust_age: timedelta,
    ) -> None:
        usage = HashtagUsage(store=hashtags, clock=clock, trust_age=trust_age)
        indexes = Indexes(
            posts=posts, users=users, hashtags=usage, refreshes=refreshes, clock=clock
        )
        self._posts = posts
        self.consumer = SearchConsumer(
            store=store,
            indexes=indexes,
            accounts=AccountReader(reindexes=reindexes, users=user_source, clock=clock),
            viewer_changes=viewer_changes,
            clock=clock,
        )
        self.counts = CountRefreshes(
            store=store,
            refreshes=refreshes,
            post_index=posts,
            user_index=users,
            posts=post_source,
            users=user_source,
            clock=clock,
        )
        self.comparing = Comparing(
            store=store, refreshes=refreshes, posts=post_source, users=user_source, clock=clock
        )
        self.rereads = Rereads(
            store=store, refreshes=refreshes, index=posts, posts=post_source, clock=clock
        )
        self.reindexing = Reindexing(
            store=store,
            reindexes=reindexes,
            index=posts,
            user_index=users,
            indexes=indexes,
            hashtags=usage,
            posts=post_source,
            users=user_source,
            clock=clock,
        )
        self.trends = TrendComputation(
            store=trend_store, hashtags=hashtags, clock=clock, trust_age=trust_age
        )
        self.hashtag_recounts = HashtagRecounts(store=store, usage=usage)
        self.hashtag_retention = HashtagRetention(
            store=store, hashtags=hashtags, trends=trend_store, clock=clock, trust_age=trust_age
        )

    def jobs(self) -> list[Job]:
        """What the worker does at intervals."""
        return [
            every(counts.INTERVAL_SECONDS, "search_counts", self.counts.run_due),
            every(rereads.INTERVAL_SECONDS, "search_rereads", self.rereads.run_due),
            every(rereads.PRUNING_SECONDS, "search_reread_pruning", self.rereads.prune),
            every(comparing.INTERVAL_SECONDS, "search_comparison", self.comparing.step),
            every(reindexing.INTERVAL_SECONDS, "search_reindexing", self.reindexing.run_due),
            every(trends.INTERVAL_SECONDS, "search_trends", self.trends.run_due),
            every(
                hashtag_recounts.INTERVAL_SECONDS,
                "hashtag_recounts",
                self.hashtag_recounts.run_due,
            ),
            every(
                hashtag_retention.INTERVAL_SECONDS,
                "hashtag_retention",
                self.hashtag_retention.delete_expired,
            ),
            every(_MAINTENANCE_SECONDS, "search_index_maintenance", self._posts.maintain),
        ]

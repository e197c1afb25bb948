"""No job ends for good: after any error it is started again and works; others do not notice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from services.chassis.auth.tokens import RevokedSessions, revocations
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unavailable
from services.chassis.runtime.periodic import every
from services.chassis.runtime.supervision import Job, Supervisor
from services.chassis.storage import retention
from services.delivery import compose as delivery_compose
from services.delivery.worker import queue_metrics
from services.eventlog.worker import trimming
from services.media.worker import runner as media_runner
from services.media.worker.claim_review import ClaimReview
from services.media.worker.orphans import Orphans
from services.media.worker.placement import Placements
from services.media.worker.purging import Purges
from services.media.worker.runner import Runner
from services.media.worker.runner import lanes as media_lanes
from services.media.worker.sweep import Sweep
from services.notification.worker import retention as notification_retention
from services.post.worker.protections import Protections
from services.post.worker.reconciliation import Reconciliation
from services.search.worker.parts import Worker as SearchWorker
from services.timeline import compose as timeline_compose
from services.user.domain.handles import HandleTombstones
from services.user.worker.background_tasks import BackgroundTasks
from services.user.worker.counters import Reconciler
from tests.completeness import assert_listed
from tests.unit.poison import source
from tests.unit.poison.hostile import NOW
from tests.waiting import eventually

ERRORS: list[Callable[[], Exception]] = [
    lambda: ValueError("\ud800"),
    lambda: OverflowError("date value out of range"),
    lambda: KeyError(2**63),
    lambda: IndexError("string index out of range"),
    lambda: UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    lambda: RecursionError("maximum recursion depth exceeded"),
    lambda: TypeError("'NoneType' object is not iterable"),
    AssertionError,
    lambda: ExceptionGroup("several", [ValueError("one"), KeyError("two")]),
    Unavailable,
    TimeoutError,
]


class Failing:
    """Stands in for what a job works with: the first calls fail, later ones find nothing to do."""

    def __init__(self, errors: list[Callable[[], Exception]]) -> None:
        self._errors = list(errors)
        self.calls = 0

    async def _call(self, *_: Any, **__: Any) -> Any:
        if self._errors:
            raise self._errors.pop(0)()
        self.calls += 1
        await asyncio.sleep(0)
        return _Nothing()

    def __getattr__(self, _: str) -> Any:
        return self._call

    async def next_background_task(self, _: object) -> None:
        await self._call()

    def connection(self) -> Any:
        return self

    async def __aenter__(self) -> Any:
        return await self._call()

    async def __aexit__(self, *_: object) -> None:
        pass

    @property
    def clock(self) -> ManualClock:
        return ManualClock(NOW)


class _Nothing(dict[Any, Any]):
    """What says that there is nothing, in whichever form it is asked for."""

    session_ids = ()
    as_of = NOW

    def __radd__(self, other: int) -> int:
        return other

    def __lt__(self, _: int) -> bool:
        return True

    def __iter__(self) -> Any:
        # `seen, counted` of an empty slice.
        return iter(({}, {}))

    async def execute(self, *_: object) -> str:
        return "DELETE 0"


class WithoutMedia:
    """The store, object store and neighbours of a Media service without media, on what fails."""

    _RESULTS: Mapping[str, Any] = {
        "lease_job": None,
        "lease_placement": None,
        "count_jobs": (0, 0.0),
        "count_placements": (0, 0.0),
        "count_purges": (0, 0.0),
        "doom_abandoned": 0,
        "prune_audiences": 0,
        "prune_usage": 0,
    }

    def __init__(self, fails: Any) -> None:
        self._fails = fails

    def __getattr__(self, name: str) -> Any:
        async def call(*_: Any, **__: Any) -> Any:
            await self._fails.act()
            return self._RESULTS.get(name, [])

        return call


class EmptySearch:
    """The stores and sources of a Search service without content, on what fails. Its transactions
    begin."""

    _RESULTS: Mapping[str, Any] = {
        "lease_trends": True,
        "counted_hours": None,
        "oldest_hour": None,
        "past_hours": {},
        "hashtags": {},
        "histories": {},
        "was_started": True,
        "lease_reindex": None,
        "count_waiting": {},
        "forget_rereads": 0,
        "last_compared": 0,
        "scan": SimpleNamespace(posts=[], users=[], last_id=0, has_more=False),
    }

    def __init__(self, fails: Any) -> None:
        self._fails = fails

    def __getattr__(self, name: str) -> Any:
        async def call(*_: Any, **__: Any) -> Any:
            await self._fails.act()
            return self._RESULTS.get(name, 0 if name.startswith("prune") else [])

        return call

    def transaction(self) -> Any:
        return nullcontext()

    def within(self, _: object) -> Any:
        return self


def _search(act: Callable[[SearchWorker], Callable[[], Awaitable[object]]]) -> Callable[[Any], Job]:
    def make(fails: Any) -> Job:
        empty = cast(Any, EmptySearch(fails))
        worker = SearchWorker(
            store=empty,
            posts=empty,
            users=empty,
            hashtags=empty,
            trend_store=empty,
            refreshes=empty,
            reindexes=empty,
            post_source=empty,
            user_source=empty,
            viewer_changes=empty,
            clock=ManualClock(NOW),
            trust_age=timedelta(days=7),
        )
        return every(0.0, "search", act(worker))

    return make


def _sweep(fails: Any) -> Sweep:
    return Sweep(store=fails, storage=fails, uploads=fails, clock=ManualClock(NOW))


def _media(make: Callable[[Any], Callable[[], Awaitable[object]]]) -> Callable[[Any], Job]:
    return lambda fails: every(0.0, "media", make(WithoutMedia(fails)))


# Each endless coroutine function of the services that is a job, on what fails.
JOBS: dict[str, Callable[[Any], Job]] = {
    "chassis.auth.tokens.revocations.run": lambda fails: (
        RevokedSessions(fails, clock=ManualClock(NOW)).run
    ),
    "chassis.runtime.periodic.run": lambda fails: every(0.0, "periodic", fails.act),
    "media.worker.runner._serve": lambda fails: (
        Runner(
            store=cast(Any, WithoutMedia(fails)),
            processing=fails,
            clock=ManualClock(NOW),
            lanes=media_lanes(1),
        ).run
    ),
}
# What `every` runs, on what fails.
PERIODIC: dict[str, Callable[[Any], Job]] = {
    "chassis.storage.retention.forget_old": retention.job,
    "delivery.compose.pruning": lambda fails: delivery_compose.pruning(fails, ManualClock(NOW)),
    "delivery.worker.queue_metrics.count": lambda fails: queue_metrics.job(fails, ManualClock(NOW)),
    "eventlog.worker.trimming.delete_expired": lambda fails: trimming.job(fails, ManualClock(NOW)),
    "media.worker.claim_review.review": _media(
        lambda fails: (
            ClaimReview(store=fails, posts=fails, accounts=fails, clock=ManualClock(NOW)).review
        )
    ),
    "media.worker.orphans.round": _media(
        lambda fails: Orphans(store=fails, storage=fails, clock=ManualClock(NOW)).round
    ),
    "media.worker.placement.run_due": _media(
        lambda fails: Placements(store=fails, storage=fails, clock=ManualClock(NOW)).run_due
    ),
    "media.worker.purging.run_due": _media(
        lambda fails: Purges(store=fails, purger=fails, clock=ManualClock(NOW)).run_due
    ),
    "media.worker.sweep.delete_doomed": _media(lambda fails: _sweep(fails).delete_doomed),
    "media.worker.sweep.expire": _media(lambda fails: _sweep(fails).expire),
    "media.worker.sweep.prune": _media(lambda fails: _sweep(fails).prune),
    "notification.worker.retention.delete_expired": lambda fails: notification_retention.job(
        store=fails, cleanup=fails, clock=ManualClock(NOW)
    ),
    "post.worker.reconciliation.reconcile": lambda fails: every(
        0.0, "reconciliation", Reconciliation(store=fails, clock=ManualClock(NOW)).reconcile
    ),
    "post.worker.protections.review": lambda fails: every(
        0.0, "protections", Protections(store=fails, profiles=fails).review
    ),
    "search.worker.comparing.step": _search(lambda worker: worker.comparing.step),
    "search.worker.counts.run_due": _search(lambda worker: worker.counts.run_due),
    "search.worker.hashtag_recounts.run_due": _search(
        lambda worker: worker.hashtag_recounts.run_due
    ),
    "search.worker.hashtag_retention.delete_expired": _search(
        lambda worker: worker.hashtag_retention.delete_expired
    ),
    "search.worker.reindexing.run_due": _search(lambda worker: worker.reindexing.run_due),
    "search.worker.rereads.prune": _search(lambda worker: worker.rereads.prune),
    "search.worker.rereads.run_due": _search(lambda worker: worker.rereads.run_due),
    "search.worker.trends.run_due": _search(lambda worker: worker.trends.run_due),
    "timeline.compose.prune_hashtags": lambda fails: every(
        0.0, "prune_hashtags", partial(timeline_compose.prune_hashtags, fails, ManualClock(NOW))
    ),
    "user.worker.background_tasks.run_all": lambda fails: every(
        0.0,
        "background_tasks",
        BackgroundTasks(
            store=fails,
            clock=ManualClock(NOW),
            ids=fails,
            tombstones=HandleTombstones(master_key=bytes(32)),
        ).run_all,
    ),
    "user.worker.counters.reconcile": lambda fails: every(
        0.0,
        "counters",
        Reconciler(store=fails, user_cache=fails, count_posts=fails.count_posts).reconcile,
    ),
}
# Endless, and no job on its own, or one whose failures other tests bring about.
OTHERS = {
    "chassis.rpc.clients._follow",  # tests/servicers/chassis/test_tls.py
    "chassis.runtime.event_loop.measure_lag",  # tests/unit/chassis/test_event_loop.py
    "chassis.runtime.ids.make",  # waits for the clock
    "chassis.storage.postgres._listen",  # tests/stores/chassis/test_postgres.py
    "chassis.cache.change_log._since",  # ends with its call
    "chassis.cache.change_log._tail",  # ends with its call
    "chassis.rpc.invalidation.Watch",  # tests/servicers/post/test_changes.py
    "chassis.cache.redis_channels.messages",  # tests/stores/chassis/test_redis_channels.py
    "chassis.cache.redis_client._wait_for_return",  # tests/stores/chassis/test_redis.py
    "chassis.storage.relay.run",  # tests/stores/chassis/test_relay.py
    "chassis.storage.relay._campaign",
    "chassis.storage.retention._forget_refused",  # a part of retention.forget_old
    "chassis.runtime.supervision._keep",  # what is tested with
    "chassis.storage.worker_lease.take_when_free",  # ends with the start of a process
    "chassis.storage.worker_lease.keep",  # tests/stores/chassis/test_worker_lease.py
    "chassis.events.bus.partition._move_to_dead_letters",  # tests/unit/chassis/test_partition.py
    "chassis.events.bus.partition._try",
    "media.worker.runner._keep",  # tests/unit/media/test_runner.py
    "eventlog.domain.live.run",  # tests/servicers/eventlog/test_streams.py
    "media.domain.media.wait",  # ends with its call
    "eventlog.worker.trimming.delete_expired",  # a part of trimming.job
    "post.worker.protections._align_all",  # a part of protections.review
}


@pytest.fixture(autouse=True, scope="module")
def no_pauses() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retention, "_INTERVAL_SECONDS", 0.0)
        patch.setattr(revocations, "POLL_SECONDS", 0.0)
        patch.setattr(delivery_compose, "_PRUNE_SECONDS", 0.0)
        patch.setattr(queue_metrics, "_INTERVAL_SECONDS", 0.0)
        patch.setattr(trimming, "_INTERVAL_SECONDS", 0.0)
        patch.setattr(notification_retention, "_INTERVAL_SECONDS", 0.0)
        patch.setattr(media_runner, "_POLL_SECONDS", 0.0)
        patch.setattr(media_runner, "_TROUBLE_SECONDS", 0.0)
        patch.setattr(timeline_compose, "_PRUNE_SECONDS", 0.0)
        patch.setattr(timeline_compose, "_PRUNE_HASHTAGS_SECONDS", 0.0)
        yield


def test_every_endless_function_of_the_services_is_a_tested_job_or_named_as_another() -> None:
    found = {
        name
        for name in source.endless_functions()
        # Deliveries have fuzz tests of their own.
        if not name.startswith("delivery.")
    }

    assert_listed(
        found,
        [*JOBS, *OTHERS],
        kind="case in JOBS and no line in OTHERS",
        file=__file__,
        guide="Add a service",
    )


@pytest.mark.parametrize("name", sorted(JOBS | PERIODIC))
@settings(max_examples=12, deadline=None, derandomize=True)
@given(errors=st.lists(st.sampled_from(ERRORS), min_size=1, max_size=5))
def test_job_that_fails_in_any_way_works_again(
    name: str, errors: list[Callable[[], Exception]]
) -> None:
    asyncio.run(_survives(name, (JOBS | PERIODIC)[name], errors))


async def _survives(
    name: str, make: Callable[[Any], Job], errors: list[Callable[[], Exception]]
) -> None:
    fails, neighbour = Failing(errors), Failing([])
    gave_up: list[None] = []
    supervisor = Supervisor(on_fatal=lambda: gave_up.append(None))
    before = _failures("neighbour")
    supervisor.start(name, make(fails))
    supervisor.start("neighbour", JOBS["chassis.runtime.periodic.run"](neighbour))

    await eventually(lambda: fails.calls > 2)
    calls = neighbour.calls
    await eventually(lambda: neighbour.calls > calls)
    await supervisor.end(10.0)

    assert not gave_up
    assert _failures("neighbour") == before


def _failures(job: str) -> float:
    return REGISTRY.get_sample_value("roost_job_failures_total", {"name": job}) or 0.0

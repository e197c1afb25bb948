"""A rebuild beside the live index: under writes, killed at each step, cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unavailable
from services.chassis.storage import postgres
from services.search.domain import reindexing as operations
from services.search.domain.documents import document
from services.search.domain.posts.index import GenerationRunning
from services.search.domain.posts.model import (
    ANONYMOUS,
    Counts,
    SegmentComparison,
    Upsert,
    Viewer,
)
from services.search.domain.query.model import Term
from services.search.domain.reindexing import (
    Reindex,
    ReindexNotFound,
    ReindexState,
)
from services.search.domain.users.words import user_query
from services.search.worker import reindexing
from tests.builders.search_worker import (
    START,
    Killed,
    Stepping,
    Steps,
    World,
    likes,
    postgres_stores,
)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "POSTS_AT_ONCE", 4)
    monkeypatch.setattr(reindexing, "USERS_AT_ONCE", 2)


async def start(world: World) -> Reindex:
    async with world.stores.store.transaction() as transaction:
        return await operations.start(
            world.stores.posts, world.stores.reindexes, transaction, now=world.clock.now()
        )


async def cancel(world: World, reindex_id: int) -> Reindex:
    async with world.stores.store.transaction() as transaction:
        return await operations.cancel(
            world.stores.posts,
            world.stores.reindexes,
            transaction,
            reindex_id,
            now=world.clock.now(),
        )


async def latest(world: World) -> Reindex:
    return await operations.get(world.stores.reindexes, 0)


async def rebuild(world: World) -> Reindex:
    """Starts a rebuild and lets it end."""
    started = await start(world)
    await world.worker.reindexing.run_due()
    ended = await latest(world)
    assert ended.id == started.id
    return ended


async def assert_right(world: World, authors: list[int]) -> None:
    """The index has exactly the posts of the Post service, each in its newest form."""
    for author_id in authors:
        own = {k: v for k, v in world.truth().items() if v.author_id == author_id}
        viewer = Viewer(user_id=author_id)
        assert await world.found(Term(f"from:{author_id}"), viewer) == sorted(own)
        for post_id, right in own.items():
            for term in right.terms:
                assert post_id in await world.found(Term(term), viewer)
            for word in set(right.words) - {""}:
                assert post_id in await world.found(word, viewer)


async def test_upgraded_installation_makes_all_posts_and_users_findable_by_itself(
    world: World,
) -> None:
    for number in range(10):
        world.post(world.alice, f"word{number} #tag")
    world.post_service.posts[world.last_post].counts.CopyFrom(likes(3))

    await world.worker.reindexing.run_due()

    await assert_right(world, [world.alice])
    assert await world.counts(world.alice, world.last_post) == Counts(likes=3)
    (use,) = (await world.stores.hashtags.hashtags(["tag"])).values()
    assert use.posts_count == 10
    ended = await latest(world)
    assert (ended.state, ended.posts_scanned, ended.posts_total) == (ReindexState.DONE, 10, 10)
    assert ended.users_read
    assert ended.end_time is not None


async def test_rebuild_starts_by_itself_only_once(world: World) -> None:
    await world.worker.reindexing.run_due()
    first = await latest(world)

    await world.worker.reindexing.run_due()
    await world.another_worker().reindexing.run_due()

    assert await latest(world) == first


async def test_rebuild_starts_by_itself_after_the_analyzer_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.worker.reindexing.run_due()
    first = await latest(world)
    monkeypatch.setattr(reindexing, "VERSION", operations.VERSION + 1)
    monkeypatch.setattr(operations, "VERSION", operations.VERSION + 1)

    await world.another_worker().reindexing.run_due()

    second = await latest(world)
    assert second.id > first.id
    assert second.state is ReindexState.DONE


async def test_second_rebuild_is_refused_while_one_runs(world: World) -> None:
    await start(world)

    with pytest.raises((GenerationRunning, operations.ReindexRunning)) as refused:
        await start(world)
    assert refused.value.reason == "REINDEX_RUNNING"


async def test_rebuild_of_a_right_index_finds_equal_segments(world: World) -> None:
    for number in range(6):
        await world.consume(world.post(world.alice, f"word{number}"))

    ended = await rebuild(world)

    assert ended.segments_equal >= 1
    assert ended.segments_repaired == 0


async def test_event_that_arrives_after_the_scan_is_no_fault(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.consume(world.post(world.alice, "early"))
    late = world.post(world.alice, "late")
    compare = world.stores.posts.compare

    async def compare_before_the_event(generation: int) -> Sequence[SegmentComparison]:
        compared = await compare(generation)
        await world.consume(late)
        return compared

    monkeypatch.setattr(world.stores.posts, "compare", compare_before_the_event)
    ended = await rebuild(world)

    assert (ended.segments_equal, ended.segments_repaired) == (1, 0)


async def test_index_that_was_damaged_is_repaired_and_counted(world: World) -> None:
    for number in range(6):
        await world.consume(world.post(world.alice, f"word{number}"))
    damaged = next(iter(world.truth().values()))
    ghost = replace(damaged, post_id=world.new_id(), words=("ghost",))
    async with world.stores.store.transaction() as transaction:
        await world.stores.posts.apply(
            transaction, [Upsert(ghost), Upsert(replace(damaged, words=("damaged",)))]
        )
    assert await world.found("ghost") == [ghost.post_id]
    assert await world.found("damaged") == [damaged.post_id]

    ended = await rebuild(world)

    assert ended.state is ReindexState.DONE
    assert ended.segments_repaired == 1
    assert await world.found("ghost") == []
    assert await world.found("damaged") == []
    await assert_right(world, [world.alice])


@pytest.mark.parametrize("seed", range(8))
async def test_rebuild_under_writes_equals_the_live_index(world: World, seed: int) -> None:
    dice = random.Random(seed)
    for number in range(25):
        created = world.post(world.alice, f"word{number}")
        # Some events were lost.
        if dice.random() < 0.8:
            await world.consume(created)
    pending = []

    async def write() -> None:
        """Writes, and consumes some of the events, out of order."""
        for _ in range(dice.randint(0, 4)):
            ids = sorted(world.post_service.posts)
            act = dice.random()
            if act < 0.4 or not ids:
                pending.append(world.post(world.alice, f"new{dice.random()}"))
            elif act < 0.7:
                pending.append(world.edit(dice.choice(ids), f"edited{dice.random()}"))
            else:
                pending.append(world.delete(dice.choice(ids)))
        dice.shuffle(pending)
        now, pending[:] = pending[: len(pending) // 2], pending[len(pending) // 2 :]
        if now:
            await world.consume(*now)

    world.post_service.before_page.append(write)
    ended = await rebuild(world)
    world.post_service.before_page.clear()
    if pending:
        await world.consume(*pending)

    assert ended.state is ReindexState.DONE
    await assert_right(world, [world.alice])
    again = await rebuild(world)
    assert again.segments_repaired == 0


async def test_post_that_is_deleted_between_its_page_and_its_load_stays_away(
    world: World,
) -> None:
    await world.consume(world.post(world.alice, "marmalade"))
    post_id = world.last_post
    deleted = []

    async def scan(after_id: int, limit: int) -> object:
        page = await type(world.post_service).scan(world.post_service, after_id, limit)
        if not deleted:
            deleted.append(world.delete(post_id))
            await world.consume(*deleted)
        return page

    world.post_service.scan = scan  # type: ignore[method-assign, assignment]
    await rebuild(world)

    assert await world.found("marmalade") == []


@pytest.mark.parametrize("fault", [Killed, Unavailable])
async def test_rebuild_that_is_killed_at_any_step_is_resumed_by_another_worker(
    world: World, fault: type[BaseException]
) -> None:
    for number in range(10):
        await world.consume(world.post(world.alice, f"word{number}"))
    for fatal in itertools.count(1):
        assert fatal < 200, "the rebuild does not end"
        started = await start(world)
        steps = Steps(fatal, fault=fault)
        worker = world.another_worker(lambda inner, steps=steps: Stepping(inner, steps))
        with contextlib.suppress(Killed, Unavailable):
            await worker.reindexing.run_due()
        world.clock.advance(120.0)
        await world.worker.reindexing.run_due()

        ended = await latest(world)
        assert (ended.id, ended.state) == (started.id, ReindexState.DONE)
        assert ended.posts_scanned == 10
        assert ended.segments_repaired == 0
        if steps.taken < fatal:
            assert fatal > 20, "the rebuild has no steps"
            break
    await assert_right(world, [world.alice])


async def test_resumed_rebuild_reads_no_page_twice(world: World) -> None:
    for number in range(10):
        world.post(world.alice, f"word{number}")

    async def die_at_the_third_page() -> None:
        if world.post_service.pages == 3:
            raise Killed

    world.post_service.before_page.append(die_at_the_third_page)
    with pytest.raises(Killed):
        await world.another_worker().reindexing.run_due()
    assert (await latest(world)).posts_scanned == 8
    world.post_service.before_page.clear()
    world.clock.advance(60.0)
    pages = world.post_service.pages

    await world.worker.reindexing.run_due()

    assert world.post_service.pages == pages + 1
    await assert_right(world, [world.alice])


async def during(world: World, act: Callable[[], Awaitable[object]]) -> None:
    """Acts once between the first and the second page of the running rebuild."""
    first = world.post_service.pages

    async def once() -> None:
        if world.post_service.pages == first + 2:
            await act()

    world.post_service.before_page.append(once)


async def test_cancelled_rebuild_ends_and_the_old_index_stays(world: World) -> None:
    for number in range(10):
        await world.consume(world.post(world.alice, f"word{number}"))
    started = await start(world)
    await during(world, lambda: cancel(world, started.id))

    await world.worker.reindexing.run_due()

    ended = await latest(world)
    assert ended.state is ReindexState.CANCELLED
    assert ended.end_time is not None
    await assert_right(world, [world.alice])
    assert await cancel(world, started.id) == ended
    world.post_service.before_page.clear()
    assert (await rebuild(world)).state is ReindexState.DONE


async def test_rebuild_that_has_ended_is_not_cancelled(world: World) -> None:
    await world.consume(world.post(world.alice, "marmalade"))
    ended = await rebuild(world)

    assert await cancel(world, ended.id) == ended
    assert await world.found("marmalade") == [world.last_post]


async def test_rebuild_that_does_not_exist_is_not_found(world: World) -> None:
    with pytest.raises(ReindexNotFound):
        await cancel(world, 404)
    with pytest.raises(ReindexNotFound):
        await operations.get(world.stores.reindexes, 404)
    with pytest.raises(ReindexNotFound):
        await operations.get(world.stores.reindexes, 0)


async def test_worker_whose_lease_was_taken_changes_nothing_more(world: World) -> None:
    for number in range(10):
        world.post(world.alice, f"word{number}")
    await start(world)
    other = world.another_worker()

    async def overtake() -> None:
        world.post_service.before_page.clear()
        world.clock.advance(60.0)
        await other.reindexing.run_due()

    await during(world, overtake)
    await world.worker.reindexing.run_due()

    ended = await latest(world)
    assert (ended.state, ended.posts_scanned) == (ReindexState.DONE, 10)
    await assert_right(world, [world.alice])


async def test_worker_that_is_stopped_leaves_the_rebuild_to_another_at_once(
    world: World,
) -> None:
    for number in range(10):
        world.post(world.alice, f"word{number}")
    reached = asyncio.Event()

    async def wait() -> None:
        if world.post_service.pages == 2:
            reached.set()
            await asyncio.Event().wait()

    world.post_service.before_page.append(wait)
    running = asyncio.create_task(world.another_worker().reindexing.run_due())
    await reached.wait()
    running.cancel()
    await asyncio.wait({running})
    world.post_service.before_page.clear()

    await world.worker.reindexing.run_due()

    ended = await latest(world)
    assert (ended.state, ended.posts_scanned) == (ReindexState.DONE, 10)


async def test_rebuild_waits_while_the_post_service_is_away(world: World) -> None:
    world.post(world.alice, "marmalade")

    async def away() -> None:
        raise Unavailable

    world.post_service.before_page.append(away)
    for _ in range(reindexing.MAX_FAILURES + 2):
        await world.worker.reindexing.run_due()
        world.clock.advance(120.0)
    assert (await latest(world)).state is ReindexState.COPYING

    world.post_service.before_page.clear()
    await world.worker.reindexing.run_due()
    assert (await latest(world)).state is ReindexState.DONE


async def test_rebuild_that_fails_again_and_again_ends_with_its_reason(world: World) -> None:
    await world.consume(world.post(world.alice, "marmalade"))
    await start(world)

    async def broken() -> None:
        raise RuntimeError("a fault of the code")

    world.post_service.before_page.append(broken)
    for _ in range(reindexing.MAX_FAILURES):
        await world.worker.reindexing.run_due()
        world.clock.advance(120.0)

    ended = await latest(world)
    assert ended.state is ReindexState.FAILED
    assert "a fault of the code" in ended.failure
    assert await world.found("marmalade") == [world.last_post]
    # The operator may try again.
    world.post_service.before_page.clear()
    assert (await rebuild(world)).state is ReindexState.DONE


async def test_post_that_cannot_be_indexed_does_not_stop_a_rebuild(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        world.post(world.alice, f"word{number}")

    def refusing(post: object) -> object:
        made = document(post)  # type: ignore[arg-type]
        if "word5" in made.words:
            raise ValueError("no document")
        return made

    monkeypatch.setattr("services.search.worker.effects.document", refusing)
    await world.worker.reindexing.run_due()

    assert (await latest(world)).state is ReindexState.DONE
    assert await world.found("word5") == []
    assert [len(await world.found(f"word{number}")) for number in range(10)].count(1) == 9


async def test_posts_of_protected_accounts_are_not_open_after_a_rebuild(world: World) -> None:
    world.register(world.bob, "bob", protected=True)
    world.post(world.bob, "marmalade")

    await world.worker.reindexing.run_due()

    assert await world.found("marmalade") == []
    assert await world.found("marmalade", Viewer(user_id=world.bob)) == [world.last_post]


async def test_deleted_post_whose_event_was_lost_is_gone_after_a_rebuild(world: World) -> None:
    await world.consume(world.post(world.alice, "marmalade"))
    world.delete(world.last_post)
    assert len(await world.found("marmalade")) == 1

    ended = await rebuild(world)

    assert ended.segments_repaired == 1
    assert await world.found("marmalade") == []


async def test_deleted_account_whose_event_was_lost_is_gone_after_a_rebuild(world: World) -> None:
    others = [world.new_id() for _ in range(3)]
    for number, user_id in enumerate([world.alice, *others]):
        await world.consume(world.register(user_id, f"user{number}", display_name="Quokka"))
        await world.consume(world.post(user_id, "marmalade"))
    for lost in (others[0], others[2]):
        world.delete_user(lost)

    await rebuild(world)

    query = user_query("quokka")
    assert query is not None
    found = await world.stores.users.find(query, ANONYMOUS, after=None, limit=10)
    assert {each.user_id for each in found} == {world.alice, others[1]}
    assert len(await world.found("marmalade")) == 2


async def test_live_indexing_goes_on_during_a_rebuild(world: World) -> None:
    for number in range(10):
        await world.consume(world.post(world.alice, f"word{number}"))
    started = await start(world)
    seen = []

    async def write() -> None:
        await world.consume(world.post(world.alice, "marmalade"))
        seen.append(await world.found("marmalade"))

    await during(world, write)
    await world.worker.reindexing.run_due()

    assert [len(each) for each in seen] == [1]
    assert (await latest(world)).id == started.id
    assert len(await world.found("marmalade")) == 1


async def test_tables_that_were_damaged_by_hand_are_repaired(search_url: str) -> None:
    clock = ManualClock(START)
    async with postgres.connect(search_url, clock=clock) as database:
        world = World(postgres_stores(database), clock)
        for number in range(12):
            await world.consume(world.post(world.alice, f"word{number}"))
        first, second, third, *_ = sorted(world.truth())
        await database.execute("UPDATE posts_1_1 SET tokens = '' WHERE post_id = $1", first)
        await database.execute("DELETE FROM posts_1_1 WHERE post_id = $1", second)
        await database.execute("UPDATE posts_1_1 SET revision = 99 WHERE post_id = $1", third)
        assert [len(await world.found(f"word{number}")) for number in range(3)] == [0, 0, 1]

        ended = await rebuild(world)

        assert (ended.segments_equal, ended.segments_repaired) == (0, 1)
        await assert_right(world, [world.alice])
        found = await world.stores.posts.find(
            Term(f"from:{world.alice}"), Viewer(user_id=world.alice), limit=100
        )
        assert {each.revision for each in found} == {1}
        assert (await rebuild(world)).segments_repaired == 0

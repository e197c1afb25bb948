"""Counts and posts that are read again: marks, leases, pauses, and what is given up."""

from __future__ import annotations

import contextlib
import itertools
from datetime import timedelta

import pytest

from services.chassis.runtime.errors import Unavailable
from services.search.domain.posts.model import Counts
from services.search.domain.refreshes import PostReread, Subject
from services.search.worker import comparing
from services.search.worker.rereads import MAX_ATTEMPTS
from tests.builders.search_worker import Killed, Stepping, Steps, World, a_picture, likes


async def mark(world: World, *ids: int) -> None:
    async with world.stores.store.transaction() as transaction:
        await world.stores.refreshes.mark_counts(transaction, Subject.POST, ids, world.clock.now())


async def lease(world: World) -> list[int]:
    now = world.clock.now()
    return await world.stores.refreshes.lease_counts(
        Subject.POST, now=now, lease_end=now + timedelta(seconds=30), limit=10
    )


async def finish(world: World, *ids: int, read: float = 0.0) -> None:
    async with world.stores.store.transaction() as transaction:
        await world.stores.refreshes.finish_counts(
            transaction,
            Subject.POST,
            ids,
            read_time=world.clock.now() - timedelta(seconds=read),
        )


async def test_marked_post_is_leased_once_until_the_lease_ends(world: World) -> None:
    await mark(world, 1, 2)

    assert sorted(await lease(world)) == [1, 2]
    assert await lease(world) == []
    world.clock.advance(31.0)
    assert sorted(await lease(world)) == [1, 2]


async def test_counts_are_read_once_more_after_they_have_settled(world: World) -> None:
    await mark(world, 1)
    await lease(world)
    await finish(world, 1)

    assert await lease(world) == []
    world.clock.advance(5.0)
    assert await lease(world) == [1]
    await finish(world, 1)
    world.clock.advance(60.0)
    assert await lease(world) == []
    assert (await world.stores.refreshes.count_waiting(world.clock.now()))[Subject.POST] == (0, 0)


async def test_post_that_is_marked_while_it_is_read_is_read_again_after_the_pause(
    world: World,
) -> None:
    await mark(world, 1)
    await lease(world)
    world.clock.advance(0.2)
    await mark(world, 1)
    await finish(world, 1, read=0.2)

    assert await lease(world) == []
    world.clock.advance(1.0)
    assert await lease(world) == [1]


async def test_busy_post_is_read_once_a_second(world: World) -> None:
    reads = 0
    for _ in range(100):
        await mark(world, 1)
        if await lease(world):
            reads += 1
            await finish(world, 1)
        world.clock.advance(0.1)

    assert 8 <= reads <= 11


async def test_posts_and_users_wait_apart(world: World) -> None:
    await mark(world, 1)

    now = world.clock.now()
    assert (
        await world.stores.refreshes.lease_counts(Subject.USER, now=now, lease_end=now, limit=10)
        == []
    )


async def request(world: World, *rereads: PostReread) -> None:
    async with world.stores.store.transaction() as transaction:
        await world.stores.refreshes.request_rereads(transaction, rereads, world.clock.now())


async def lease_rereads(world: World) -> list[PostReread]:
    now = world.clock.now()
    return await world.stores.refreshes.lease_rereads(
        now=now, lease_end=now + timedelta(seconds=30), limit=10
    )


async def test_reread_that_is_requested_again_while_it_is_leased_is_not_done(
    world: World,
) -> None:
    await request(world, PostReread(1, 5, 2))
    (leased,) = await lease_rereads(world)
    assert leased == PostReread(1, 5, 2, attempts=1)
    await request(world, PostReread(1, 5, 1))

    async with world.stores.store.transaction() as transaction:
        await world.stores.refreshes.finish_reread(transaction, leased)

    (again,) = await lease_rereads(world)
    assert again == PostReread(1, 5, 2, attempts=1)


async def test_reread_that_is_done_is_repeated_until_it_is_forgotten(world: World) -> None:
    await request(world, PostReread(1, 5, 2))
    (leased,) = await lease_rereads(world)
    async with world.stores.store.transaction() as transaction:
        await world.stores.refreshes.finish_reread(transaction, leased)
    assert await lease_rereads(world) == []

    async with world.stores.store.transaction() as transaction:
        await world.stores.refreshes.repeat_rereads(transaction, [1], world.clock.now())
    (again,) = await lease_rereads(world)
    async with world.stores.store.transaction() as transaction:
        await world.stores.refreshes.finish_reread(transaction, again)
    world.clock.advance(timedelta(days=8))
    await world.worker.rereads.prune()

    async with world.stores.store.transaction() as transaction:
        await world.stores.refreshes.repeat_rereads(transaction, [1], world.clock.now())
    assert await lease_rereads(world) == []


async def test_reread_that_waits_is_not_forgotten(world: World) -> None:
    await request(world, PostReread(1, 5, 2))
    world.clock.advance(timedelta(days=8))

    await world.worker.rereads.prune()

    assert len(await lease_rereads(world)) == 1


async def test_changed_description_is_found_once_the_post_service_has_it(world: World) -> None:
    await world.consume(world.post(world.alice, "lunch", media=[a_picture(5, "marmalade")]))
    post_id = world.last_post
    described = world.describe_medium(post_id, 5, "cheese")

    await world.consume(described)
    await world.worker.rereads.run_due()
    assert await world.found("marmalade") == [post_id]

    world.settle_media(described)
    world.clock.advance(10.0)
    await world.worker.rereads.run_due()
    assert await world.found("marmalade") == []
    assert await world.found("cheese") == [post_id]


async def test_late_event_of_the_post_does_not_bring_the_old_description_back(
    world: World,
) -> None:
    created = world.post(world.alice, "lunch", media=[a_picture(5, "marmalade")])
    post_id = world.last_post
    described = world.describe_medium(post_id, 5, "cheese")
    world.settle_media(described)
    await world.consume(described)
    await world.worker.rereads.run_due()
    assert await world.found("cheese") == [post_id]

    await world.consume(created)
    await world.worker.rereads.run_due()

    assert await world.found("cheese") == [post_id]
    assert await world.found("marmalade") == []


async def test_reread_of_a_post_that_never_shows_the_change_is_given_up(world: World) -> None:
    await world.consume(world.post(world.alice, "lunch", media=[a_picture(5, "marmalade")]))
    await world.consume(world.describe_medium(world.last_post, 5, "cheese"))

    for _ in range(MAX_ATTEMPTS + 1):
        await world.worker.rereads.run_due()
        world.clock.advance(120.0)

    assert await lease_rereads(world) == []


async def test_reread_of_a_deleted_post_brings_nothing_back(world: World) -> None:
    created = world.post(world.alice, "lunch", media=[a_picture(5, "marmalade")])
    post_id = world.last_post
    described = world.describe_medium(post_id, 5, "cheese")
    await world.consume(created, described)
    await world.consume(world.delete(post_id))

    await world.refresh()

    assert await world.found("lunch") == []


async def test_comparison_finds_a_count_that_no_event_reported(world: World) -> None:
    await world.consume(world.post(world.alice, "lunch"))
    post_id = world.last_post
    await world.refresh()
    world.post_service.posts[post_id].counts.CopyFrom(likes(3))
    await world.refresh()
    assert await world.counts(world.alice, post_id) == Counts()

    await world.worker.comparing.step()
    await world.refresh()

    assert await world.counts(world.alice, post_id) == Counts(likes=3)


async def test_comparison_goes_on_where_it_stopped_and_begins_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "AT_ONCE", 2)
    ids = []
    for number in range(3):
        await world.consume(world.post(world.alice, f"post {number}"))
        ids.append(world.last_post)

    marked = []
    for _ in range(3):
        await world.another_worker().comparing.step()
        marked.append(sorted(await lease(world)))
        await finish(world, *marked[-1])
        world.clock.advance(10.0)
        await finish(world, *await lease(world))

    assert marked == [ids[:2], ids[2:], ids[:2]]


@pytest.mark.parametrize("fault", [Killed, Unavailable])
async def test_refresh_that_is_killed_between_any_two_steps_loses_nothing(
    world: World, fault: type[BaseException]
) -> None:
    for fatal in itertools.count(1):
        assert fatal < 100, "the refresh does not end"
        await world.consume(
            world.post(world.alice, f"lunch{fatal}", media=[a_picture(5, "marmalade")])
        )
        post_id = world.last_post
        described = world.describe_medium(post_id, 5, f"cheese{fatal}")
        world.settle_media(described)
        await world.consume(world.like(post_id, world.bob), described)
        steps = Steps(fatal, fault=fault)
        worker = world.another_worker(lambda inner, steps=steps: Stepping(inner, steps))

        with contextlib.suppress(Killed, Unavailable):
            await worker.counts.run_due()
            await worker.rereads.run_due()
        # Leases end.
        world.clock.advance(60.0)
        await world.refresh()

        assert await world.counts(world.alice, post_id) == Counts(likes=1)
        assert await world.found(f"cheese{fatal}") == [post_id]
        if steps.taken < fatal:
            assert fatal > 5, "the refresh has no steps"
            return

"""A worker that is killed between any two steps, or whose step fails, loses and leaves nothing.

No object is without a row, no row without its objects, and no state stays.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from services.chassis.runtime.errors import Unavailable
from services.media.domain.model import Access, AccountState, Medium, MediumState, Use
from services.media.domain.processing import Rejected
from services.media.worker.audiences import ProfileMedia
from services.media.worker.jailed_process import TryFailed
from tests.builders.media_worker import Killed, Steps, Worker, World
from tests.stores.media.conftest import Scenario

# More steps than any act has.
MOST = 100


@pytest.fixture
def world(scenario: Scenario, tmp_path: Path) -> World:
    return World(scenario.store, scenario.clock, tmp_path)


@pytest.fixture(params=[Killed, Unavailable])
def fault(request: pytest.FixtureRequest) -> type[BaseException]:
    """What happens at a step: the process is killed, or a dependency is away for one call, of which
    nobody can say whether it had its effect."""
    fault: type[BaseException] = request.param
    return fault


async def faulty_at_every_step(
    world: World,
    prepare: Callable[[], Awaitable[Medium]],
    act: Callable[[Worker, Medium], Awaitable[object]],
    check: Callable[[Medium | None], Awaitable[None]],
    fault: type[BaseException],
) -> None:
    """Prepares, acts, and kills the process at its first step, or has the step fail; then again at
    its second, and so on until there is none. Each time another process finishes what was left:
    `check` holds."""
    for fatal in range(1, MOST):
        world.alice = world.numbers.user(bucket=3)
        medium = await prepare()
        steps = Steps(fatal, fault=fault)
        with contextlib.suppress(Killed, Unavailable):
            await act(world.killable(steps), medium)
        if steps.taken < fatal:
            assert fatal > 3, "the act has no steps"
            break
        # An event comes again, and leases end.
        await act(world.worker, medium)
        await world.settle()
        await world.check([medium])
        await check(await world.find(medium))
    else:
        pytest.fail("the act does not end")


async def process(worker: Worker, _: Medium) -> None:
    await worker.process()


async def test_processing(world: World, fault: type[BaseException]) -> None:
    async def is_ready(medium: Medium | None) -> None:
        assert medium is not None
        assert medium.state is MediumState.READY
        assert await world.upload(medium) is None

    await faulty_at_every_step(world, world.uploaded, process, is_ready, fault)


async def test_refusal(world: World, fault: type[BaseException]) -> None:
    async def refused() -> Medium:
        # Killed tries count: the worker may have died of the file.
        world.program.results = [Rejected("MEDIA_CORRUPT")] * 3
        return await world.uploaded()

    async def has_failed(medium: Medium | None) -> None:
        assert medium is not None
        assert (medium.state, medium.failure) == (MediumState.FAILED, "MEDIA_CORRUPT")
        assert await world.upload(medium) is None

    await faulty_at_every_step(world, refused, process, has_failed, fault)


async def test_failed_try(world: World, fault: type[BaseException]) -> None:
    async def fails_once() -> Medium:
        world.program.results = [TryFailed("sigsegv")]
        return await world.uploaded()

    async def is_ready(medium: Medium | None) -> None:
        assert medium is not None
        assert medium.state is MediumState.READY

    await faulty_at_every_step(world, fails_once, process, is_ready, fault)


async def test_post_that_everyone_may_see(world: World, fault: type[BaseException]) -> None:
    async def claimed() -> Medium:
        return await world.attached(world.numbers.of(world.alice))

    async def publish(worker: Worker, medium: Medium) -> None:
        assert medium.claim is not None
        await worker.audiences.post_written(world.audience(medium.claim.post_id), {medium.id})
        await worker.placements.step()

    async def is_open(medium: Medium | None) -> None:
        assert medium is not None
        assert medium.claim is not None
        assert medium.claim.confirmed
        assert medium.folder.startswith(f"{Access.OPEN}/")

    await faulty_at_every_step(world, claimed, publish, is_open, fault)


async def test_account_that_becomes_protected(world: World, fault: type[BaseException]) -> None:
    async def published() -> Medium:
        medium = await world.attached(world.numbers.of(world.alice))
        assert medium.claim is not None
        await world.worker.audiences.profile_written(
            world.alice, AccountState(False, world.clock.now()), ProfileMedia(0, 0)
        )
        await world.worker.audiences.post_written(world.audience(medium.claim.post_id), {medium.id})
        await world.settle()
        return await world.current(medium)

    async def protect(worker: Worker, _: Medium) -> None:
        account = AccountState(True, world.clock.now())
        await worker.audiences.profile_written(world.alice, account, ProfileMedia(0, 0))
        await worker.audiences.protection_changed(world.alice)
        await worker.placements.step()

    async def is_closed(medium: Medium | None) -> None:
        assert medium is not None
        assert medium.folder.startswith(f"{Access.CLOSED}/")

    await faulty_at_every_step(world, published, protect, is_closed, fault)


async def test_deleted_post(world: World, fault: type[BaseException]) -> None:
    async def published() -> Medium:
        medium = await world.attached(world.numbers.of(world.alice))
        assert medium.claim is not None
        await world.worker.audiences.post_written(world.audience(medium.claim.post_id), {medium.id})
        await world.settle()
        return await world.current(medium)

    async def delete(worker: Worker, medium: Medium) -> None:
        assert medium.claim is not None
        await worker.audiences.post_deleted(world.alice, medium.claim.post_id)
        await worker.sweep.delete_doomed()
        await worker.purges.step()

    async def is_gone(medium: Medium | None) -> None:
        assert medium is None
        assert not world.storage.stored
        assert world.purger.purged

    await faulty_at_every_step(world, published, delete, is_gone, fault)


async def test_unattached_medium_that_expires(world: World, fault: type[BaseException]) -> None:
    async def expired() -> Medium:
        medium = await world.ready()
        world.clock.advance(timedelta(hours=25))
        return medium

    async def expire(worker: Worker, _: Medium) -> None:
        await worker.sweep.expire()
        await worker.sweep.delete_doomed()

    async def is_gone(medium: Medium | None) -> None:
        assert medium is None
        assert not world.storage.stored

    await faulty_at_every_step(world, expired, expire, is_gone, fault)


async def test_replaced_profile_picture(world: World, fault: type[BaseException]) -> None:
    async def shown() -> Medium:
        medium = await world.claim(await world.ready(), Use.AVATAR)
        await world.worker.audiences.profile_written(
            world.alice, AccountState(False, world.clock.now()), ProfileMedia(medium.id, 0)
        )
        await world.settle()
        return await world.current(medium)

    async def replace(worker: Worker, _: Medium) -> None:
        account = AccountState(False, world.clock.now())
        await worker.audiences.profile_written(world.alice, account, ProfileMedia(0, 0))
        await worker.sweep.delete_doomed()

    async def is_gone(medium: Medium | None) -> None:
        assert medium is None
        assert not world.storage.stored

    await faulty_at_every_step(world, shown, replace, is_gone, fault)


async def test_worker_that_is_stopped_returns_its_job(world: World) -> None:
    medium = await world.uploaded()
    world.program.started = asyncio.Event()
    running = asyncio.create_task(world.worker.process())
    await world.program.started.wait()

    running.cancel()
    await asyncio.wait([running])

    world.program.started = None
    assert await world.worker.process()
    assert (await world.current(medium)).state is MediumState.READY

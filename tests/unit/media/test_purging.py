"""Caches drop the files of deleted folders: after their deletion, and until it is confirmed."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import REGISTRY

from services.media.domain.purging import PurgeFailed
from tests.builders.media_worker import World


async def deleted(world: World) -> str:
    """The folder of a medium whose owner deleted the account; its objects still exist."""
    medium = await world.ready()
    await world.worker.audiences.account_deleted(world.alice, world.clock.now())
    return medium.folder


async def test_folder_is_purged_only_after_its_objects_are_deleted(world: World) -> None:
    folder = await deleted(world)

    await world.worker.purges.run_due()
    assert not world.purger.purged

    await world.worker.sweep.delete_doomed()
    world.clock.advance(timedelta(seconds=3))
    await world.worker.purges.run_due()
    assert world.purger.purged == [folder]


async def test_purge_is_repeated_until_the_cache_confirms_it(world: World) -> None:
    folder = await deleted(world)
    await world.worker.sweep.delete_doomed()
    world.purger.failures = [PurgeFailed("away") for _ in range(20)]

    for _ in range(20):
        await world.worker.purges.run_due()
        world.clock.advance(timedelta(minutes=7))
    assert not world.purger.purged
    await world.worker.purges.run_due()

    assert world.purger.purged == [folder]
    assert await world.store.count_purges(world.clock.now()) == (0, 0.0)


async def test_pause_that_the_cache_requested_is_respected(world: World) -> None:
    await deleted(world)
    await world.worker.sweep.delete_doomed()
    world.purger.failures = [PurgeFailed("busy", retry_after=timedelta(minutes=10))]
    await world.worker.purges.run_due()

    world.clock.advance(timedelta(minutes=9))
    await world.worker.purges.run_due()
    assert not world.purger.purged

    world.clock.advance(timedelta(minutes=2))
    await world.worker.purges.run_due()
    assert world.purger.purged


async def test_due_purges_are_a_metric(world: World) -> None:
    await deleted(world)
    await world.worker.sweep.delete_doomed()
    world.purger.failures = [PurgeFailed("away")]

    await world.worker.purges.run_due()

    assert REGISTRY.get_sample_value("roost_media_purges_waiting") == 1
    world.clock.advance(timedelta(minutes=1))
    await world.worker.purges.run_due()
    assert REGISTRY.get_sample_value("roost_media_purges_waiting") == 0

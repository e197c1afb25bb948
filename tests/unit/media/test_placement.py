"""Moves between folders: nothing is lost when the audience changes again, or a copy fails."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import REGISTRY

from services.chassis.auth.signed_paths import LONGEST_LIFE
from services.media.domain.model import Access, FolderState, Medium
from tests.builders.media_worker import World


async def widened(world: World) -> Medium:
    """A medium of a public post, which is still in its closed folder."""
    post_id = world.numbers.of(world.alice)
    medium = await world.attached(post_id)
    await world.worker.audiences.post_written(world.audience(post_id), {medium.id})
    return await world.current(medium)


async def narrow(world: World, medium: Medium) -> None:
    assert medium.claim is not None
    audience = world.audience(medium.claim.post_id, revision=2, public=False)
    await world.worker.audiences.post_written(audience, ())


async def test_widened_medium_keeps_its_closed_folder_until_its_addresses_end(
    world: World,
) -> None:
    medium = await widened(world)

    await world.worker.placements.run_due()
    await world.worker.sweep.delete_doomed()
    await world.worker.purges.run_due()

    assert (await world.current(medium)).folder.startswith(f"{Access.OPEN}/")
    assert f"{medium.folder}/320.webp" in world.storage.stored
    assert not world.purger.purged
    world.clock.advance(LONGEST_LIFE)
    await world.worker.sweep.delete_doomed()
    assert f"{medium.folder}/320.webp" in world.storage.stored
    world.clock.advance(timedelta(minutes=2))
    await world.worker.sweep.delete_doomed()
    assert f"{medium.folder}/320.webp" not in world.storage.stored
    await world.worker.purges.run_due()
    assert world.purger.purged == [medium.folder]


async def test_narrowed_medium_ends_at_once_at_its_open_folder_and_the_closed_one_before_it(
    world: World,
) -> None:
    medium = await widened(world)
    await world.worker.placements.run_due()
    await world.worker.purges.run_due()
    opened = await world.current(medium)
    await narrow(world, medium)

    await world.worker.placements.run_due()
    await world.worker.sweep.delete_doomed()
    world.clock.advance(timedelta(seconds=3))
    await world.worker.purges.run_due()

    moved = await world.current(medium)
    assert {key.rpartition("/")[0] for key in world.storage.stored} == {moved.folder}
    assert sorted(world.purger.purged) == sorted([medium.folder, opened.folder])


async def test_deleted_medium_ends_at_once_at_its_open_folder_and_the_closed_one_before_it(
    world: World,
) -> None:
    medium = await widened(world)
    await world.worker.placements.run_due()
    await world.worker.purges.run_due()
    opened = await world.current(medium)
    assert medium.claim is not None

    await world.worker.audiences.post_deleted(world.alice, medium.claim.post_id)
    await world.worker.sweep.delete_doomed()
    world.clock.advance(timedelta(seconds=3))
    await world.worker.purges.run_due()

    assert not world.storage.stored
    assert sorted(world.purger.purged) == sorted([medium.folder, opened.folder])


async def test_copies_keep_their_content_types(world: World) -> None:
    medium = await widened(world)

    await world.worker.placements.run_due()

    folder = (await world.current(medium)).folder
    assert world.storage.stored[f"{folder}/320.webp"].content_type == "image/webp"


async def test_moved_medium_has_a_new_version(world: World) -> None:
    medium = await widened(world)

    await world.worker.placements.run_due()

    assert (await world.current(medium)).version == medium.version + 1


async def test_audience_that_changes_during_the_move_wins(world: World) -> None:
    medium = await widened(world)
    copy = world.storage.copy

    async def narrow_first(source: str, target: str) -> None:
        await copy(source, target)
        await narrow(world, medium)

    world.storage.copy = narrow_first  # type: ignore[method-assign]
    await world.worker.placements.step()
    world.storage.copy = copy  # type: ignore[method-assign]

    assert (await world.current(medium)).folder == medium.folder
    await world.settle()
    await world.check([medium])
    assert not [key for key in world.storage.stored if key.startswith(f"{Access.OPEN}/")]


async def test_medium_that_is_deleted_during_the_move_leaves_nothing(world: World) -> None:
    medium = await widened(world)
    copy = world.storage.copy

    async def delete_first(source: str, target: str) -> None:
        await copy(source, target)
        await world.worker.audiences.account_deleted(world.alice, world.clock.now())

    world.storage.copy = delete_first  # type: ignore[method-assign]
    await world.worker.placements.step()

    await world.settle()
    await world.check()
    assert await world.find(medium) is None
    assert not world.storage.stored


async def test_two_workers_move_a_medium_once(world: World) -> None:
    medium = await widened(world)
    copy, nested = world.storage.copy, []

    async def other_worker(source: str, target: str) -> None:
        await copy(source, target)
        if not nested:
            nested.append(source)
            # The lease of the first worker has ended.
            world.clock.advance(timedelta(minutes=5))
            assert await world.worker.placements.step()

    world.storage.copy = other_worker  # type: ignore[method-assign]
    await world.worker.placements.step()

    moved = await world.current(medium)
    assert moved.version == medium.version + 1
    await world.settle()
    await world.check([medium])
    assert (await world.current(medium)).folder == moved.folder


async def test_failed_copy_is_tried_again_later(world: World) -> None:
    medium = await widened(world)
    world.storage.away = True
    await world.worker.placements.run_due()
    world.storage.away = False

    await world.worker.placements.run_due()
    assert (await world.current(medium)).folder == medium.folder

    world.clock.advance(timedelta(seconds=10))
    await world.worker.placements.run_due()
    assert (await world.current(medium)).folder != medium.folder


async def test_folder_of_a_writer_that_died_is_deleted_after_it_cannot_write_any_more(
    world: World,
) -> None:
    medium = await world.ready()
    folder = (await world.store.existing_folders([medium.folder.split("/")[1]]))[0]
    left = folder._replace(key="left", state=FolderState.WRITING, create_time=world.clock.now())
    await world.store.add_folder(left)

    world.clock.advance(timedelta(minutes=59))
    await world.worker.sweep.expire()
    await world.worker.sweep.delete_doomed()
    assert await world.store.folder("left") is not None

    world.clock.advance(timedelta(minutes=2))
    await world.worker.sweep.expire()
    await world.worker.sweep.delete_doomed()
    assert await world.store.folder("left") is None


async def test_waiting_placements_are_a_metric(world: World) -> None:
    await widened(world)
    world.storage.away = True
    await world.worker.placements.run_due()

    assert REGISTRY.get_sample_value("roost_media_placements") == 1
    world.storage.away = False
    world.clock.advance(timedelta(minutes=1))
    await world.worker.placements.run_due()
    assert REGISTRY.get_sample_value("roost_media_placements") == 0

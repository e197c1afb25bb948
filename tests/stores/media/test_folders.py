"""Folders and purges."""

from datetime import datetime, timedelta

import pytest

from services.media.domain.model import WRITING_TIME, Access, Folder, FolderState, Purge
from tests.builders.media import START, a_folder
from tests.stores.media.conftest import Scenario

LATER = START + timedelta(minutes=10)


async def publish(scenario: Scenario, folder: Folder) -> bool:
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(folder.owner_id)
        return await transaction.publish_folder(folder.key)


async def doom(
    scenario: Scenario, folder: Folder, delete_after: datetime = START, keep: str = ""
) -> list[Folder]:
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(folder.owner_id)
        return await transaction.doom_folders(
            folder.medium_id, delete_after=delete_after, keep=keep
        )


async def purge(scenario: Scenario, folder: Folder, due_time: object = START) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(folder.owner_id)
        await transaction.add_purge(folder, due_time)  # type: ignore[arg-type]


@pytest.fixture
async def folder(scenario: Scenario) -> Folder:
    """A folder that is being written."""
    found = a_folder(await scenario.add(scenario.alice), "first", access=Access.OPEN)
    await scenario.store.add_folder(found)
    return found


async def test_folder_is_read_as_it_was_stored(scenario: Scenario, folder: Folder) -> None:
    assert folder.path == "m/first"
    assert await scenario.store.folder("first") == folder
    assert await scenario.store.folder("unknown") is None
    assert await scenario.store.existing_folders(["first", "unknown"]) == [folder]


async def test_folder_is_published_once(scenario: Scenario, folder: Folder) -> None:
    assert await publish(scenario, folder)
    assert not await publish(scenario, folder)

    assert await scenario.store.folder("first") == folder._replace(state=FolderState.LIVE)


async def test_doomed_folder_is_not_published(scenario: Scenario, folder: Folder) -> None:
    await doom(scenario, folder)

    assert not await publish(scenario, folder)


async def test_all_folders_of_a_medium_are_doomed(scenario: Scenario, folder: Folder) -> None:
    await publish(scenario, folder)
    writing = folder._replace(key="second", access=Access.CLOSED)
    await scenario.store.add_folder(writing)
    other = a_folder(await scenario.add(scenario.alice), "other")
    await scenario.store.add_folder(other)

    live = await doom(scenario, folder)

    assert live == [folder._replace(state=FolderState.LIVE)]
    # Its writer may still write into the second.
    assert [each.key for each in await scenario.store.doomed_folders(START, 5)] == ["first"]
    written = START + WRITING_TIME
    assert [each.key for each in await scenario.store.doomed_folders(written, 5)] == [
        "first",
        "second",
    ]
    assert await scenario.store.folder("other") == other


async def test_folder_that_is_kept_is_not_doomed(scenario: Scenario, folder: Folder) -> None:
    await publish(scenario, folder)

    assert await doom(scenario, folder, keep="first") == []

    assert await scenario.store.folder("first") == folder._replace(state=FolderState.LIVE)


async def test_dooming_returns_folders_that_end_earlier_now(
    scenario: Scenario, folder: Folder
) -> None:
    await publish(scenario, folder)
    later = folder._replace(state=FolderState.DOOMED, delete_after=LATER)

    assert await doom(scenario, folder, LATER) == [folder._replace(state=FolderState.LIVE)]
    assert await doom(scenario, folder, LATER) == []
    assert await doom(scenario, folder, START) == [later]
    assert await doom(scenario, folder, START) == []


async def test_earlier_deletion_prevails(scenario: Scenario, folder: Folder) -> None:
    await publish(scenario, folder)
    await doom(scenario, folder, LATER)
    assert await scenario.store.doomed_folders(START, 5) == []

    await doom(scenario, folder, START)
    await doom(scenario, folder, LATER)

    assert await scenario.store.doomed_folders(START, 5) == [
        folder._replace(state=FolderState.DOOMED, delete_after=START)
    ]


async def test_deletion_is_postponed(scenario: Scenario, folder: Folder) -> None:
    await doom(scenario, folder)

    await scenario.store.postpone_folder("first", LATER)

    assert await scenario.store.doomed_folders(START, 5) == []
    assert len(await scenario.store.doomed_folders(LATER, 5)) == 1


async def test_row_is_deleted_only_if_the_folder_is_doomed(
    scenario: Scenario, folder: Folder
) -> None:
    await scenario.store.delete_folder("first")
    assert await scenario.store.folder("first") == folder

    await doom(scenario, folder)
    await scenario.store.delete_folder("first")
    assert await scenario.store.folder("first") is None


async def test_abandoned_folders_are_doomed(scenario: Scenario, folder: Folder) -> None:
    await scenario.store.add_folder(folder._replace(key="recent", create_time=LATER))
    await scenario.store.add_folder(folder._replace(key="live"))
    await publish(scenario, folder._replace(key="live"))

    count = await scenario.store.doom_abandoned(START + timedelta(minutes=1), LATER, 5)

    assert count == 1
    assert [each.key for each in await scenario.store.doomed_folders(LATER, 5)] == ["first"]


async def test_folder_whose_writer_failed_is_doomed(scenario: Scenario, folder: Folder) -> None:
    await scenario.store.abandon_folder(folder.key, LATER)

    assert not await publish(scenario, folder)
    stored = await scenario.store.folder(folder.key)
    assert stored is not None
    assert (stored.state, stored.delete_after) == (FolderState.DOOMED, START + WRITING_TIME)


async def test_live_folder_is_not_abandoned(scenario: Scenario, folder: Folder) -> None:
    await publish(scenario, folder)

    await scenario.store.abandon_folder(folder.key, LATER)

    assert await scenario.store.folder(folder.key) == folder._replace(state=FolderState.LIVE)


async def test_purge_is_leased_once(scenario: Scenario, folder: Folder) -> None:
    await purge(scenario, folder)

    leased = await scenario.store.lease_purges(now=START, lease_end=LATER, limit=5)

    assert leased == [Purge("m/first", scenario.alice, ("320.webp", "compat.jpg"), 1, LATER)]
    assert await scenario.store.lease_purges(now=START, lease_end=LATER, limit=5) == []


async def test_longest_due_purges_come_first(scenario: Scenario, folder: Folder) -> None:
    await purge(scenario, folder._replace(key="third"), START + timedelta(seconds=2))
    await purge(scenario, folder._replace(key="second"), START + timedelta(seconds=1))
    await purge(scenario, folder._replace(key="first"), START)
    await purge(scenario, folder._replace(key="later"), LATER)
    now = START + timedelta(minutes=1)

    leased = await scenario.store.lease_purges(now=now, lease_end=LATER, limit=2)
    rest = await scenario.store.lease_purges(now=now, lease_end=LATER, limit=5)

    assert {each.folder for each in leased} == {"m/first", "m/second"}
    assert {each.folder for each in rest} == {"m/third"}


async def test_retried_purge_is_due_again(scenario: Scenario, folder: Folder) -> None:
    await purge(scenario, folder)
    (leased,) = await scenario.store.lease_purges(now=START, lease_end=LATER, limit=5)

    await scenario.store.retry_purge(leased, START + timedelta(seconds=5))

    now = START + timedelta(seconds=5)
    (again,) = await scenario.store.lease_purges(now=now, lease_end=LATER, limit=5)
    assert again.attempts == 2


async def test_finished_purge_is_gone(scenario: Scenario, folder: Folder) -> None:
    await purge(scenario, folder)
    (leased,) = await scenario.store.lease_purges(now=START, lease_end=LATER, limit=5)

    await scenario.store.finish_purge(leased)

    assert await scenario.store.count_purges(LATER) == (0, 0.0)


async def test_purge_that_is_requested_during_the_work_is_not_lost(
    scenario: Scenario, folder: Folder
) -> None:
    await purge(scenario, folder)
    (leased,) = await scenario.store.lease_purges(now=START, lease_end=LATER, limit=5)
    await purge(scenario, folder)

    await scenario.store.finish_purge(leased)

    assert len(await scenario.store.lease_purges(now=START, lease_end=LATER, limit=5)) == 1


async def test_late_worker_does_not_finish_the_purge_of_another(
    scenario: Scenario, folder: Folder
) -> None:
    await purge(scenario, folder)
    (lost,) = await scenario.store.lease_purges(now=START, lease_end=LATER, limit=5)
    await scenario.store.lease_purges(now=LATER, lease_end=LATER + timedelta(minutes=1), limit=5)

    await scenario.store.finish_purge(lost)
    await scenario.store.retry_purge(lost, START)

    assert await scenario.store.count_purges(LATER) == (1, 0.0)


async def test_waiting_purges_are_counted(scenario: Scenario, folder: Folder) -> None:
    await purge(scenario, folder)

    assert await scenario.store.count_purges(START + timedelta(seconds=7)) == (1, 7.0)

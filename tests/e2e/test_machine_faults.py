"""Faults of the machine: a full disk, a clock that jumps, slow and frozen processes."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import libfaketime
import pytest

from tests.e2e.audited_stack import AuditedStack, started_stack, two_of
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

OPERATIONS = 60
DISK_MEGABYTES = 400
JUMP_SECONDS = 20
# The reasons of temporary refusals.
RETRYABLE = {"DEPENDENCY_UNAVAILABLE", "DEADLINE_EXCEEDED", "OVERLOADED"}


class SmallDisk:
    """A small file system in a folder, which can be filled completely."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def filled(self) -> Iterator[None]:
        """Leaves no byte free within the context."""
        ballast = self._folder / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(4096))
            assert shutil.disk_usage(self._folder).free == 0
            yield
        finally:
            ballast.unlink(missing_ok=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "postgres"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system is not permitted")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.one_postgres("it fills the disk of the server")
async def test_full_disk_of_postgres_refuses_by_name_and_loses_nothing(
    tmp_path: Path, small_disk: SmallDisk
) -> None:
    async with started_stack(tmp_path, {}) as audited_stack:
        await audited_stack.clients.perform(OPERATIONS)
        with small_disk.filled():
            performing = asyncio.create_task(audited_stack.clients.perform(OPERATIONS))
            await eventually(lambda: audited_stack.clients.refusals.total() > 0, limit=60)
        await performing

        assert set(audited_stack.clients.refusals) <= RETRYABLE
        await audited_stack.assert_all_caught_up()


async def test_clock_that_jumps_forward_and_back_repeats_no_id_and_loses_nothing(
    tmp_path: Path,
) -> None:
    offset = tmp_path / "offset"
    offset.write_text("+0s\n")
    library = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
    settings = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    async with started_stack(tmp_path / "stack", settings) as audited_stack:
        for jump in (JUMP_SECONDS, 0):
            offset.write_text(f"{jump:+}s\n")
            await audited_stack.clients.perform(OPERATIONS)

        assert set(audited_stack.clients.refusals) <= RETRYABLE
        await audited_stack.assert_all_caught_up()


async def test_slow_service_refuses_nothing(tmp_path: Path) -> None:
    async with started_stack(tmp_path, {}) as audited_stack, slowed_down(audited_stack, "post"):
        await audited_stack.clients.perform(OPERATIONS)

        assert audited_stack.clients.refusals == {}
        await audited_stack.assert_all_caught_up()


async def test_frozen_process_is_excluded_while_its_replica_answers(tmp_path: Path) -> None:
    async with started_stack(tmp_path, two_of(["post"])) as audited_stack:
        audited_stack.signal("post-2", signal.SIGSTOP)
        try:
            await eventually(lambda: is_excluded(audited_stack), limit=10)
            await audited_stack.clients.perform(OPERATIONS)
        finally:
            audited_stack.signal("post-2", signal.SIGCONT)

        assert audited_stack.clients.refusals == {}
        await audited_stack.assert_all_caught_up()


async def is_excluded(audited_stack: AuditedStack) -> bool:
    return not await audited_stack.is_healthy()


@contextlib.asynccontextmanager
async def slowed_down(audited_stack: AuditedStack, part: str) -> AsyncIterator[None]:
    """Lets a process run for a third of the time, 0.1 s at once."""

    async def slow_down() -> None:
        while True:
            audited_stack.signal(part, signal.SIGSTOP)
            await asyncio.sleep(0.2)
            audited_stack.signal(part, signal.SIGCONT)
            await asyncio.sleep(0.1)

    slowing = asyncio.create_task(slow_down())
    try:
        yield
    finally:
        slowing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await slowing
        audited_stack.signal(part, signal.SIGCONT)

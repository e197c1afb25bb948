"""Parts are restarted, started in order, and none outlives its supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from local.part import Part
from local.process_runner import PartFailed, PartStatus
from local.supervisor import Supervisor

LIMIT_SECONDS = 60.0


class Toy(Part):
    """A process that runs the given Python source; it is ready once it has written its file."""

    ready_seconds = 30.0
    stop_seconds = 1.0

    def __init__(
        self, name: str, folder: Path, source: str = "", needs: Sequence[str] = ()
    ) -> None:
        super().__init__(name, "127.0.0.1:0")
        self.needs = needs
        self.sign = folder / f"{name}.ready"
        self._source = source or "sign(); time.sleep(600)"

    async def prepare(self) -> None:
        self.sign.unlink(missing_ok=True)

    def command(self) -> Sequence[str]:
        setup = f"import signal, sys, time\ndef sign(): open({str(self.sign)!r}, 'w').close()\n"
        return [sys.executable, "-S", "-c", setup + self._source]

    async def is_ready(self) -> bool:
        return self.sign.exists()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - other processes bring it about
            await asyncio.sleep(0.02)


def only(supervisor: Supervisor) -> PartStatus:
    [status] = supervisor.statuses()
    return status


async def test_killed_part_is_started_again(tmp_path: Path) -> None:
    async with Supervisor([Toy("toy", tmp_path)], logs=tmp_path / "logs") as supervisor:
        await supervisor.start()
        before = only(supervisor)
        assert before.pid is not None

        os.kill(before.pid, signal.SIGKILL)
        await until(lambda: only(supervisor).restarts == 1 and only(supervisor).state == "ready")

        assert only(supervisor).pid != before.pid


async def test_part_that_fails_again_and_again_is_tried_until_it_succeeds(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    source = f"import os\nif os.path.exists({str(broken)!r}): sys.exit(3)\nsign(); time.sleep(600)"
    async with Supervisor([Toy("toy", tmp_path, source)], logs=tmp_path / "logs") as supervisor:
        await supervisor.start()
        pid = only(supervisor).pid
        assert pid is not None
        broken.touch()

        os.kill(pid, signal.SIGKILL)
        await until(lambda: only(supervisor).restarts >= 3)
        broken.unlink()
        await until(lambda: only(supervisor).state == "ready")

    log = (tmp_path / "logs" / "toy.log").read_text()
    assert "toy could not start because it exited with status 3" in log


async def test_part_that_cannot_start_is_named_with_reason_and_log(tmp_path: Path) -> None:
    source = "print('starting'); sys.exit('FATAL: the disk is full')"
    async with Supervisor([Toy("toy", tmp_path, source)], logs=tmp_path / "logs") as supervisor:
        with pytest.raises(PartFailed) as failure:
            await supervisor.start()

        assert str(failure.value) == (
            "toy could not start because it exited with status 1, "
            f"saying “FATAL: the disk is full”; its log is {tmp_path}/logs/toy.log"
        )
        assert only(supervisor).state == "stopped"


async def test_part_that_hangs_is_given_up_and_not_left_behind(tmp_path: Path) -> None:
    hanging = Toy("toy", tmp_path, "time.sleep(600)")
    hanging.ready_seconds = 1.0
    async with Supervisor([hanging], logs=tmp_path / "logs") as supervisor:
        with pytest.raises(PartFailed, match="because it was not ready within 1 s"):
            await supervisor.start()

        assert only(supervisor).pid is None


async def test_program_that_is_missing_is_said(tmp_path: Path) -> None:
    class Absent(Toy):
        def command(self) -> Sequence[str]:
            return ["/nonexistent/program"]

    async with Supervisor([Absent("toy", tmp_path)], logs=tmp_path / "logs") as supervisor:
        with pytest.raises(PartFailed, match="No such file or directory"):
            await supervisor.start()


async def test_parts_start_after_what_they_need_and_stop_before_it(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    def note(statuses: list[PartStatus]) -> None:
        for status in statuses:
            if (status.name, status.state) not in seen:
                seen.append((status.name, status.state))

    parts = [Toy("server", tmp_path, needs=["engine"]), Toy("engine", tmp_path)]
    async with Supervisor(parts, logs=tmp_path / "logs", changed=note) as supervisor:
        await supervisor.start(["server"])
        started = list(seen)
        seen.clear()

    assert started.index(("engine", "ready")) < started.index(("server", "starting"))
    # Both are ready at first; the engine is stopped after the server.
    assert seen.index(("server", "stopped")) < seen.index(("engine", "stopping"))


async def test_part_starts_alone_where_what_it_needs_runs_elsewhere(tmp_path: Path) -> None:
    parts = [Toy("engine", tmp_path), Toy("service", tmp_path, needs=["engine"])]
    async with Supervisor(parts, logs=tmp_path / "logs") as supervisor:
        await supervisor.start(["service"], with_needs=False)

        assert [each.state for each in supervisor.statuses()] == ["stopped", "ready"]


async def test_part_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    source = "signal.signal(signal.SIGTERM, signal.SIG_IGN); sign(); time.sleep(600)"
    async with Supervisor([Toy("toy", tmp_path, source)], logs=tmp_path / "logs") as supervisor:
        await supervisor.start()
        pid = only(supervisor).pid
        assert pid is not None

        await supervisor.stop()

    assert not psutil.pid_exists(pid)
    assert "did not stop within 1 s" in (tmp_path / "logs" / "toy.log").read_text()


async def test_log_that_grows_is_put_aside(tmp_path: Path) -> None:
    source = "sign()\nwhile True: print('a line of it', flush=True); time.sleep(0.005)"
    logs = tmp_path / "logs"

    async with Supervisor(
        [Toy("toy", tmp_path, source)], logs=logs, log_bytes=1000, log_check_seconds=0.05
    ) as supervisor:
        await supervisor.start()
        await until((logs / "toy.log.2").exists)

    assert sorted(file.name for file in logs.iterdir()) == ["toy.log", "toy.log.1", "toy.log.2"]
    assert (logs / "toy.log.2").read_text().startswith("a line of it")


def test_no_part_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from local.supervisor import Supervisor\n"
        "from tests.local.test_supervisor import Toy\n"
        "async def run(folder):\n"
        "    async with Supervisor([Toy('toy', folder)], logs=folder / 'logs') as supervisor:\n"
        "        await supervisor.start()\n"
        "        print(supervisor.statuses()[0].pid, flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(run(pathlib.Path(sys.argv[1])))\n"
    )
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    ) as process:
        assert process.stdout is not None
        part = psutil.Process(int(process.stdout.readline()))

        process.kill()

    deadline = time.monotonic() + LIMIT_SECONDS
    while part.is_running() and part.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the part outlived its supervisor"
        time.sleep(0.02)

"""Roost's processes are forks of one process, and behave as if they had been executed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import grimp
import psutil
import pytest

from local.fork_server import LIBRARIES, SHARED_MODULES
from local.forks import ForkedProcess, Forks
from local.part import CannotStart
from local.parts.processes import ROOT, shared_environment
from services.chassis.runtime.manifest import deployed
from tests.metrics_document import rows
from tests.waiting import eventually

PROGRAM = "tests.local.copied"
# What the fork server does before it takes requests; in a process of its own, since tests import
# Roost's modules.
LOOK = """
import json, os
from local.fork_server import import_libraries
import_libraries()
from prometheus_client import REGISTRY
print(json.dumps([each.name for each in REGISTRY.collect() if each.name.startswith("roost")]))
print(len(os.listdir("/proc/self/task")))
"""


@pytest.fixture
async def forks(tmp_path: Path) -> AsyncIterator[Forks]:
    forks = Forks(shared_environment(os.environ), log=tmp_path / "fork-server.log")
    yield forks
    await forks.stop()


async def started(
    forks: Forks, log: Path, *arguments: str, environment: dict[str, str] | None = None
) -> ForkedProcess:
    with log.open("ab") as file:
        return await forks.start(
            [PROGRAM, *arguments],
            environment=environment or {},
            log=file,
            death_signal=signal.SIGKILL,
        )


def printed(log: Path) -> dict[str, Any]:
    """What a fork that has ended has printed."""
    found: dict[str, Any] = json.loads(log.read_text())
    return found


async def test_a_fork_has_the_arguments_environment_and_log_of_its_own(
    forks: Forks, tmp_path: Path
) -> None:
    log = tmp_path / "copy.log"

    process = await started(forks, log, "end", "3", environment={"ROOST_TOY": "one"})
    code = await process.wait()

    seen = printed(log)
    assert code == process.returncode == 3
    assert seen["arguments"] == ["end", "3"]
    assert seen["environment"] == {"ROOST_TOY": "one"}
    assert seen["session"]
    assert seen["child_signal"]
    assert seen["title"] == f"{sys.executable} -m {PROGRAM} end 3"


async def test_forks_draw_different_random_numbers(forks: Forks, tmp_path: Path) -> None:
    logs = [tmp_path / "one.log", tmp_path / "two.log"]

    for log in logs:
        await (await started(forks, log, "end", "0")).wait()

    one, two = [printed(log)["random"] for log in logs]
    assert one != two


async def test_a_killed_fork_ends_by_its_signal_and_the_others_run_on(
    forks: Forks, tmp_path: Path
) -> None:
    killed = await started(forks, tmp_path / "killed.log", "wait")
    other = await started(forks, tmp_path / "other.log", "wait")

    killed.send_signal(signal.SIGKILL)

    assert await killed.wait() == -signal.SIGKILL
    assert other.returncode is None
    assert psutil.pid_exists(other.pid)
    with pytest.raises(ProcessLookupError):
        killed.send_signal(signal.SIGTERM)


async def test_forks_die_with_their_server_and_the_next_one_has_a_new_server(
    forks: Forks, tmp_path: Path
) -> None:
    first = await started(forks, tmp_path / "first.log", "wait")
    server = psutil.Process(first.pid).parent()
    assert server is not None

    server.kill()

    assert await first.wait() == -signal.SIGKILL

    async def is_gone() -> bool:
        return not psutil.pid_exists(first.pid)

    await eventually(is_gone, limit=60.0)

    async def starts_again() -> bool:
        # The end of the server may not have been noticed yet.
        try:
            again = await started(forks, tmp_path / "again.log", "end", "0")
        except CannotStart:
            return False
        return await again.wait() == 0

    await eventually(starts_again, limit=60.0)


async def test_nothing_is_left_after_the_stop(forks: Forks, tmp_path: Path) -> None:
    process = await started(forks, tmp_path / "left.log", "wait")

    await forks.stop()

    assert await process.wait() == -signal.SIGKILL


async def test_a_server_that_cannot_import_is_reported_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "setproctitle.py").write_text("raise ImportError('a broken installation')")
    log = tmp_path / "fork-server.log"
    broken = Forks({"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}, log=log)

    with pytest.raises(CannotStart, match=str(log)):
        await started(broken, tmp_path / "copy.log", "end", "0")
    await broken.stop()

    assert "a broken installation" in log.read_text()


def test_libraries_are_those_that_the_stack_installs() -> None:
    locked = (ROOT / "requirements.txt").read_text()
    installed = {line.partition("==")[0] for line in locked.splitlines() if "==" in line}
    distributions = packages_distributions()

    for library in LIBRARIES:
        names = distributions[library.partition(".")[0]]
        found = {name.lower().replace("_", "-") for name in names}
        assert found & installed, library


def test_every_process_imports_the_shared_modules() -> None:
    graph = grimp.build_graph("services", "gateway", cache_dir=None)
    programs = [f"services.{each.noun}.__main__" for each in deployed() if each.processes]

    for program in (*programs, "gateway.__main__"):
        for module in SHARED_MODULES:
            assert graph.chain_exists(importer=program, imported=module), (program, module)


def test_the_fork_server_declares_the_metrics_of_every_process_and_has_no_threads() -> None:
    of_all = {name for name, row in rows().items() if row.process in {"all", "all services"}}

    seen = subprocess.run(
        [sys.executable, "-c", LOOK],
        env=shared_environment(os.environ), capture_output=True, text=True, check=True,
    )  # fmt: skip

    names, threads = seen.stdout.splitlines()
    found = {name for name in of_all if name.removesuffix("_total") in json.loads(names)}
    assert len(found) == len(json.loads(names))
    assert threads == "1"

"""A decoder that was taken over can do nothing but decode."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.media.worker.jail import enclosure, protocol
from tests.unit.media.jail import attacks
from tests.unit.media.jail.drawings import encoded, plain
from tests.unit.media.jail.program import run
from tests.waiting import eventually

ALL = {"limits", "user", "landlock", "seccomp"}

# What each layer alone refuses, as the README of the jail says.
BY_LANDLOCK = {
    "read a file of the system",
    "read the upload again",
    "read the upload by a relative name",
    "list a folder",
    "read the environment of the worker",
    "read its own memory",
    "write elsewhere",
    "write beside the folder",
    "link to a file outside",
    "make a folder",
    "make a named pipe",
    "connect to a port",
    "take a connection",
    "resolve a name",
    "execute a program",
    "start a program",
    "signal the worker",
}
BY_SECCOMP = {
    "open a socket",
    "connect to a port",
    "take a connection",
    "resolve a name",
    "execute a program",
    "start a program",
    "fork",
    "signal the worker",
    "have signals sent",
    "open the worker by its id",
    "trace the worker",
    "read the memory of the worker",
    "change the limits of the worker",
    "change the mode of the folder",
    "change the user",
    "change the root",
    "load code into the kernel",
    "make an anonymous program",
    "leave its namespaces",
    "mount",
}


def attacked(folder: Path, *left_out: str) -> dict[str, Any]:
    """What a process without these layers achieved."""
    (folder / "out").mkdir()
    (folder / "input").write_bytes(b"the upload")
    done = subprocess.run(
        [sys.executable, attacks.__file__, str(folder), *left_out],
        env={"PYTHONPATH": str(Path(__file__).parents[4])},
        capture_output=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr.decode()
    result: dict[str, Any] = json.loads(done.stdout)
    missing = ALL - {"user"} - set(left_out) - set(result["layers"])
    if missing:
        pytest.skip(f"the kernel lacks {missing}")
    return result


def succeeded(result: dict[str, Any]) -> set[str]:
    return {name for name, outcome in result["attacks"].items() if outcome == "done"}


def test_every_attack_from_inside_fails(tmp_path: Path) -> None:
    result = attacked(tmp_path)

    assert succeeded(result) == set()
    assert set(result["attacks"]) > BY_LANDLOCK | BY_SECCOMP
    assert not (tmp_path / "left").exists()


def test_an_import_fails_alike_in_every_environment(tmp_path: Path) -> None:
    imported = attacked(tmp_path)["attacks"]["import a module"]

    assert imported == "ModuleNotFoundError"


def test_what_decoders_need_works(tmp_path: Path) -> None:
    result = attacked(tmp_path)

    assert set(result["work"].values()) == {"done"}
    assert (tmp_path / "out" / "renamed").read_bytes() == b"made"


def test_files_stay_closed_without_seccomp(tmp_path: Path) -> None:
    assert not succeeded(attacked(tmp_path, "seccomp")) & BY_LANDLOCK


def test_calls_stay_refused_without_landlock(tmp_path: Path) -> None:
    assert not succeeded(attacked(tmp_path, "landlock")) & BY_SECCOMP


def test_the_limits_are_those_of_the_job(tmp_path: Path) -> None:
    limits = attacked(tmp_path)["limits"]

    # The attack raised the soft limit to what was granted; the hard one stays.
    assert limits["RLIMIT_AS"] == [300 * enclosure.MIB, attacks.LIMITS.max_memory_bytes]
    assert limits["RLIMIT_CPU"] == [60, 61]
    assert limits["RLIMIT_FSIZE"] == [1_000_000, 1_000_000]
    assert limits["RLIMIT_CORE"] == [0, 0]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_root_becomes_nobody(tmp_path: Path) -> None:
    result = attacked(tmp_path)

    assert result["user"] == enclosure.NOBODY
    assert "user" in result["layers"]


ENTER = """
import sys
from services.media.worker.jail import enclosure
limits = enclosure.Limits(memory_bytes=256 << 20, cpu_seconds=1, file_bytes=1)
enclosure.enter(limits, folder=sys.argv[1], mode=enclosure.Mode.AVAILABLE)
print("ready", flush=True)
"""


def command(code: str, folder: Path) -> list[str]:
    return [sys.executable, "-c", ENTER + code, str(folder)]


def test_a_job_that_computes_too_long_is_ended(tmp_path: Path) -> None:
    done = subprocess.run(command("while True: pass", tmp_path), check=False, capture_output=True)

    assert done.returncode == -signal.SIGXCPU


def test_a_job_that_takes_too_much_memory_fails(tmp_path: Path) -> None:
    done = subprocess.run(
        command("bytearray(512 << 20)", tmp_path), check=False, capture_output=True
    )

    assert done.returncode == 1
    assert b"MemoryError" in done.stderr


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that started a job, which waits in its jail."""
    job = command("import threading; threading.Event().wait()", tmp_path)
    code = (
        "import subprocess, sys, time\n"
        f"job = subprocess.Popen({job!r}, stdout=subprocess.PIPE)\n"
        "job.stdout.readline()\n"
        "print(job.pid, flush=True)\n"
        "job.wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


async def test_a_job_ends_with_its_worker(worker: subprocess.Popen[bytes]) -> None:
    assert worker.stdout is not None
    job = int(worker.stdout.readline())
    assert alive(job)

    worker.kill()

    await eventually(lambda: not alive(job))


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_the_first_line_names_the_active_layers() -> None:
    outcome = run(encoded(plain(), "PNG"))

    assert set(outcome.layers) <= ALL
    assert "limits" in outcome.layers


def test_a_system_with_the_library_filters_calls() -> None:
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("the system has no libseccomp.so.2")

    assert "seccomp" in run(encoded(plain(), "PNG")).layers


def without(layer: str, mode: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Runs the program on a picture, as on a kernel that lacks the layer."""
    (folder / protocol.INPUT).write_bytes(encoded(plain(), "PNG"))
    (folder / protocol.OUT).mkdir()
    code = (
        "import runpy\n"
        "from services.media.worker.jail import enclosure\n"
        f"enclosure.{layer} = lambda: False\n"
        "runpy.run_module('services.media.worker.jail', run_name='__main__')\n"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=folder,
        env={protocol.MODE: mode},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("layer", ["_filter_calls", "_restrict_files"])
def test_a_strict_jail_decodes_nothing_without_every_layer(layer: str, tmp_path: Path) -> None:
    done = without(layer, "strict", tmp_path)

    assert done.returncode != 0
    assert b"JailIncomplete" in done.stderr
    assert done.stdout == b""
    assert list((tmp_path / protocol.OUT).iterdir()) == []


def test_an_available_jail_decodes_and_reports_what_it_lacks(tmp_path: Path) -> None:
    done = without("_filter_calls", "available", tmp_path)

    lines = [protocol.decode(line) for line in done.stdout.splitlines()]
    assert "seccomp" not in (lines[0].jail or ())
    assert lines[-1].processed is not None


def test_a_process_with_other_threads_does_not_enter(tmp_path: Path) -> None:
    # They would stay outside.
    thread = "import threading; threading.Thread(target=input, daemon=True).start()\n"
    code = [sys.executable, "-c", thread + ENTER, str(tmp_path)]
    with subprocess.Popen(
        code, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        errors = process.stderr.read()
        process.kill()
        assert process.stdout.read() == b""
    assert b"ThreadsOutside" in errors


def test_a_limit_that_is_lower_already_stays() -> None:
    # As for a worker in a container with limits of its own.
    outcome = run(encoded(plain(), "PNG"), memory_bytes=200 * enclosure.MIB)

    assert outcome.processed.width == 64

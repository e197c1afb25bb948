"""The usage of processes with their children."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from bench.processes import Usage, spent, usage

# A process with a child that uses 0.3 s of CPU and then writes a line. The kernel counts in steps
# of 10 ms, so tests expect a little less.
FAMILY = """
import subprocess, sys
child = "import sys, time; [None for _ in iter(lambda: time.process_time() > 0.3, True)]; "
child += "print(flush=True); sys.stdin.read()"
subprocess.run([sys.executable, "-c", child])
"""


@pytest.fixture
def family() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", FAMILY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def test_a_child_counts_for_its_parent(family: subprocess.Popen[bytes]) -> None:
    assert family.stdout is not None
    family.stdout.readline()

    found = usage({"family": family.pid})

    assert found["family"].cpu_seconds >= 0.2
    assert found["family"].memory_mib > 1


def test_a_child_that_is_a_part_counts_only_for_itself(family: subprocess.Popen[bytes]) -> None:
    assert family.stdout is not None
    family.stdout.readline()
    (child,) = psutil.Process(family.pid).children()

    alone = usage({"family": family.pid})
    apart = usage({"family": family.pid, "child": child.pid})

    assert apart["child"].cpu_seconds >= 0.2
    # The parent used what starting an interpreter takes, and the child all of that and more.
    assert apart["family"].cpu_seconds <= alone["family"].cpu_seconds - 0.2


def test_a_child_that_has_ended_still_counts() -> None:
    subprocess.run(
        [sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"], check=True
    )

    assert usage({"own": os.getpid()})["own"].cpu_seconds >= 0.2


def test_memory_is_left_out_on_request() -> None:
    assert math.isnan(usage({"own": os.getpid()}, memory=False)["own"].memory_mib)


def test_a_part_that_is_gone_is_left_out() -> None:
    assert usage({"gone": 2**22 + 1}) == {}


def test_parts_of_one_reading_alone_have_spent_nothing_that_is_known() -> None:
    before = {"a": Usage(1.0, 0.0), "gone": Usage(5.0, 0.0)}
    after = {"a": Usage(1.5, 0.0), "new": Usage(2.0, 0.0)}

    assert spent(before, after) == {"a": 0.5}

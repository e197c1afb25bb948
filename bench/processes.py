"""What each process of the stack uses: CPU time, and memory."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

MIB = 1024 * 1024


@dataclass(frozen=True)
class Usage:
    """CPU seconds since a process began, and resident MiB, of one part with its children.

    Memory shared between the processes of a part (PostgreSQL's buffers) is counted once.
    """

    cpu_seconds: float
    rss_mib: float


def usage(pids: Mapping[str, int]) -> dict[str, Usage]:
    """What each part uses; parts that are gone are left out."""
    found = {}
    for name, pid in pids.items():
        with contextlib.suppress(psutil.NoSuchProcess):
            found[name] = _usage(psutil.Process(pid))
    return found


def spent(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> dict[str, float]:
    """CPU seconds by part between two looks, of those that were there at both."""
    return {
        name: after[name].cpu_seconds - before[name].cpu_seconds for name in before if name in after
    }


def _usage(process: psutil.Process) -> Usage:
    times = process.cpu_times()
    # Children that have ended count in their parent's figures, the living in their own.
    cpu = times.user + times.system + times.children_user + times.children_system
    memory = process.memory_info()
    rss = memory.rss
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            cpu += times.user + times.system
            memory = child.memory_info()
            rss += max(memory.rss - memory.shared, 0)
    return Usage(cpu, rss / MIB)

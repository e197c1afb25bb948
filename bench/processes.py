"""CPU time and memory of each process of the stack."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

MIB = 1024 * 1024


@dataclass(frozen=True)
class Usage:
    """CPU seconds since a process began, and memory, of one part with its children.

    The memory is the proportional set size: of what several processes share, such as PostgreSQL's
    buffers and the libraries of Roost's processes, each has its part. So figures may be added.
    """

    cpu_seconds: float
    memory_mib: float


def usage(pids: Mapping[str, int]) -> dict[str, Usage]:
    """Return the usage of each part; parts that have ended are left out."""
    found = {}
    for name, pid in pids.items():
        with contextlib.suppress(psutil.NoSuchProcess):
            found[name] = _usage(psutil.Process(pid))
    return found


def spent(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> dict[str, float]:
    """CPU seconds between two readings, of the parts that are in both."""
    return {
        name: after[name].cpu_seconds - before[name].cpu_seconds for name in before if name in after
    }


def _usage(process: psutil.Process) -> Usage:
    times = process.cpu_times()
    # Ended children are in the figures of their parent, running ones in their own.
    cpu = times.user + times.system + times.children_user + times.children_system
    memory = process.memory_full_info().pss
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            cpu += times.user + times.system
            memory += child.memory_full_info().pss
    return Usage(cpu, memory / MIB)

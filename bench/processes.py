"""CPU time and memory of each process of the stack."""

from __future__ import annotations

import contextlib
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

MIB = 1024 * 1024


@dataclass(frozen=True)
class Usage:
    """CPU seconds since a process began, and memory, of one part with its children.

    The memory is the proportional set size: of what several processes share, such as PostgreSQL's
    buffers and the libraries of Roost's processes, each has its part. So figures may be added. It
    is NaN if it was not read.
    """

    cpu_seconds: float
    memory_mib: float


def usage(pids: Mapping[str, int], *, memory: bool = True) -> dict[str, Usage]:
    """Return the usage of each part; parts that have ended are left out.

    A part that is the child of another, such as a fork of the fork server, counts only for itself.
    The CPU time of all parts is read first, within milliseconds. Their memory takes the kernel half
    a second, which would count as load; so it is left out on request.
    """
    table = {
        each.pid: each
        for each in psutil.process_iter(["ppid", "cpu_times"])
        if each.info["cpu_times"] is not None
    }
    children: defaultdict[int, list[int]] = defaultdict(list)
    parts_of_their_own = set(pids.values())
    for pid, each in table.items():
        if pid not in parts_of_their_own:
            children[each.info["ppid"]].append(pid)
    parts = {
        name: [table[each] for each in _with_descendants(pid, children)]
        for name, pid in pids.items()
        if pid in table
    }
    cpu = {name: _cpu_seconds(processes) for name, processes in parts.items()}
    return {
        name: Usage(cpu[name], _memory_mib(processes) if memory else math.nan)
        for name, processes in parts.items()
    }


def spent(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> dict[str, float]:
    """CPU seconds between two readings, of the parts that are in both."""
    return {
        name: after[name].cpu_seconds - before[name].cpu_seconds for name in before if name in after
    }


def _with_descendants(pid: int, children: Mapping[int, Sequence[int]]) -> Iterator[int]:
    """Yield a process, and then its descendants."""
    left = [pid]
    while left:
        place = left.pop()
        yield place
        left += children.get(place, ())


def _cpu_seconds(processes: list[Any]) -> float:
    # Ended children are in the figures of their parent, running ones in their own.
    ended = processes[0].info["cpu_times"]
    seconds = float(ended.children_user + ended.children_system)
    for each in processes:
        times = each.info["cpu_times"]
        seconds += times.user + times.system
    return seconds


def _memory_mib(processes: list[Any]) -> float:
    memory = 0
    for each in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            memory += each.memory_full_info().pss
    return memory / MIB

"""Decides which files a request used, from the entries of the recorders of all processes.

1. A request includes what runs while its trace is current, and the rest of such a task.
2. Some work has no trace: the relay, the threads of the bus and the hub serve many requests at
   once. There a call counts if its stack never occurs without a request. So polls, probes and
   heartbeats do not count.
3. Several consumers handle an event of a post. Spans link events to their causes. The
   longest chain of events leads to the socket; of equal ones, the one that ends in the service
   whose server sends to the gateway without a call. Other consumers do not count.
4. Each request is made several times. A file counts if every one of them used it, so jobs that run
   rarely do not count.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from statistics import median_low
from typing import Any, NamedTuple

Function = tuple[str, str]
Stack = tuple[Function, ...]

# A worker serves no calls, so a span that begins there handles an event.
WORKER, SERVER = " work", " serve"


class Entry(NamedTuple):
    """A function was entered: the last one of the stack, for the first time in a task and span.

    `at` is in nanoseconds of a clock that all processes of the machine share. `called` says
    whether the previous function on the stack calls it now, instead of awaiting it.
    """

    window: int
    at: int
    process: str
    task: int | None
    span: str | None
    called: bool
    stack: Stack


class Place(NamedTuple):
    """A file as one process uses it."""

    process: str
    file: str


class Use(NamedTuple):
    """How a request used a file in a process.

    `after` is in nanoseconds from the first entry of the request, the median of all requests;
    `functions` are in the order of their first call.
    """

    place: Place
    after: int
    functions: Sequence[str]


def read(folder: Path) -> list[Entry]:
    """All entries of a folder, by time."""
    lines = (line for path in folder.glob("*.jsonl") for line in path.read_text().splitlines())
    return sorted((_entry(json.loads(line)) for line in lines), key=lambda entry: entry.at)


def used(entries: Iterable[Entry], *, idle: Collection[int], windows: Collection[int]) -> list[Use]:
    """The files that all requests of `windows` used, in the order of the first use."""
    known: set[tuple[str, bool, Stack]] = set()
    by_window: dict[int, list[Entry]] = {number: [] for number in windows}
    for entry in entries:
        if entry.window in idle:
            known.add((entry.process, entry.called, entry.stack))
        elif entry.window in by_window:
            by_window[entry.window].append(entry)
    walks = [_walk(each, known) for each in by_window.values()]
    uses = []
    for place in walks[0]:
        if not all(place in walk for walk in walks):
            continue
        functions = [walk[place] for walk in walks]
        always = [name for name in functions[0] if all(name in each for each in functions)]
        after = median_low(next(iter(each.values())) for each in functions)
        uses.append(Use(place, after, always or list(functions[0])))
    return sorted(uses, key=lambda use: use.after)


def files(uses: Iterable[Use]) -> list[str]:
    """The files, each once, in the order of the first use."""
    return list(dict.fromkeys(use.place.file for use in uses))


def _walk(
    entries: Sequence[Entry], known: Collection[tuple[str, bool, Stack]]
) -> dict[Place, dict[str, int]]:
    """The functions that one request used, by place, each with the time of its first call."""
    tasks = {_task(entry): entry.span for entry in entries if entry.span and _task(entry)}
    counted: list[tuple[Entry, str | None]] = []
    for entry in entries:
        span = entry.span or tasks.get(_task(entry))
        if span or (entry.process, entry.called, entry.stack) not in known:
            counted.append((entry, span))
    senders = {
        entry.process.removesuffix(SERVER)
        for entry, span in counted
        if span is None and entry.process.endswith(SERVER)
    }
    others = _other_branches(entries, senders)
    found: dict[Place, dict[str, int]] = defaultdict(dict)
    for entry, span in counted:
        if span in others:
            continue
        # Without a trace, the caller belongs to the request as well.
        calls = entry.stack[-2:] if span is None and entry.called else entry.stack[-1:]
        for file, function in calls:
            place = found[Place(entry.process, file)]
            place.setdefault(function, entry.at - counted[0][0].at)
    return found


def _other_branches(entries: Sequence[Entry], senders: Collection[str]) -> set[str]:
    """The spans of consumers that do not lead to the socket, and of the calls that they make."""
    parents: dict[str, str] = {}
    handled: dict[str, str] = {}
    last: dict[object, str] = {}
    for entry in entries:
        task = _task(entry)
        if entry.span is None or task is None:
            continue
        # A task begins with the received span and continues with its own.
        before = last.setdefault(task, entry.span)
        last[task] = entry.span
        if before == entry.span or entry.span in parents.values():
            continue
        parents.setdefault(entry.span, before)
        if entry.process.endswith(WORKER):
            handled.setdefault(entry.span, entry.process.removesuffix(WORKER))

    def handlings(span: str) -> list[str]:
        """The handlings of events that a span is part of."""
        chain = [span]
        while (parent := parents.get(chain[-1])) is not None and parent not in chain:
            chain.append(parent)
        return [each for each in chain if each in handled]

    def length(span: str) -> tuple[int, bool]:
        return len(handlings(span)), handled[span] in senders

    path_to_socket = set(handlings(max(handled, key=length))) if handled else set()
    return {span for span in parents if not path_to_socket.issuperset(handlings(span))}


def _task(entry: Entry) -> tuple[str, int] | None:
    return None if entry.task is None else (entry.process, entry.task)


def _entry(line: dict[str, Any]) -> Entry:
    stack = tuple((file, function) for file, function in line.pop("stack"))
    return Entry(stack=stack, **line)

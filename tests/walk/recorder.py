"""Runs a module as `python -m` does, and records which functions of Roost are entered.

    python tests/walk/recorder.py -m services.post serve

Recording is on while the first byte of the board, a file that all processes map, is not 0. That
byte is the number of the window, and `trace_id_of` it is the trace of the window's request. Each
stack of Roost's functions is written once a window, task and span, as a line of JSON.
"""

from __future__ import annotations

import contextvars
import inspect
import json
import mmap
import os
import runpy
import sys
import threading
import time
from asyncio import Task, current_task, events
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
# The source folders of Roost's processes.
SOURCES = ("services", "gateway")

# The path of the board, and the folder of the entries.
BOARD, FOLDER = "ROOST_WALK_BOARD", "ROOST_WALK_FOLDER"

Function = tuple[str, str]


def trace_id_of(window: int) -> str:
    """The trace id of the request of a window."""
    return f"{window:032x}"


class Recorder:
    """Records calls. `call` is a profile function (`sys.setprofile`)."""

    def __init__(self, board: mmap.mmap, out: int, process: str) -> None:
        self._board = board
        self._out = out
        self._process = process
        self._functions: dict[CodeType, Function | None] = {}
        self._prefixes = tuple(f"{ROOT}/{each}/" for each in SOURCES)
        self._trace: contextvars.ContextVar[Any] | None = None
        self._written: set[tuple[object, ...]] = set()
        self._window = 0
        # The references keep tasks alive, so that their numbers are distinct within a window.
        self._tasks: dict[Task[Any], int] = {}

    def call(self, frame: FrameType, event: str, _: object) -> None:
        """Records the entered or resumed function, with the stack of Roost's functions."""
        window = self._board[0]
        if not window or event != "call" or self._function(frame.f_code) is None:
            return
        if window != self._window:
            self._window = window
            self._written.clear()
            self._tasks.clear()
        stack = self._stack(frame)
        task, span, called = self._task(), self._span(window), self._is_called(frame)
        key = (task, span, called, stack)
        if key in self._written:
            return
        self._written.add(key)
        entry = {
            "window": window,
            "at": time.monotonic_ns(),
            "process": self._process,
            "task": task,
            "span": span,
            "called": called,
            "stack": stack,
        }
        os.write(self._out, json.dumps(entry).encode() + b"\n")

    def _function(self, code: CodeType) -> Function | None:
        """The file and the name of a function of Roost; None for code of others, and for the bodies
        of modules and classes."""
        try:
            return self._functions[code]
        except KeyError:
            found = None
            if code.co_filename.startswith(self._prefixes) and code.co_flags & inspect.CO_OPTIMIZED:
                found = (os.path.relpath(code.co_filename, ROOT), code.co_qualname)
            self._functions[code] = found
            return found

    def _stack(self, frame: FrameType) -> tuple[Function, ...]:
        stack = []
        caller: FrameType | None = frame
        while caller is not None:
            function = self._function(caller.f_code)
            if function is not None:
                stack.append(function)
            caller = caller.f_back
        return tuple(reversed(stack))

    def _is_called(self, frame: FrameType) -> bool:
        """Whether a function of Roost calls it now: no library is between them, and it does not
        resume after a yield or an await. The instruction RESUME has that."""
        caller = frame.f_back
        return (
            caller is not None
            and self._function(caller.f_code) is not None
            and not frame.f_code.co_code[frame.f_lasti + 1] & 3
        )

    def _task(self) -> int | None:
        loop = events._get_running_loop()
        task = None if loop is None else current_task(loop)
        return None if task is None else self._tasks.setdefault(task, len(self._tasks))

    def _span(self, window: int) -> str | None:
        """The current span of the window's trace: of the one value in the context that has it."""
        if self._trace is None:
            for variable, value in contextvars.copy_context().items():
                if hasattr(value, "trace_id"):
                    self._trace = variable
        trace = None if self._trace is None else self._trace.get(None)
        if trace is None or trace.trace_id != trace_id_of(window):
            return None
        return str(trace.span_id)


def main(arguments: list[str]) -> None:
    """Runs `-m MODULE ARGUMENT…`, which is recorded from its first line on."""
    _, module, *rest = arguments
    sys.argv[1:] = rest
    # As with `python -m`: the folder of this file is not a place to import from.
    sys.path[0] = os.getcwd()
    process = " ".join([module.rpartition(".")[2], *rest])
    with Path(os.environ[BOARD]).open("rb") as file:
        board = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    path = Path(os.environ[FOLDER]) / f"{os.getpid()}.jsonl"
    out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    recorder = Recorder(board, out, process)
    threading.setprofile(recorder.call)
    sys.setprofile(recorder.call)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])

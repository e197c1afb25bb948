"""Starts the jailed program: it dies with the worker, and everything else goes before it.

It runs as a script, without Roost's packages, so it uses only the standard library:
``launch.py PARENT COMMAND…``. It executes COMMAND in its own process. When the worker with id
PARENT dies, the kernel kills the program. A program that changes its user sets this again, because
the kernel clears it then.
"""

import contextlib
import ctypes
import os
import signal
import sys

# From linux/prctl.h.
PR_SET_PDEATHSIG = 1
# The kernel's largest: where memory is short, it kills this process first.
OOM_SCORE = "1000"
# On a busy core the program gets about a tenth of what a service gets.
NICENESS = 10


def main(arguments: list[str]) -> None:
    """Binds this process to its parent and executes the command."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        with (
            contextlib.suppress(OSError),
            open("/proc/self/oom_score_adj", "w", encoding="ascii") as score,
        ):
            score.write(OOM_SCORE)
    os.nice(NICENESS)
    if os.getppid() != parent:
        sys.exit("the worker died before the program started")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])

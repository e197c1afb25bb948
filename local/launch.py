"""Starts one part of the stack: it dies with its supervisor, and may run as an ordinary user.

It runs as a script, without Roost's packages, so it uses only the standard library:
``launch.py PARENT SIGNAL UID GID COMMAND…``. It executes COMMAND in its own
process. When the supervisor with id PARENT dies, the kernel sends SIGNAL to the part. UID and GID
of -1 keep the user.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

# From linux/prctl.h, linux/securebits.h and linux/capability.h.
PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: list[str]) -> None:
    """Change the user, bind this process to its parent, and execute the command."""
    parent, death_signal, uid, gid = (int(word) for word in arguments[:4])
    command = arguments[4:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if uid >= 0:
            _change_user(libc, uid, gid)
        # Changing the user clears this, so it comes after.
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        # A dozen processes share a few cores and wake each other at every step of a request. With
        # the batch policy, a woken process does not preempt the running one: a fifth more requests.
        # An idle core still starts it at once.
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    if os.getppid() != parent:
        sys.exit("its supervisor died before it started")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def _change_user(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    """Change to an ordinary user, and keep the capability to enter folders of root.

    PostgreSQL refuses to run as root, but the state and the wheels may be below a folder that only
    root may enter.
    """
    # Capabilities survive the change of user; access(2), by which PostgreSQL finds its programs,
    # respects them.
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    walk = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable sets, low words and then high words.
    sets = (ctypes.c_uint32 * 6)(walk, walk, walk, 0, 0, 0)
    if libc.capset(header, sets) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Becomes one part of the stack: bound to the life of its supervisor, and of an ordinary user.

Run as a script, before anything of Roost is importable, so it uses the standard library alone:
``launch.py PARENT SIGNAL UID GID COMMAND…``. It replaces itself by COMMAND, which keeps its process
id. When the supervisor with id PARENT dies, however it dies, the kernel sends SIGNAL to the part.
UID and GID of -1 leave the user as it is.
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
    """Take the user's identity, tie this process to its parent, and become the command."""
    parent, death_signal, uid, gid = (int(word) for word in arguments[:4])
    command = arguments[4:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if uid >= 0:
            _become(libc, uid, gid)
        # Changing the user clears this, hence after it.
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        # A dozen processes share a few cores and wake each other at every step of a request. As
        # batches, whoever is woken does not push aside the one at work: a fifth more requests.
        # An idle core takes them at once all the same.
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    if os.getppid() != parent:
        sys.exit("its supervisor died before it started")
    os.execv(command[0], command)  # noqa: S606 - becoming the command is the point


def _become(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    """Take an ordinary user's identity, keeping the right to walk through folders of root.

    PostgreSQL refuses to run as root, but the state and the wheels may well be below a folder that
    only root may enter.
    """
    # Capabilities outlive the change of user, and access(2), by which PostgreSQL looks for its
    # programs, heeds them.
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

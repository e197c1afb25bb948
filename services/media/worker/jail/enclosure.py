"""The jail: what a process gives up before it decodes a file that a stranger wrote.

Everything that decoding needs is imported and opened before. Afterwards the process can compute,
read the input, write files in one folder, and write to its standard output; nothing else. Each
layer holds without the others; README.md says what each one covers.
"""

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import sys
from enum import StrEnum
from importlib.machinery import BuiltinImporter, FrozenImporter
from typing import NamedTuple

import landlockpy

from services.media.worker.jail.system_calls import Condition, Filter, NoLibrary

MIB = 1 << 20

# The user without rights, on every Linux.
NOBODY = 65534

# From linux/prctl.h.
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38

# From malloc.h.
M_ARENA_MAX = -8

MAX_OPEN_FILES = 32
# Threads of all processes of `nobody`, jobs beside this one included.
MAX_THREADS_OF_NOBODY = 256

# From linux/sched.h: set for threads, and not for processes.
CLONE_THREAD = 0x10000


class Mode(StrEnum):
    """What happens if the kernel lacks a layer."""

    STRICT = "strict"  # no file is decoded
    AVAILABLE = "available"  # the other layers suffice


class Layer(StrEnum):
    """A part of the jail."""

    LIMITS = "limits"
    USER = "user"
    LANDLOCK = "landlock"
    SECCOMP = "seccomp"


class Limits(NamedTuple):
    """What one job may use."""

    memory_bytes: int
    cpu_seconds: int
    # Of each file that it writes.
    file_bytes: int
    # What `raise_memory` may raise the memory to.
    max_memory_bytes: int = 0


# What decoders and encoders call. Everything else fails with ENOSYS, as in an older kernel, so the
# C library takes its older way where there is one.
_ALLOWED_CALLS = (
    # The files that are open, and those of the working directory.
    *("read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev"),
    *("lseek", "_llseek", "close", "close_range", "open", "openat", "unlink", "unlinkat"),
    *("rename", "renameat", "renameat2", "access", "faccessat", "faccessat2"),
    *("readlink", "readlinkat"),
    *("fstat", "fstat64", "newfstatat", "fstatat64", "stat", "stat64", "lstat", "lstat64", "statx"),
    *("ftruncate", "ftruncate64", "fsync", "fdatasync", "fallocate", "fadvise64", "getdents64"),
    *("getcwd", "umask", "dup", "dup2", "dup3", "pipe2", "eventfd2"),
    *("poll", "ppoll", "select", "pselect6"),
    # Memory.
    *("mmap", "mmap2", "mprotect", "munmap", "mremap", "madvise", "msync", "mincore", "brk"),
    *("mlock", "munlock", "membarrier", "get_mempolicy"),
    # Threads and signals of this process.
    *("futex", "futex_time64", "futex_waitv", "set_robust_list", "rseq"),
    *("set_tid_address", "arch_prctl", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn"),
    *("rt_sigpending", "sigaltstack", "restart_syscall", "exit", "exit_group", "sched_yield"),
    *("sched_getaffinity", "sched_getparam", "sched_getscheduler", "getcpu"),
    *("sched_get_priority_max", "sched_get_priority_min", "getpriority"),
    # Time, chance, and what this process is.
    *("clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "gettimeofday"),
    *("clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "time", "times", "getrusage"),
    *("getrandom", "uname", "sysinfo", "getpid", "gettid", "getppid", "getuid", "geteuid"),
    *("getgid", "getegid", "getgroups", "getrlimit"),
)


# From fcntl.h. Others send signals: F_SETOWN and F_SETSIG.
_ALLOWED_FCNTL = (
    *(fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD),
    *(fcntl.F_GETFL, fcntl.F_SETFL),
)


def bound_allocator() -> None:
    """Keep malloc to one arena, before there are threads: each reserves 64 MiB of address space."""
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def enter(limits: Limits, *, folder: str, mode: Mode) -> tuple[Layer, ...]:
    """Make `folder` the working directory and the only one with files, and give up the rest.

    Returns the active layers. Raises JailIncomplete if the mode is strict and one is missing, and
    ThreadsOutside if the process has other threads: Landlock and seccomp hold for the thread that
    enters, and for those that it starts.
    """
    if _threads() > 1:
        raise ThreadsOutside
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    os.umask(0o077)
    # Relative names stay open to `nobody`, who may not enter the folders above.
    os.chdir(folder)
    layers = [Layer.LIMITS]
    dropped = _drop_user()
    # Changing the user clears both.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    if os.getppid() != parent:
        raise ParentDied
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _limit(limits, user_dropped=dropped)
    if os.geteuid() != 0:
        layers.append(Layer.USER)
    if _restrict_files():
        layers.append(Layer.LANDLOCK)
    if _filter_calls():
        layers.append(Layer.SECCOMP)
    missing = set(Layer) - set(layers)
    if mode is Mode.STRICT and missing:
        raise JailIncomplete(", ".join(sorted(missing)))
    _end_imports()
    return tuple(layers)


def raise_memory(memory_bytes: int) -> None:
    """Allow more memory, up to `Limits.max_memory_bytes`, once the header of a file is known."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (min(memory_bytes, hard), hard))


class JailIncomplete(Exception):
    """The kernel lacks a layer that the mode demands."""


class ThreadsOutside(Exception):
    """A library started a thread when it was imported."""


class ParentDied(Exception):
    """The worker ended while the job began, so nobody would stop the job."""


def _end_imports() -> None:
    """Make each further import of a file an ImportError, in every environment. Without this it
    fails in other ways, which depend on who may list the folders of the packages."""
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter]


def _threads() -> int:
    """The threads of this process, those of libraries included; 1 if the system does not say."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1


def _drop_user() -> bool:
    """Become `nobody`, the owner of the working directory, if this process is root's and may.

    Returns whether it did.
    """
    if os.geteuid() != 0:
        return False
    try:
        os.chown(".", NOBODY, NOBODY)
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except PermissionError:  # a container without CAP_SETUID
        with contextlib.suppress(PermissionError):
            os.chown(".", 0, 0)
        return False
    return True


def _limit(limits: Limits, *, user_dropped: bool) -> None:
    most_memory = max(limits.memory_bytes, limits.max_memory_bytes)
    _bound(resource.RLIMIT_AS, limits.memory_bytes, most_memory)
    # SIGXCPU ends the process, a second later SIGKILL.
    _bound(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    _bound(resource.RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes)
    _bound(resource.RLIMIT_NOFILE, MAX_OPEN_FILES, MAX_OPEN_FILES)
    _bound(resource.RLIMIT_CORE, 0, 0)
    if user_dropped:
        # It counts all processes of the user, so it would stop a worker that is not root's.
        _bound(resource.RLIMIT_NPROC, MAX_THREADS_OF_NOBODY, MAX_THREADS_OF_NOBODY)


def _bound(limit: int, soft: int, hard: int) -> None:
    """Set a limit, unless a lower one is set already."""
    existing = resource.getrlimit(limit)[1]
    if existing != resource.RLIM_INFINITY:
        soft, hard = min(soft, existing), min(hard, existing)
    resource.setrlimit(limit, (soft, hard))


def _restrict_files() -> bool:
    """Let only files of the working directory be opened. Returns whether the kernel can."""
    access = landlockpy.AccessFS
    try:
        ruleset = landlockpy.Ruleset(
            scoped=landlockpy.Scope.SIGNAL | landlockpy.Scope.ABSTRACT_UNIX_SOCKET
        )
    except (landlockpy.LandlockError, OSError):
        return False
    with ruleset:
        ruleset.allow_path(
            ".",
            access.READ_FILE
            | access.WRITE_FILE
            | access.MAKE_REG
            | access.REMOVE_FILE
            | access.TRUNCATE,
        )
        ruleset.restrict()
    return True


def _filter_calls() -> bool:
    """Let only the calls of `_ALLOWED_CALLS` reach the kernel. Returns whether it can."""
    try:
        calls = Filter()
    except NoLibrary:
        return False
    for call in _ALLOWED_CALLS:
        calls.allow(call)
    for command in _ALLOWED_FCNTL:
        calls.allow("fcntl", Condition(1, command))
        calls.allow("fcntl64", Condition(1, command))
    calls.allow("clone", Condition(0, CLONE_THREAD, mask=CLONE_THREAD))
    calls.allow("tgkill", Condition(0, os.getpid()))  # abort()
    # Limits of its own, which only shrink.
    calls.allow("prlimit64", Condition(0, 0))
    calls.allow("setrlimit")
    try:
        calls.load()
    except OSError:
        return False
    return True

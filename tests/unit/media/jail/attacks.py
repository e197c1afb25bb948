"""Run as a program: enters the jail, tries what a decoder that was taken over would try, and prints
what happened, as JSON.

`python attacks.py FOLDER [a layer to leave out]…`
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import importlib
import json
import mmap
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from services.media.worker.jail import enclosure

LIMITS = enclosure.Limits(
    memory_bytes=256 * enclosure.MIB,
    cpu_seconds=60,
    file_bytes=1_000_000,
    max_memory_bytes=320 * enclosure.MIB,
)
NR_IO_URING_SETUP = 425
NR_PIDFD_OPEN = 434


def main() -> None:
    """Enter the jail, and print the result of each attempt."""
    job = Path(sys.argv[1])
    for layer in sys.argv[2:]:
        setattr(enclosure, {"landlock": "_restrict_files", "seccomp": "_filter_calls"}[layer], _no)
    parent = os.getppid()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    libc = ctypes.CDLL(None, use_errno=True)
    place = ctypes.create_string_buffer(8)
    memory = (ctypes.c_size_t * 2)(ctypes.addressof(place), 8)
    enclosure.bound_allocator()
    layers = enclosure.enter(LIMITS, folder=str(job / "out"), mode=enclosure.Mode.AVAILABLE)
    attacks: dict[str, Callable[[], object]] = {
        "read a file of the system": lambda: Path("/etc/passwd").read_bytes(),
        "read the upload again": (job / "input").read_bytes,
        "read the upload by a relative name": lambda: Path("../input").read_bytes(),
        "list a folder": lambda: os.listdir("/"),
        "read the environment of the worker": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
        "read its own memory": Path("/proc/self/mem").read_bytes,
        "write elsewhere": lambda: Path("/tmp/roost-jail-attack").write_bytes(b"x"),
        "write beside the folder": lambda: Path("../left").write_bytes(b"x"),
        "link to a file outside": lambda: _link_and_read("/etc/passwd"),
        "make a folder": lambda: os.mkdir("folder"),
        "make a named pipe": lambda: os.mkfifo("pipe"),
        "change the mode of the folder": lambda: os.chmod(".", 0o777),
        "change the user": lambda: os.setuid(0),
        "change the root": lambda: os.chroot("."),
        "open a socket": socket.socket,
        "connect to a port": lambda: socket.create_connection(("127.0.0.1", port), 5),
        "take a connection": lambda: socket.create_server(("127.0.0.1", 0)),
        "resolve a name": lambda: socket.getaddrinfo("localhost", 80),
        "execute a program": lambda: os.execv("/bin/true", ["true"]),
        "start a program": lambda: subprocess.run(["/bin/true"], check=True),
        "fork": _fork,
        "signal the worker": lambda: os.kill(parent, 0),
        "have signals sent": lambda: fcntl.fcntl(1, fcntl.F_SETOWN, parent),
        "open the worker by its id": lambda: _call(libc, NR_PIDFD_OPEN, parent, 0),
        "trace the worker": lambda: _checked(libc.ptrace(16, parent, 0, 0)),
        "read the memory of the worker": lambda: _checked(
            libc.process_vm_readv(parent, memory, 1, memory, 1, 0)
        ),
        "change the limits of the worker": lambda: resource.prlimit(
            parent, resource.RLIMIT_CPU, (1, 1)
        ),
        "raise its own limits": lambda: resource.setrlimit(
            resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        ),
        "load code into the kernel": lambda: _call(libc, NR_IO_URING_SETUP, 8, 0),
        "make an anonymous program": lambda: os.memfd_create("program"),
        "leave its namespaces": lambda: _checked(libc.unshare(0x10000000)),
        "mount": lambda: _checked(libc.mount(b"none", b".", b"tmpfs", 0, None)),
        "take more memory": lambda: mmap.mmap(-1, 512 * enclosure.MIB),
        "write a large file": lambda: Path("large").write_bytes(bytes(2_000_000)),
        "open many files": _open_many,
        "import a module": lambda: importlib.import_module("wave"),
    }
    results = {name: _attempt(attack) for name, attack in attacks.items()}
    # What decoders need.
    work: dict[str, Callable[[], object]] = {
        "write a file": lambda: Path("made").write_bytes(b"made"),
        "read it again": lambda: Path("made").read_bytes(),
        "rename it": lambda: os.rename("made", "renamed"),
        "start a thread": _thread,
        "take memory": lambda: mmap.mmap(-1, 16 * enclosure.MIB),
        "raise the memory that was granted": lambda: enclosure.raise_memory(300 * enclosure.MIB),
    }
    json.dump(
        {
            "layers": layers,
            "attacks": results,
            "work": {name: _attempt(one) for name, one in work.items()},
            "limits": {
                name: resource.getrlimit(getattr(resource, name))
                for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_CORE")
            },
            "user": os.getuid(),
        },
        sys.stdout,
    )


def _attempt(act: Callable[[], object]) -> str:
    """`done`, or the error."""
    try:
        act()
    except Exception as error:
        return type(error).__name__
    return "done"


def _no() -> bool:
    """A layer that the kernel lacks."""
    return False


def _link_and_read(target: str) -> None:
    with contextlib.suppress(FileExistsError):
        os.symlink(target, "link")
    Path("link").read_bytes()


def _open_many() -> None:
    with contextlib.ExitStack() as files:
        for _ in range(100):
            files.enter_context(Path("many").open("ab"))


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _thread() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.set)
    thread.start()
    thread.join()
    if not done.is_set():
        raise RuntimeError


def _call(libc: ctypes.CDLL, number: int, *arguments: int) -> None:
    _checked(libc.syscall(number, *arguments))


def _checked(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


if __name__ == "__main__":
    main()

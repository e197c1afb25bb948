"""The life of a process: start, serve, drain, stop.

    # services/post/__main__.py
    PROGRAM = process.Program("post", PostSettings, serve=compose.serve, work=compose.work)
    if __name__ == "__main__":
        sys.exit(process.main(PROGRAM))

`python -m services.post serve` answers RPCs; `work` runs jobs (relay, consumers, reconciling).
Both are composed by an async context manager that opens everything the process needs and yields
its `Parts`; leaving it closes them, in reverse.

`run_joined` runs the same process of several services in one, for a small machine.
"""

import asyncio
import contextlib
import contextvars
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import uvloop

from services.chassis.runtime import (
    build,
    event_loop,
    logs,
    running_service,
    supervision,
    telemetry,
)
from services.chassis.runtime.admin import Admin, Condition
from services.chassis.runtime.logs import logger
from services.chassis.runtime.manifest import Process
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


@dataclass(frozen=True, slots=True)
class Program(Generic[S]):
    """The two processes of a service, and the settings of both."""

    service: str
    settings: type[S]
    serve: Compose[S]
    work: Compose[S]

    def member(self, process: Process) -> "_Member":
        """One of the processes, by the settings of the environment."""
        settings = load(self.settings)
        compose = self.serve if process is Process.SERVE else self.work
        return _Member(self.service, settings, compose(settings))


def main(program: Program[Any], arguments: Sequence[str] | None = None) -> int:
    """Runs one of a service's two processes to its end; returns the exit code.

    0: it stopped after a signal. 1: it could not start, or met an error that needs a new process;
    the last line of the log has the reason. 2: the command or a setting is wrong.
    """
    service = program.service
    given = sys.argv[1:] if arguments is None else list(arguments)
    if len(given) != 1 or given[0] not in {*Process}:
        print(f"Say what to do: python -m services.{service} serve|work", file=sys.stderr)
        return 2
    process = Process(given[0])
    return _run(f"{service} {process}", service, [program.member(process)])


def run_joined(
    name: str,
    process: Process,
    programs: Sequence[tuple[Program[Any], Mapping[str, str]]],
) -> int:
    """Runs the same process of several services as one to its end; returns the exit code of `main`.

    Each program comes with the variables that are its own; those of this process are for all. The
    address of the admin port is that of the first. The process ends where one service does: it is
    ready when all are, stops all at a signal, and an error of one that needs a new process, or a
    start that fails, is the end of all. `name` stands in the log where a line is of no service.
    """
    members = []
    for program, variables in programs:
        with _environment(variables):
            members.append(program.member(process))
    return _run(f"{name} {process}", name, members)


def _run(process: str, name: str, members: "Sequence[_Member]") -> int:
    settings = members[0].settings
    logs.configure(service=name, level=settings.log_level, form=settings.log_format)
    for each in members:
        telemetry.configure(
            service=each.service, ratio=settings.trace_ratio, endpoint=settings.otlp_endpoint
        )
    build.publish(revision=settings.revision)
    run = _ProcessRun(process, members, admin_listen=settings.admin_listen)
    try:
        return uvloop.run(run.run())
    finally:
        telemetry.shutdown()
        run.call_off_limit()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Adds variables to the environment for the length of the block."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class _MemberFailed(Exception):
    """A service could not start or failed, which its log says."""


class _Member:
    """One service of a process: its parts and its jobs."""

    def __init__(
        self,
        service: str,
        settings: ServiceSettings,
        composed: AbstractAsyncContextManager[ProcessParts],
    ) -> None:
        self.service = service
        self.settings = settings
        self.listen: str | None = None
        self._composed = composed
        self._supervisor: Supervisor | None = None
        self._consumers: Sequence[Consumer] = ()
        self._serves = False

    async def live(
        self,
        *,
        prefix: str,
        composed: Callable[[], None],
        started: Callable[[], None],
        stopping: asyncio.Event,
        skip_drain: asyncio.Event,
        on_fatal: Callable[[], None],
    ) -> None:
        """Starts, reports it by `composed` and `started`, and serves until `stopping` is set.
        `prefix` begins the names of its jobs."""
        async with self._composed as parts:
            server = parts.server
            if server is not None:
                self.listen = self._bind(server)
            supervisor = self._start_jobs(parts, prefix, on_fatal)
            composed()
            if server is not None:
                await server.start()
            started()
            await stopping.wait()
            if server is not None:
                await self._drain(server, parts.on_drain, skip_drain)
            await supervisor.end(GRACE)

    def condition(self) -> Condition:
        """A process with a server stays ready while a job is down: refusing calls would not help. A
        process without one is then not ready."""
        down = [] if self._supervisor is None else supervision.descriptions(self._supervisor.down)
        unready = [said for each in self._consumers if (said := each.unready())]
        if self._serves:
            return Condition(unready=unready, degraded=down)
        return Condition(unready=down + unready)

    def _bind(self, server: Server) -> str:
        port = server.bind(self.settings.listen, tls=self.settings.tls)
        return f"{split_address(self.settings.listen)[0]}:{port}"

    def _start_jobs(
        self, parts: ProcessParts, prefix: str, on_fatal: Callable[[], None]
    ) -> Supervisor:
        self._consumers, self._serves = parts.consumers, parts.server is not None
        supervisor = self._supervisor = Supervisor(on_fatal=on_fatal)
        for name, job in parts.jobs_by_name():
            supervisor.start(f"{prefix}{name}", job)
        return supervisor

    async def _drain(
        self, server: Server, on_drain: Sequence[Callable[[], None]], skip: asyncio.Event
    ) -> None:
        """Reports NOT_SERVING, waits until Envoy has noticed it, and then refuses calls."""
        await server.announce_stop()
        logger().info("draining", seconds=self.settings.drain_seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.drain_seconds):
                await skip.wait()
        for end in on_drain:
            end()
        await server.stop(GRACE)


class _ProcessRun:
    """One run of one process."""

    def __init__(self, process: str, members: Sequence[_Member], *, admin_listen: str) -> None:
        self._members = members
        self._admin_listen = admin_listen
        self._log = logger().bind(process=process)
        self._supervisor = Supervisor(on_fatal=self._on_fatal)
        self._admin = Admin(condition=self._condition)
        self._composed = 0
        self._failed = False
        self._started = 0
        self._signals = 0
        self._kill_timer = threading.Timer(HARD_LIMIT, self._kill_process)
        self._kill_timer.daemon = True

    async def run(self) -> int:
        """Lives; returns the exit code."""
        self._stopping = asyncio.Event()
        self._skip_drain = asyncio.Event()
        self._context = contextvars.copy_context()
        main_task = asyncio.create_task(self._serve_until_stopped())
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, self._on_signal, main_task)
        try:
            await main_task
        except asyncio.CancelledError:
            self._log.info("stopped", while_="starting")
        except _MemberFailed:
            return 1
        except Exception as error:
            self._report(error)
            return 1
        return 1 if self._failed else 0

    def call_off_limit(self) -> None:
        """Cancels the timer that kills the process."""
        self._kill_timer.cancel()

    async def _serve_until_stopped(self) -> None:
        self._admin_address = await self._admin.start(self._admin_listen)
        self._supervisor.start("event_loop_lag", event_loop.measure_lag)
        lives = [asyncio.create_task(self._live(each), name=each.service) for each in self._members]
        try:
            await _all_or_none(lives)
        finally:
            await self._supervisor.end(GRACE)
        await self._admin.stop()
        self._log.info("stopped")

    async def _live(self, member: _Member) -> None:
        if self._is_joined:
            running_service.enter(member.service)
        try:
            await member.live(
                prefix=f"{member.service}." if self._is_joined else "",
                composed=self._on_composed,
                started=self._on_started,
                stopping=self._stopping,
                skip_drain=self._skip_drain,
                on_fatal=self._on_fatal,
            )
        except Exception as error:
            self._report(error)
            raise _MemberFailed from error

    @property
    def _is_joined(self) -> bool:
        return len(self._members) > 1

    @property
    def _all_started(self) -> bool:
        return self._started == len(self._members)

    def _on_composed(self) -> None:
        self._composed += 1
        if self._composed == len(self._members):
            freeze_gc()

    def _on_started(self) -> None:
        self._started += 1
        if self._all_started:
            self._admin.ready = not self._stopping.is_set()
            # The line is of the process, not of the service that started last.
            self._context.run(self._report_start)

    def _report_start(self) -> None:
        listen = {each.service: each.listen for each in self._members}
        self._log.info(
            "ready",
            listen=listen if self._is_joined else self._members[0].listen,
            admin=self._admin_address,
        )

    def _condition(self) -> Condition:
        down = supervision.descriptions(self._supervisor.down)
        conditions = [(each.service, each.condition()) for each in self._members]
        return Condition(
            unready=[said for name, of in conditions for said in self._named(name, of.unready)],
            degraded=[
                *down,
                *(said for name, of in conditions for said in self._named(name, of.degraded)),
            ],
        )

    def _named(self, service: str, sentences: Sequence[str]) -> list[str]:
        return [f"{service}: {each}" if self._is_joined else each for each in sentences]

    def _on_fatal(self) -> None:
        self._failed = True
        self._limit_end()
        self._stop()

    def _stop(self) -> None:
        self._admin.ready = False
        self._stopping.set()

    def _limit_end(self) -> None:
        if not self._kill_timer.is_alive():
            self._kill_timer.start()

    def _on_signal(self, main_task: "asyncio.Task[None]") -> None:
        self._signals += 1
        if self._signals == 1:
            self._limit_end()
        if not self._all_started:
            main_task.cancel()
        elif self._signals > 1:
            # A second signal: stop without waiting for Envoy.
            self._skip_drain.set()
        self._stop()

    def _report(self, error: Exception) -> None:
        event = "failed" if self._all_started else "cannot_start"
        # A failure of the environment is one sentence; a programming error has its traceback.
        ours = isinstance(error, TypeError | AttributeError | LookupError | AssertionError)
        self._log.error(
            event, error=f"{type(error).__name__}: {error}", exc_info=error if ours else None
        )

    def _kill_process(self) -> None:
        self._log.error("killed", reason=f"not stopped within {HARD_LIMIT:.0f} s")
        os._exit(1)


async def _all_or_none(tasks: "Sequence[asyncio.Task[None]]") -> None:
    """Waits for all; where one fails, or this is cancelled, cancels the others and waits for them.
    Raises the first failure."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for each in done:
            each.result()
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def freeze_gc() -> None:
    """Excludes the objects that exist after the start from garbage collection, and runs it less
    often, since calls leave few cycles. Saves about a tenth of a call's CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)

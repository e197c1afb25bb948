"""`roost up`, `down`, `status`, `logs`, `restart`, `prometheus` and `rules`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.table import Table

from local.commands.options import DEFAULT_STATE, StateFolder, console, print_error, running
from local.databases import DatabaseUnusable
from local.parts.envoy import admin_socket
from local.ports import FolderNotOwn, NoFreePort
from local.process_runner import PartFailed, PartStatus
from local.prometheus import configuration, targets_of
from local.rules import text as rules_text
from local.stack import SettingInvalid, Stack
from local.state import AlreadyRunning, FolderUnusable, StackStatus, State, private
from local.supervisor import UnknownPart
from local.web_build import web_build

DOWN_SECONDS = 90.0  # more than the sum of the stop limits of the parts in sequence
RESTART_SECONDS = 90.0
POLL_SECONDS = 0.1

CANNOT_RUN = (
    DatabaseUnusable,
    PartFailed,
    AlreadyRunning,
    FolderNotOwn,
    FolderUnusable,
    NoFreePort,
    SettingInvalid,
    UnknownPart,
)

COLOURS = {"ready": "green", "stopped": "red", "restarting": "red"}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command()(logs)
    app.command()(restart)
    app.command()(prometheus)
    app.command()(rules)


def up(
    state: StateFolder,
    *,
    detach: Annotated[bool, typer.Option(help="Return when all is ready; keep running.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Start this part and what it needs; repeatable.")
    ] = None,
) -> None:
    """Start every part, wait until all are healthy, and print the addresses."""
    begun = time.monotonic()
    try:
        if detach:
            _detach(State(state), only or [])
            _announce(State(state), State(state).read(), time.monotonic() - begun)
        else:
            asyncio.run(_run(State(state), only, begun))
    except CANNOT_RUN as failure:
        raise print_error(f"{failure}.") from None


def down(state: StateFolder) -> None:
    """Stop a stack of another process, and wait until all its processes have ended."""
    pid = running(state).pid
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
    with console.status("Stopping"):
        if not _wait_until(lambda: State(state).read().pid is None, DOWN_SECONDS):
            raise print_error(f"Roost (process {pid}) did not stop within {DOWN_SECONDS:.0f} s.")
    console.print("Roost is stopped; its data stays.")


def status(
    state: StateFolder,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False,
) -> None:
    """Show each part; exit with 0 if all are ready and with 1 otherwise."""
    if as_json:
        found = State(state).read()
        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        found = running(state)
        console.print(_table(found))
    if not found.ready:
        raise typer.Exit(1)


def logs(
    service: Annotated[str, typer.Argument(help="A part, as `roost status` names it.")],
    state: StateFolder,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print what is added.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many to begin with.")] = 100,
) -> None:
    """Print the end of a part's log; it can be read after the stack has stopped as well."""
    log = State(state).logs / f"{service}.log"
    if not log.exists():
        known = ", ".join(sorted(file.stem for file in State(state).logs.glob("*.log")))
        raise print_error(f"{service} has no log here; those that have: {known or 'none yet'}.")
    with log.open(errors="replace") as stream:
        sys.stdout.writelines(stream.readlines()[-lines:])
        if follow:
            with contextlib.suppress(KeyboardInterrupt):
                for line in _added(stream, log):
                    sys.stdout.write(line)
                    sys.stdout.flush()


def restart(
    part: Annotated[str, typer.Argument(help="A part, as `roost status` names it.")],
    state: StateFolder,
) -> None:
    """Stop one part and wait until its supervisor has it ready again."""
    before = _part(running(state), part)
    if before is None or before.pid is None:
        raise print_error(f"No part named {part} runs here; `roost status` lists them.")
    os.kill(before.pid, before.stop_signal)

    def is_back() -> bool:
        now = _part(State(state).read(), part)
        return now is not None and now.state == "ready" and now.pid != before.pid

    if not _wait_until(is_back, RESTART_SECONDS):
        raise print_error(
            f"{part} was not ready within {RESTART_SECONDS:.0f} s; read {before.log}."
        )
    console.print(f"{part} is ready again.")


def prometheus(
    state: StateFolder,
    *,
    interval: Annotated[
        int, typer.Option(min=1, help="The seconds between two scrapes of a process.")
    ] = 5,
    rules: Annotated[
        list[str] | None, typer.Option(help="A file that `roost rules` printed.")
    ] = None,
) -> None:
    """Print the configuration of a Prometheus that scrapes the running stack."""
    targets = targets_of(running(state).parts)
    typer.echo(configuration(targets, interval=f"{interval}s", rules=rules or []), nl=False)


def rules() -> None:
    """Print the rules of Prometheus: objectives and alerts."""
    typer.echo(rules_text(), nl=False)


async def _run(state: State, only: list[str] | None, begun: float) -> None:
    """Run the stack until a signal stops it; a second signal kills it at once."""
    stop_requested = asyncio.Event()
    async with Stack(state) as stack:

        def request_stop() -> None:
            if stop_requested.is_set():
                stack.supervisor.kill()
            stop_requested.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, request_stop)

        starting = asyncio.create_task(_start(stack, only))
        stopping = asyncio.create_task(stop_requested.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            _announce(state, stack.status(), time.monotonic() - begun)
            if only:
                await stopping
            else:
                async with web_build(state):
                    await stopping
        else:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        console.print("Stopping; once more Ctrl-C stops at once.")
    console.print("Roost is stopped; its data stays.")


async def _start(stack: Stack, only: list[str] | None) -> None:
    with console.status("Starting") as spinner:

        async def show() -> None:
            while True:
                parts = stack.supervisor.statuses()
                waiting = [part.name for part in parts if part.state == "starting"]
                spinner.update(f"Starting {', '.join(waiting)}")
                await asyncio.sleep(POLL_SECONDS)

        showing = asyncio.create_task(show())
        try:
            await stack.up(only)
        finally:
            showing.cancel()


def _detach(state: State, only: list[str]) -> None:
    """Start a stack in a new session and return when it is up. Exits if it fails."""
    state.create_folders()
    said = state.logs / "roost.log"
    words = [sys.executable, "-m", "local.cli", "up", "--state", str(state.folder)]
    for part in only:
        words += ["--only", part]
    with private(), said.open("w") as log:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    with console.status("Starting"):
        while not _is_up(state.read(), process.pid, only):
            if process.poll() is not None:
                lines = said.read_text().splitlines()
                raise print_error(lines[-1] if lines else "Roost ended without a message.")
            time.sleep(POLL_SECONDS)


def _is_up(status: StackStatus, pid: int, only: list[str]) -> bool:
    if status.pid != pid:
        return False
    ready = {part.name for part in status.parts if part.state == "ready"}
    return status.ready or (bool(only) and ready.issuperset(only))


def _announce(state: State, status: StackStatus, seconds: float) -> None:
    if not status.ready:
        console.print(_table(status))
        return
    parts = {part.name: part for part in status.parts}
    console.print(f"\n[bold]Roost is up[/] after {seconds:.0f} s.\n")
    socket = admin_socket(int(str(parts["envoy"].admin).rpartition(":")[2]))
    rows = Table.grid(padding=(0, 2))
    rows.add_row("  web client", f"{status.edge}/")
    rows.add_row("  API", f"{status.edge}/v2")
    rows.add_row("  its documentation", f"{status.edge}/docs")
    rows.add_row("  media files", f"{status.media}")
    if "postgres" in parts:
        rows.add_row("  PostgreSQL", parts["postgres"].address)
    rows.add_row("  Envoy, admin", f"http://{parts['envoy'].admin}")
    rows.add_row("  Envoy, admin socket", str(socket))
    roost = _command()
    here = "" if state.folder == DEFAULT_STATE else f" --state {state.folder}"
    rows.add_row("  Prometheus", f"{roost} prometheus{here} prints its configuration")
    rows.add_row("  data and logs", str(state.folder))
    console.print(rows)
    console.print(
        f"\nTry [bold]{roost} demo{here}[/], [bold]{roost} seed{here}[/], "
        f"[bold]{roost} status{here}[/]."
        f"\nCtrl-C, or [bold]{roost} down{here}[/], stops it; the data stays.",
        soft_wrap=True,
    )


def _command() -> str:
    """Return how to call this command: by its name only if it is on the PATH."""
    if shutil.which("roost"):
        return "roost"
    program = Path(sys.executable).with_name("roost")
    below = program.is_relative_to(Path.cwd())
    return str(program.relative_to(Path.cwd()) if below else program)


def _table(status: StackStatus) -> Table:
    table = Table("part", "state", "pid", "address", "restarts", box=None, header_style="dim")
    table.caption = f"Logs: {Path(status.parts[0].log).parent}" if status.parts else None
    table.caption_justify = "left"
    for part in status.parts:
        colour = COLOURS.get(part.state, "yellow")
        pid = str(part.pid) if part.pid is not None else ""
        state = f"[{colour}]{part.state}[/]"
        table.add_row(part.name, state, pid, part.address, str(part.restarts))
    return table


def _part(status: StackStatus, name: str) -> PartStatus | None:
    return next((part for part in status.parts if part.name == name), None)


def _added(stream: IO[str], log: Path) -> Iterator[str]:
    """Yield lines as they are written, also after the log was rotated."""
    while True:
        line = stream.readline()
        if line:
            yield line
            continue
        if log.stat().st_size < stream.tell():
            stream.seek(0)
        time.sleep(POLL_SECONDS)


def _wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True

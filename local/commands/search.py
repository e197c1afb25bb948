"""`roost reindex` and `roost hashtags`, which operate the search of a stack or of a cluster."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from roost.search.v1.search_pb2 import (
    REINDEX_STATE_CANCELLED,
    REINDEX_STATE_COPYING,
    REINDEX_STATE_DONE,
    REINDEX_STATE_FAILED,
    REINDEX_STATE_VERIFYING,
    Reindex,
)

from local.commands.options import StateFolder, console, print_error, running
from local.search_operator import (
    Access,
    SearchOperator,
    local_access,
    read_key,
    read_tls,
    search_operator,
)
from local.state import State
from services.chassis.runtime.errors import DeadlineExceeded, RoostError, Unavailable

POLL_SECONDS = 0.5
# A service that restarts is away for a moment; the rebuild goes on.
AWAY_SECONDS = 60.0

_RUNNING = "REINDEX_RUNNING"
_STEPS = {
    REINDEX_STATE_COPYING: "reading posts",
    REINDEX_STATE_VERIFYING: "building and comparing indexes",
    REINDEX_STATE_DONE: "done",
    REINDEX_STATE_CANCELLED: "cancelled",
    REINDEX_STATE_FAILED: "failed",
}
_ENDED = {REINDEX_STATE_DONE, REINDEX_STATE_CANCELLED, REINDEX_STATE_FAILED}

MeshAddress = Annotated[
    str | None,
    typer.Option(
        "--mesh",
        metavar="HOST:PORT",
        help="The mesh of a cluster, such as a forwarded port, instead of a stack's.",
    ),
]
OperatorKey = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="The operator's private key there: service-key.pem of the operator's Secret.",
    ),
]
TlsFolder = Annotated[
    Path | None,
    typer.Option(
        "--tls",
        metavar="FOLDER",
        help="tls.crt, tls.key and ca.crt, if that mesh has mutual TLS.",
    ),
]

hashtags = typer.Typer(
    help="Hide hashtags from trends, suggestions and searches of hashtags.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(reindex)
    app.add_typer(hashtags, name="hashtags")


def reindex(
    state: StateFolder,
    *,
    mesh: MeshAddress = None,
    key: OperatorKey = None,
    tls: TlsFolder = None,
    detach: Annotated[bool, typer.Option(help="Return when it has begun.")] = False,
    cancel: Annotated[bool, typer.Option(help="End the rebuild that runs.")] = False,
) -> None:
    """Rebuild the index of posts beside the live one, and show the progress.

    If a rebuild runs already, its progress is shown. Ctrl-C ends the display, not the rebuild.
    """
    act = _cancel if cancel else _start if detach else _start_and_watch
    try:
        _call(_access(state, mesh, key, tls), act)
    except KeyboardInterrupt:
        console.print(
            "The rebuild goes on; `roost reindex` shows it, `roost reindex --cancel` ends it."
        )


@hashtags.command()
def hide(
    state: StateFolder,
    tag: Annotated[str, typer.Argument(help="With or without its #.")],
    *,
    mesh: MeshAddress = None,
    key: OperatorKey = None,
    tls: TlsFolder = None,
) -> None:
    """Hide a hashtag; its posts stay findable."""

    async def act(search: SearchOperator) -> None:
        await search.hide_hashtag(tag)
        console.print(f"{_spelled(tag)} is hidden.", markup=False)

    _call(_access(state, mesh, key, tls), act)


@hashtags.command()
def unhide(
    state: StateFolder,
    tag: Annotated[str, typer.Argument(help="With or without its #.")],
    *,
    mesh: MeshAddress = None,
    key: OperatorKey = None,
    tls: TlsFolder = None,
) -> None:
    """Show a hashtag again."""

    async def act(search: SearchOperator) -> None:
        await search.unhide_hashtag(tag)
        console.print(f"{_spelled(tag)} is not hidden.", markup=False)

    _call(_access(state, mesh, key, tls), act)


@hashtags.command()
def hidden(
    state: StateFolder,
    *,
    mesh: MeshAddress = None,
    key: OperatorKey = None,
    tls: TlsFolder = None,
) -> None:
    """List the hidden hashtags."""

    async def act(search: SearchOperator) -> None:
        async for tag in search.hidden_hashtags():
            typer.echo(f"#{tag}")

    _call(_access(state, mesh, key, tls), act)


async def _start(search: SearchOperator) -> Reindex:
    try:
        started = await search.start_reindex()
        console.print(f"Rebuild {started.id} has begun.")
    except RoostError as refused:
        if refused.reason != _RUNNING:
            raise
        started = await search.reindex()
        console.print(f"Rebuild {started.id} runs already.")
    return started


async def _start_and_watch(search: SearchOperator) -> None:
    await watch(search, await _start(search))


async def _cancel(search: SearchOperator) -> None:
    latest = await search.reindex()
    if latest.state in _ENDED:
        raise print_error(f"No rebuild runs; the latest, {latest.id}, is {_step(latest)}.")
    await search.cancel_reindex(latest.id)
    console.print(f"Rebuild {latest.id} is cancelled; the index stays as it was.")


async def watch(search: SearchOperator, reindex: Reindex) -> None:
    """Show a rebuild until it ends; exit with 1 unless it is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=None)
        shown = ""
        while True:
            step = _step(reindex)
            total = max(reindex.posts_total, reindex.posts_scanned) or None
            progress.update(task, description=step, total=total, completed=reindex.posts_scanned)
            if step != shown and not console.is_terminal:
                console.print(f"Rebuild {reindex.id}: {step}, {reindex.posts_scanned} posts read.")
            shown = step
            if reindex.state in _ENDED:
                break
            await asyncio.sleep(POLL_SECONDS)
            reindex = await _again(search, reindex.id)
    if reindex.state != REINDEX_STATE_DONE:
        ended = f"failed: {reindex.failure}" if reindex.failure else f"is {_step(reindex)}"
        raise print_error(f"Rebuild {reindex.id} {ended}.")
    console.print(
        f"Rebuild {reindex.id} is done: {reindex.posts_scanned} posts read, "
        f"{reindex.segments_equal} segments equal, {reindex.segments_repaired} repaired."
    )


async def _again(search: SearchOperator, reindex_id: int) -> Reindex:
    """Return the progress, also if the service is away for a moment."""
    until = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            return await search.reindex(reindex_id)
        except (Unavailable, DeadlineExceeded):
            if time.monotonic() > until:
                raise
            await asyncio.sleep(POLL_SECONDS)


def _step(reindex: Reindex) -> str:
    return _STEPS.get(reindex.state, "running")


def _spelled(tag: str) -> str:
    return f"#{tag.removeprefix('#')}"


def _access(folder: Path, mesh: str | None, key: Path | None, tls: Path | None) -> Access:
    """Return the access to the given mesh, else to the stack that runs from the folder."""
    if mesh is None and tls is not None:
        raise print_error("--tls needs --mesh and --key.")
    if mesh is None and key is None:
        running(folder)
        return local_access(State(folder))
    if mesh is None or key is None:
        raise print_error("--mesh and --key belong together; one of them is absent.")
    try:
        files = None if tls is None else read_tls(tls)
    except OSError as error:
        raise print_error(f"{error.filename} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise print_error(f"{error}.") from None
    try:
        return Access(mesh, read_key(key), files)
    except OSError as error:
        raise print_error(f"{key} cannot be read: {error.strerror}.") from None
    except (TypeError, ValueError):
        raise print_error(f"{key} holds no ES256 private key without a password.") from None


def _call(access: Access, act: Callable[[SearchOperator], Coroutine[Any, Any, Any]]) -> None:
    """Run an act; an error of the service is one sentence."""

    async def connected() -> None:
        async with search_operator(access) as search:
            await act(search)

    try:
        asyncio.run(connected())
    except RoostError as failure:
        raise print_error(failure.message) from None

"""`roost seed`, `roost demo` and `roost watch`, which use a running stack."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from local.commands.options import StateFolder, console, print_error, running
from local.demo import Demo
from local.demo_graphql import GraphQLDemo
from local.edge import Edge, Refused
from local.graph import Graph, GraphFileInvalid, make_graph, read_graph
from local.parts.envoy import admin_socket
from local.parts.valkey import valkey_url
from local.rate_limits import lifted, logins_lifted
from local.secret_store import SecretStore
from local.seed import (
    CONCURRENCY,
    MAX_MEDIA,
    PICTURED,
    draw_profiles,
    follow_all,
    password_of,
    post_all,
    post_media,
    progress_bar,
    sign_up,
)
from local.state import State
from local.watch import watch as print_stream

FOLLOWS_EACH = 8  # of a generated graph, plus about as many follows in return


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(seed)
    app.command()(demo)
    app.command()(watch)


def seed(
    state: StateFolder,
    *,
    graph: Annotated[
        Path | None,
        typer.Option(help="An edge list, a pair of numbers a line; generated if absent."),
    ] = None,
    people: Annotated[
        int, typer.Option(min=2, help="The number of people in a generated graph.")
    ] = 100,
    posts: Annotated[int, typer.Option(min=0, help="The number of posts to write.")] = 500,
    prefix: Annotated[str, typer.Option(help="The prefix of the seeded handles.")] = "seed",
    media: Annotated[
        bool, typer.Option(help="Draw profile pictures, and pictures and clips of some posts.")
    ] = True,
) -> None:
    """Fill the running stack through its public edge; a second run adds only posts.

    The token buckets of the edge are lifted for the duration.
    """
    if not re.fullmatch(r"[A-Za-z0-9_]{1,9}", prefix):
        raise print_error(f"--prefix takes 1 to 9 letters, digits or underscores, not {prefix!r}.")
    try:
        loaded = read_graph(graph) if graph else make_graph(people, FOLLOWS_EACH)
    except GraphFileInvalid as failure:
        raise print_error(f"{failure}.") from None
    edge = _edge(state)
    try:
        asyncio.run(_seed(State(state), edge, loaded, posts, prefix, media=media))
    except* (Refused, httpx2.TransportError) as failures:
        raise print_error(f"{failures.exceptions[0]}.") from None


def demo(
    state: StateFolder,
    *,
    graphql: Annotated[bool, typer.Option(help="Use GraphQL in place of REST.")] = False,
) -> None:
    """Make the main calls through the public edge of the running stack and print each."""
    try:
        asyncio.run(_demo(_edge(state), graphql=graphql))
    except (Refused, httpx2.TransportError) as failure:
        raise print_error(f"{failure}.") from None


def watch(
    state: StateFolder,
    handle: Annotated[str, typer.Argument(help="The handle of the account, such as seed0.")],
    *,
    password: Annotated[
        str | None,
        typer.Option(envvar="ROOST_PASSWORD", help="The password; seeded people need none."),
    ] = None,
) -> None:
    """Follow one account's stream in the terminal, until Ctrl-C."""
    try:
        asyncio.run(_watch(State(state), _edge(state), handle, password))
    except (Refused, httpx2.TransportError) as failure:
        raise print_error(f"{failure}.") from None
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


async def _watch(state: State, address: str, handle: str, password: str | None) -> None:
    if password is None:
        seeded = re.fullmatch(r"(\w*?)(\d+)", handle)
        if seeded is None:
            raise print_error(f"{handle} is not a seeded account; give --password.")
        secret = SecretStore(state.secrets).token("seed-passwords")
        password = password_of(seeded[1], int(seeded[2]), secret)
    async with Edge(address) as edge:
        await print_stream(edge, await edge.sign_in(handle, password), console)


async def _seed(
    state: State, address: str, graph: Graph, posts: int, prefix: str, *, media: bool
) -> None:
    ports = json.loads(state.ports.read_text())
    secrets = SecretStore(state.secrets)
    secret = secrets.token("seed-passwords")
    valkey = valkey_url(f"127.0.0.1:{ports['valkey']}", secrets)
    async with (
        Edge(address, connections=CONCURRENCY) as edge,
        lifted(admin_socket(ports["envoy.admin"])),
        logins_lifted(valkey),
    ):
        with progress_bar() as progress:
            accounts = await sign_up(edge, progress, graph.people, prefix=prefix, secret=secret)
            await follow_all(edge, progress, accounts, graph)
            pictured = min(round(posts * PICTURED), MAX_MEDIA) if media else 0
            await post_all(edge, progress, accounts, posts - pictured)
            if media:
                await draw_profiles(edge, progress, accounts)
                await post_media(edge, progress, accounts, pictured)
    console.print(
        f"{graph.people} people ({prefix}0 to {prefix}{graph.people - 1}), "
        f"{len(graph.follows)} follows and {posts} posts, {pictured} of them with media, are in."
    )


async def _demo(address: str, *, graphql: bool) -> None:
    async with Edge(address) as edge:
        await (GraphQLDemo if graphql else Demo)(edge, console).run()


def _edge(folder: Path) -> str:
    status = running(folder)
    if not status.ready or status.edge is None:
        raise print_error("Roost is not ready; `roost status` shows which part is missing.")
    return status.edge

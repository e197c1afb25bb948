"""What the Timeline service asks of others, and in how few calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.chassis.auth.tokens import ServiceIdentity
from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.errors import Unavailable
from services.timeline.adapters.clients import MeshGraph
from tests.servicers.grpc_server import SERVICE_KEYS, serving
from tests.servicers.timeline.peers import Peers


@pytest.fixture
def peers() -> Peers:
    return Peers()


@pytest.fixture
async def graph(peers: Peers) -> AsyncIterator[MeshGraph]:
    identity = ServiceIdentity(SERVICE_KEYS["timeline"], clock=SystemClock())
    async with (
        serving(*peers.mounts()) as others,
        Mesh(others.address, identity=identity) as mesh,
    ):
        yield MeshGraph(mesh)


async def test_followers_of_many_at_once_cost_a_call_for_each_hundred(
    peers: Peers, graph: MeshGraph
) -> None:
    authors = range(1, 151)
    peers.edges = {(1000 + author, author) for author in authors}

    pages = await asyncio.gather(*(graph.followers(author, after=0) for author in authors))

    assert [list(page.ids) for page in pages] == [[1000 + author] for author in authors]
    assert peers.calls == ["BatchListFollowerIds"] * 2


async def test_a_person_who_is_wanted_twice_is_asked_about_once(
    peers: Peers, graph: MeshGraph
) -> None:
    peers.edges = {(7, 1)}

    first, second = await asyncio.gather(*(graph.followers(1, after=0) for _ in range(2)))

    assert first == second
    assert peers.calls == ["BatchListFollowerIds"]


async def test_later_pages_go_on_where_the_first_one_ended(peers: Peers, graph: MeshGraph) -> None:
    peers.edges = {(7, 1), (8, 1)}

    page = await graph.followers(1, after=7)

    assert (list(page.ids), page.has_more, page.total) == ([8], False, 2)


async def test_a_call_that_fails_fails_all_who_wait_for_it() -> None:
    identity = ServiceIdentity(SERVICE_KEYS["timeline"], clock=SystemClock())
    async with Mesh("127.0.0.1:1", identity=identity) as mesh:  # nobody listens there
        graph = MeshGraph(mesh)

        outcomes = await asyncio.gather(
            *(graph.followers(author, after=0) for author in (1, 2)), return_exceptions=True
        )

    assert [type(each) for each in outcomes] == [Unavailable, Unavailable]

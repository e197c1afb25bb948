"""Stub services: the same contracts, with answers from memory.

    python -m bench.stubs user|post|timeline HOST:PORT RECORDING

They repeat recorded answers of the real services to the same users, so that Envoy and the gateway
do the same work. They check nothing; they select the recorded page by the token.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc.aio
import msgspec
import uvloop
from grpc_health.v1 import health, health_pb2_grpc
from roost.post.v1.post_service_pb2 import BatchGetPostsRequest, BatchGetPostsResponse
from roost.post.v1.post_service_pb2_grpc import (
    PostServiceServicer,
    PostServiceStub,
    add_PostServiceServicer_to_server,
)
from roost.timeline.v1.timeline_service_pb2 import GetHomeTimelineRequest, GetHomeTimelineResponse
from roost.timeline.v1.timeline_service_pb2_grpc import (
    TimelineServiceServicer,
    TimelineServiceStub,
    add_TimelineServiceServicer_to_server,
)
from roost.user.v1.auth_service_pb2 import GetJwksRequest, GetJwksResponse
from roost.user.v1.auth_service_pb2_grpc import (
    AuthServiceServicer,
    AuthServiceStub,
    add_AuthServiceServicer_to_server,
)

from services.chassis.rpc.server import OPTIONS

if TYPE_CHECKING:
    from bench.prewarmed_users import PrewarmedUser

PAGE = 20


class Recording(msgspec.Struct, frozen=True):
    """Recorded answers as serialised messages; pages by `Bearer` token."""

    jwks: bytes
    homes: dict[str, bytes]
    posts: dict[str, bytes]


async def record(mesh: str, readers: list[PrewarmedUser]) -> Recording:
    """Send the calls of the gateway for each reader's home of 20 posts to the real services."""
    async with grpc.aio.insecure_channel(mesh) as channel:
        auth, timelines, posts = (
            AuthServiceStub(channel),
            TimelineServiceStub(channel),
            PostServiceStub(channel),
        )
        jwks = await auth.GetJwks(GetJwksRequest())
        recorded = Recording(jwks.SerializeToString(), {}, {})
        for reader in readers:
            bearer = f"Bearer {reader.token}"
            who = (("authorization", bearer),)
            home = await timelines.GetHomeTimeline(
                GetHomeTimelineRequest(page_size=PAGE), metadata=who, timeout=10
            )
            page = await posts.BatchGetPosts(
                BatchGetPostsRequest(post_ids=[entry.post_id for entry in home.entries]),
                metadata=who,
                timeout=10,
            )
            recorded.homes[bearer] = home.SerializeToString()
            recorded.posts[bearer] = page.SerializeToString()
        return recorded


class StubAuth(AuthServiceServicer):
    """Serves the recorded keys."""

    def __init__(self, recorded: Recording) -> None:
        self._jwks = GetJwksResponse.FromString(recorded.jwks)

    async def GetJwks(self, request: Any, context: Any) -> GetJwksResponse:  # noqa: N802
        """Return the recorded keys."""
        return self._jwks


class StubTimelines(TimelineServiceServicer):
    """Serves one recorded page of each home."""

    def __init__(self, recorded: Recording) -> None:
        self._pages = {
            who: GetHomeTimelineResponse.FromString(page) for who, page in recorded.homes.items()
        }

    async def GetHomeTimeline(  # noqa: N802
        self, request: Any, context: Any
    ) -> GetHomeTimelineResponse:
        """Return the recorded page."""
        return self._pages[_who(context)]


class StubPosts(PostServiceServicer):
    """Serves the posts of one recorded page of each home."""

    def __init__(self, recorded: Recording) -> None:
        self._pages = {
            who: BatchGetPostsResponse.FromString(page) for who, page in recorded.posts.items()
        }

    async def BatchGetPosts(self, request: Any, context: Any) -> BatchGetPostsResponse:  # noqa: N802
        """Return the posts of the recorded page."""
        return self._pages[_who(context)]


def _who(context: Any) -> str:
    for key, value in context.invocation_metadata():
        if key == "authorization":
            return str(value)
    raise LookupError("a call without a token")


def _register(noun: str, server: grpc.aio.Server, recorded: Recording) -> None:
    # They implement only the methods of a home read, so the generated types see abstract classes.
    match noun:
        case "user":
            add_AuthServiceServicer_to_server(StubAuth(recorded), server)  # type: ignore[abstract]
        case "post":
            add_PostServiceServicer_to_server(StubPosts(recorded), server)  # type: ignore[abstract]
        case "timeline":
            stub = StubTimelines(recorded)  # type: ignore[abstract]
            add_TimelineServiceServicer_to_server(stub, server)


async def serve(noun: str, address: str, file: Path) -> None:
    """Answer until SIGTERM."""
    recorded = msgspec.msgpack.decode(file.read_bytes(), type=Recording)
    server = grpc.aio.server(options=OPTIONS)
    _register(noun, server, recorded)
    healthy = health.aio.HealthServicer()  # type: ignore[attr-defined]
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    server.add_insecure_port(address)
    await server.start()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await stopping.wait()
    await server.stop(None)


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], sys.argv[2], Path(sys.argv[3])))

"""The clients of the other services on a real channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from roost.post.v1 import engagement_service_pb2 as engagement_pb
from roost.post.v1.engagement_service_pb2_grpc import (
    EngagementServiceServicer,
    add_EngagementServiceServicer_to_server,
)
from roost.user.v1 import graph_service_pb2 as graph_pb
from roost.user.v1 import user_service_pb2 as user_pb
from roost.user.v1.graph_service_pb2_grpc import (
    GraphServiceServicer,
    add_GraphServiceServicer_to_server,
)
from roost.user.v1.user_pb2 import Relationship, User
from roost.user.v1.user_service_pb2_grpc import (
    UserServiceServicer,
    add_UserServiceServicer_to_server,
)

from services.chassis.auth import access_policy
from services.chassis.auth.tokens import ServiceIdentity
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import SystemClock
from services.search.adapters.clients import MeshBookmarks, MeshRelations, MeshUsers
from services.search.domain.posts.model import Viewer
from tests.servicers.grpc_server import SERVICE_KEYS, serving


class FakeGraph(GraphServiceServicer):
    @access_policy.service("search")
    async def GetRelatedUserIds(
        self, request: graph_pb.GetRelatedUserIdsRequest, context: Any
    ) -> graph_pb.GetRelatedUserIdsResponse:
        return graph_pb.GetRelatedUserIdsResponse(
            following_ids=[1], blocking_ids=[2], blocked_by_ids=[3], muting_ids=[request.user_id]
        )


class FakeUsers(UserServiceServicer):
    @access_policy.service("search")
    async def BatchGetUsers(
        self, request: user_pb.BatchGetUsersRequest, context: Any
    ) -> user_pb.BatchGetUsersResponse:
        known = {"ada": User(id=1, handle="Ada"), "bob": User(id=2, handle="bob")}
        known["bob"].viewer_relationship.CopyFrom(Relationship(blocked_by=request.viewer_id == 7))
        return user_pb.BatchGetUsersResponse(
            users=[known[each] for each in request.handles if each in known]
        )


class FakeEngagement(EngagementServiceServicer):
    @access_policy.service("search")
    async def ListBookmarkIds(
        self, request: engagement_pb.ListBookmarkIdsRequest, context: Any
    ) -> engagement_pb.ListBookmarkIdsResponse:
        return engagement_pb.ListBookmarkIdsResponse(post_ids=[request.user_id, request.page_size])


def mount(add: Any, servicer: Any, messages: Any, offered: str) -> MountedServicer:
    name = type(servicer).__mro__[1].__name__.removesuffix("Servicer")
    methods = messages.DESCRIPTOR.services_by_name[name].methods
    return MountedServicer(
        add,
        servicer,
        without=frozenset(each.name for each in methods if each.name != offered),
    )


@pytest.fixture
async def mesh() -> AsyncIterator[Mesh]:
    mounts = (
        mount(add_GraphServiceServicer_to_server, FakeGraph(), graph_pb, "GetRelatedUserIds"),
        mount(add_UserServiceServicer_to_server, FakeUsers(), user_pb, "BatchGetUsers"),
        mount(
            add_EngagementServiceServicer_to_server,
            FakeEngagement(),
            engagement_pb,
            "ListBookmarkIds",
        ),
    )
    identity = ServiceIdentity(SERVICE_KEYS["search"], clock=SystemClock())
    async with serving(*mounts) as served, Mesh(served.address, identity=identity) as mesh:
        yield mesh


async def test_blocks_of_both_directions_are_one_set(mesh: Mesh) -> None:
    assert await MeshRelations(mesh).of(9) == Viewer(
        user_id=9,
        following=frozenset({1}),
        blocked=frozenset({2, 3}),
        muted=frozenset({9}),
    )


async def test_a_user_who_blocks_the_viewer_is_unknown(mesh: Mesh) -> None:
    users = MeshUsers(mesh)

    assert await users.ids_of(["ada", "bob", "nobody"], viewer_id=0) == {"ada": 1, "bob": 2}
    assert await users.ids_of(["ada", "bob"], viewer_id=7) == {"ada": 1}


async def test_the_newest_bookmarks_are_read(mesh: Mesh) -> None:
    assert await MeshBookmarks(mesh).post_ids(5) == [5, 10_000]

"""The whole stack by mutual TLS inside: it does its main job, and answers no plain text there."""

from __future__ import annotations

from pathlib import Path

import pytest
from roost.post.v1.post_service_pb2 import GetPostRequest
from roost.post.v1.post_service_pb2_grpc import PostServiceStub

from local.search_operator import local_access, search_operator
from local.stream import opened
from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.errors import Unavailable
from tests.e2e.stacks import TestStack
from tests.e2e.test_stream import is_arrival, until
from tests.waiting import LIMIT, eventually

pytestmark = pytest.mark.e2e


async def test_the_stack_by_mutual_tls(tmp_path: Path) -> None:
    async with (
        TestStack(tmp_path, {"ROOST_TLS": "on"}, durable=False) as stack,
        stack.edge() as edge,
    ):
        alice = await edge.register("alice", "correct horse battery")
        bob = await edge.register("bob", "correct horse battery")
        await edge.follow(bob, alice.user_id)

        async with opened(edge, bob) as stream:
            post = await edge.post(alice, "An owl by mutual TLS")
            await until(stream, is_arrival(post["id"]))

        async def is_at_home() -> bool:
            items = [item async for item in edge.walk("/v2/timelines/home", by=bob)]
            return [item["id"] for item in items] == [post["id"]]

        await eventually(is_at_home)
        async with search_operator(local_access(stack.state)) as operator:
            assert [tag async for tag in operator.hidden_hashtags()] == []
        for address in (stack.stack.envoy.mesh, address_of(stack, "post")):
            await refuses_plain_text(address)


def address_of(stack: TestStack, name: str) -> str:
    [part] = [part for part in stack.stack.status().parts if part.name == name]
    return part.address


async def refuses_plain_text(address: str) -> None:
    async with Mesh(address) as mesh:
        with pytest.raises(Unavailable):
            await mesh.stub(PostServiceStub, timeout=LIMIT).GetPost(GetPostRequest(post_id=1))

"""Deleted posts in GraphQL: places in a conversation, and nothing of what was said."""

from roost.post.v1 import post_service_pb2 as rpc

from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.graphql.sending import asked, post_id
from tests.gateway.samples import (
    ALICE,
    BOB,
    includes,
    person,
    post,
    tombstone,
)

PLACE = """
fragment Place on Post {
  restId deleted text revision createdAt replyToId replyToAuthorId
  author { handle }
  viewer { liked }
}
"""
OF_THE_GONE = {
    "restId": "99",
    "deleted": True,
    "text": "",
    "revision": 0,
    "createdAt": "2026-02-01T12:00:00.000Z",
    "replyToId": post_id(98),
    "replyToAuthorId": None,
    "author": None,
    "viewer": None,
}
REPLY = post(100, ALICE, reply_to_post_id=99, reply_to_author_id=BOB, conversation_id=98)


async def test_a_thread_begins_at_a_deleted_post(stranger: Client, services: FakeServices) -> None:
    services.answer(
        "GetThread",
        rpc.GetThreadResponse(
            post=tombstone(99, answers=98), replies=[REPLY], includes=includes(person(ALICE))
        ),
    )

    found = await asked(
        stranger,
        PLACE + "query($id: ID!) { thread(id: $id) { post { ...Place }"
        " replies { nodes { restId } } } }",
        id=post_id(99),
    )

    assert found["thread"] == {"post": OF_THE_GONE, "replies": {"nodes": [{"restId": "100"}]}}


async def test_a_deleted_post_is_a_node_with_its_replies(
    stranger: Client, services: FakeServices
) -> None:
    services.answer("BatchGetPosts", rpc.BatchGetPostsResponse(posts=[tombstone(99, answers=98)]))
    services.answer(
        "ListReplies", rpc.ListRepliesResponse(posts=[REPLY], includes=includes(person(ALICE)))
    )

    found = await asked(
        stranger,
        PLACE + "query($id: ID!) { node(id: $id) { ...Place"
        " ... on Post { replies { nodes { restId } } } } }",
        id=post_id(99),
    )

    assert found["node"] == OF_THE_GONE | {"replies": {"nodes": [{"restId": "100"}]}}
    assert services.last("BatchGetPosts").include_tombstones


async def test_a_reply_leads_up_to_the_deleted_post_that_it_answers(
    stranger: Client, services: FakeServices
) -> None:
    services.answer("GetPost", rpc.GetPostResponse(post=REPLY, includes=includes(person(ALICE))))
    services.answer("BatchGetPosts", rpc.BatchGetPostsResponse(posts=[tombstone(99, answers=98)]))

    found = await asked(
        stranger,
        PLACE + "query($id: ID!) { post(id: $id) { replyTo { ...Place } } }",
        id=post_id(100),
    )

    assert found["post"]["replyTo"] == OF_THE_GONE

"""Quotes of what is not shown with them: in every version of REST, and in GraphQL at any depth."""

import pytest
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import Post

from gateway.api.versions import VERSIONS
from gateway.views.version import Version
from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.graphql.sending import asked, post_id
from tests.gateway.samples import (
    ALICE,
    BOB,
    CAROL,
    includes,
    person,
    post,
)

QUOTED = post(100, ALICE)
WITHDRAWN = post(101, BOB, quoted_post_id=100, quote_hidden=True)
VISIBLE = post(102, CAROL, quoted_post_id=100)
PEOPLE = includes(person(ALICE), person(BOB), person(CAROL), quoted=(QUOTED,))


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.prefix)
async def test_a_withdrawn_quote_is_not_shown_although_the_post_is_on_the_page(
    stranger: Client, services: FakeServices, version: Version
) -> None:
    services.answer(
        "BatchGetPosts",
        rpc.BatchGetPostsResponse(posts=[QUOTED, WITHDRAWN, VISIBLE], includes=PEOPLE),
    )

    items = (await stranger.get(f"{version.prefix}/posts?ids=100,101,102")).json()["items"]

    shown = [(each["quoted_post"] is not None, each["quote_hidden"]) for each in items]
    assert shown == [(False, False), (False, True), (True, False)]


async def test_graphql_does_not_show_it_either(stranger: Client, services: FakeServices) -> None:
    services.answer(
        "BatchGetPosts",
        rpc.BatchGetPostsResponse(posts=[QUOTED, WITHDRAWN, VISIBLE], includes=PEOPLE),
    )

    found = await asked(
        stranger,
        "query($ids: [ID!]!) { posts(ids: $ids) { quotedPost { restId } quoteHidden } }",
        ids=[post_id(each) for each in (100, 101, 102)],
    )

    assert found["posts"] == [
        {"quotedPost": None, "quoteHidden": False},
        {"quotedPost": None, "quoteHidden": True},
        {"quotedPost": {"restId": "100"}, "quoteHidden": False},
    ]


@pytest.mark.parametrize(("middle", "shown"), [(WITHDRAWN, False), (VISIBLE, True)])
async def test_graphql_asks_whether_what_a_quoted_post_quotes_is_withdrawn(
    stranger: Client, services: FakeServices, middle: Post, shown: bool
) -> None:
    # As a quoted post it does not say that it is withdrawn.
    embedded = post(middle.id, middle.author_id, quoted_post_id=100)
    outer = post(103, ALICE, quoted_post_id=middle.id)
    services.answer(
        "GetPost",
        rpc.GetPostResponse(post=outer, includes=includes(person(ALICE), quoted=(embedded,))),
    )
    services.answer("BatchGetPosts", rpc.BatchGetPostsResponse(posts=[middle], includes=PEOPLE))

    found = await asked(
        stranger,
        "query($id: ID!) { post(id: $id) { quotedPost { quotedPost { restId } quoteHidden } } }",
        id=post_id(103),
    )

    assert list(services.last("BatchGetPosts").post_ids) == [middle.id]
    assert found["post"]["quotedPost"] == {
        "quotedPost": {"restId": "100"} if shown else None,
        "quoteHidden": not shown,
    }

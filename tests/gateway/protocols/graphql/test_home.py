"""The home timeline in GraphQL: what it costs, and that only what was asked for is sent."""

from typing import Any

import pytest
from roost.post.v1.post_pb2 import Entity, Hashtag, Link, Mention

from tests.gateway.api.test_home import Home
from tests.gateway.conftest import Client, counted
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.graphql.sending import asked, post_id, user_id
from tests.gateway.samples import BOB, CAROL, post

EVERYTHING = """
query Home($first: Int = 20, $after: String) {
  homeTimeline(first: $first, after: $after) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges {
      cursor
      node {
        id
        restId
        repostedBy { handle }
        post {
          __typename
          id
          restId
          text
          entities {
            __typename
            ... on Mention { start end handle userId }
            ... on Hashtag { start end tag }
            ... on Link { start end url }
          }
          visibility
          createdAt
          editedAt
          replyToId
          conversationId
          mediaIds
          author { id handle displayName createdAt relationship { following muting } }
          counts { likes reposts replies quotes }
          viewer { liked reposted bookmarked }
          quoteHidden
          quotedPost { id text author { handle } }
        }
      }
    }
  }
}
"""


@pytest.fixture
def home(services: FakeServices) -> Home:
    return Home(services)


async def test_a_page_costs_the_two_calls_that_it_costs_in_rest(
    alice: Client, home: Home, services: FakeServices
) -> None:
    for number in range(30):
        home.add(100 + number, BOB, quoted_post_id=50)
    home.quoted[50] = post(50, CAROL)

    with counted(services) as graphql:
        data = await asked(alice, EVERYTHING)
    with counted(services) as rest:
        await alice.get("/v1/timelines/home?limit=20")

    assert graphql == rest == ["GetHomeTimeline", "BatchGetPosts"]
    assert len(data["homeTimeline"]["edges"]) == 20


async def test_a_page_shows_posts_with_author_counts_and_own_state(
    alice: Client, home: Home
) -> None:
    home.add(100, CAROL, reposter=BOB, quoted_post_id=50)
    home.quoted[50] = post(50, CAROL)

    (edge,) = (await asked(alice, EVERYTHING))["homeTimeline"]["edges"]

    item = edge["node"]
    assert item["restId"] == "10100"
    assert item["repostedBy"] == {"handle": "bob"}
    assert item["post"] == {
        "__typename": "Post",
        "id": post_id(100),
        "restId": "100",
        "text": "Post 100",
        "entities": [],
        "visibility": "PUBLIC",
        "createdAt": "2026-02-01T12:00:00.000Z",
        "editedAt": None,
        "replyToId": None,
        "conversationId": post_id(100),
        "mediaIds": [],
        "author": {
            "id": user_id(CAROL),
            "handle": "carol",
            "displayName": "Carol",
            "createdAt": "2026-02-01T12:00:00.000Z",
            "relationship": {"following": True, "muting": False},
        },
        "counts": {"likes": 1, "reposts": 2, "replies": 3, "quotes": 4},
        "viewer": {"liked": True, "reposted": False, "bookmarked": False},
        "quoteHidden": False,
        "quotedPost": {"id": post_id(50), "text": "Post 50", "author": {"handle": "carol"}},
    }


async def test_only_what_was_asked_for_is_sent(alice: Client, home: Home) -> None:
    home.add(100, BOB)

    data = await asked(alice, "{ homeTimeline { nodes { post { t: text } } } }")

    assert data == {"homeTimeline": {"nodes": [{"post": {"t": "Post 100"}}]}}


async def test_walking_the_pages_skips_and_repeats_nothing(alice: Client, home: Home) -> None:
    for number in range(25):
        home.add(100 + number, BOB)
    home.stands[BOB] = {"following": True}

    seen: list[str] = []
    info: dict[str, Any] = {"endCursor": None}
    pages = 0
    while pages == 0 or info["hasNextPage"]:
        page = (await asked(alice, EVERYTHING, first=10, after=info["endCursor"]))["homeTimeline"]
        info = page["pageInfo"]
        assert info["hasPreviousPage"] is (pages > 0)
        assert page["edges"][-1]["cursor"] == info["endCursor"]
        seen += [edge["node"]["restId"] for edge in page["edges"]]
        pages += 1

    assert pages == 3
    assert seen == [str(100 + number) for number in range(25)]
    assert info["endCursor"] is None


async def test_a_quoted_post_within_a_quoted_one_is_loaded_when_asked_for(
    alice: Client, home: Home, services: FakeServices
) -> None:
    home.add(100, BOB, quoted_post_id=50)
    home.quoted[50] = post(50, CAROL, quoted_post_id=40)
    home.posts[50] = home.quoted[50]
    home.posts[40] = home.quoted[40] = post(40, CAROL)
    deep = "{ homeTimeline { nodes { post { quotedPost { quotedPost { text } quoteHidden } } } } }"

    with counted(services) as calls:
        data = await asked(alice, deep)

    quoted = data["homeTimeline"]["nodes"][0]["post"]["quotedPost"]
    assert quoted == {"quotedPost": {"text": "Post 40"}, "quoteHidden": False}
    assert calls == ["GetHomeTimeline", "BatchGetPosts", "BatchGetPosts"]


async def test_the_text_comes_in_segments_too(alice: Client, home: Home) -> None:
    text = "Hi @bob, #Tea at https://a.b!"
    found = [
        Entity(start=3, end=7, mention=Mention(user_id=BOB, handle="bob")),
        Entity(start=9, end=13, hashtag=Hashtag(tag="tea")),
        Entity(start=11, end=99, hashtag=Hashtag(tag="beyond")),
        Entity(start=17, end=28, link=Link(url="https://a.b")),
    ]
    home.add(100, BOB, text=text, entities=found)
    document = """
        {
          homeTimeline {
            nodes {
              post {
                content {
                  ... on TextSegment { text }
                  ... on MentionSegment { text handle userId }
                  ... on HashtagSegment { text tag }
                  ... on LinkSegment { text url }
                }
              }
            }
          }
        }
    """

    (item,) = (await asked(alice, document))["homeTimeline"]["nodes"]

    content = item["post"]["content"]
    assert "".join(each["text"] for each in content) == text
    assert content == [
        {"text": "Hi "},
        {"text": "@bob", "handle": "bob", "userId": user_id(BOB)},
        {"text": ", "},
        {"text": "#Tea", "tag": "tea"},
        {"text": " at "},
        {"text": "https://a.b", "url": "https://a.b"},
        {"text": "!"},
    ]

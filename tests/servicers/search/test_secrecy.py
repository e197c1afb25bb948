"""A stranger who searches for a word of a post that is closed to them gets what a search for a word
gets that nobody wrote: the same bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from google.protobuf.message import Message
from roost.post.v1.post_pb2 import (
    VISIBILITY_FOLLOWERS,
    VISIBILITY_MENTIONED,
    AudienceLimit,
)
from roost.search.v1 import search_service_pb2 as rpc
from roost.search.v1.search_pb2 import POST_ORDER_LATEST, POST_ORDER_TOP

from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import RoostError
from services.chassis.storage import postgres
from services.search.domain.posts.model import Viewer
from tests.builders.search_worker import START, a_picture, memory_stores, postgres_stores
from tests.engines import Databases
from tests.servicers.search.conftest import Scenario, running

SECRET, NOBODYS = "xylograph", "zymurgist"

SEARCHES: dict[str, tuple[str, Callable[[str], Message]]] = {
    "posts, best first": (
        "SearchPosts",
        lambda word: rpc.SearchPostsRequest(query=word, order=POST_ORDER_TOP),
    ),
    "posts, newest first": (
        "SearchPosts",
        lambda word: rpc.SearchPostsRequest(query=word, order=POST_ORDER_LATEST),
    ),
    "posts beside others": (
        "SearchPosts",
        lambda word: rpc.SearchPostsRequest(query=f"open OR {word}", page_size=2),
    ),
    "posts beside others, newest first": (
        "SearchPosts",
        lambda word: rpc.SearchPostsRequest(
            query=f"open OR {word}", page_size=2, order=POST_ORDER_LATEST
        ),
    ),
    "posts without the word": (
        "SearchPosts",
        lambda word: rpc.SearchPostsRequest(query=f"open -{word}", order=POST_ORDER_LATEST),
    ),
    "posts with the hashtag": (
        "SearchPosts",
        lambda word: rpc.SearchPostsRequest(query=f"#{word}"),
    ),
    "posts of the author": (
        "SearchPosts",
        lambda word: rpc.SearchPostsRequest(query=f"from:alice {word}"),
    ),
    "posts of the hashtag": (
        "ListHashtagPosts",
        lambda word: rpc.ListHashtagPostsRequest(tag=word),
    ),
    "hashtags": ("SearchHashtags", lambda word: rpc.SearchHashtagsRequest(query=word[:6])),
    "the hashtag": ("GetHashtag", lambda word: rpc.GetHashtagRequest(tag=word)),
    "suggestions": ("Typeahead", lambda word: rpc.TypeaheadRequest(query=word[:6])),
    "suggested hashtags": ("Typeahead", lambda word: rpc.TypeaheadRequest(query=f"#{word[:6]}")),
    "users": ("SearchUsers", lambda word: rpc.SearchUsersRequest(query=word)),
}


@pytest.fixture(scope="module")
def secrecy_url(postgres: Databases) -> str:
    return postgres.fresh("search")


@pytest.fixture(params=["memory", "postgres"])
async def closed(request: pytest.FixtureRequest) -> AsyncIterator[Scenario]:
    """Open posts, and posts with the secret word that bob may not read."""
    clock = ManualClock(START)
    if request.param == "memory":
        async with running(memory_stores(clock), clock) as scenario:
            await write(scenario)
            yield scenario
        return
    url: str = request.getfixturevalue("secrecy_url")
    databases: Databases = request.getfixturevalue("postgres")
    databases.clear(url)
    async with (
        postgres.connect(url, clock=clock) as database,
        running(postgres_stores(database), clock) as scenario,
    ):
        await write(scenario)
        yield scenario


async def write(scenario: Scenario) -> None:
    alice, world = scenario.alice, scenario.world
    await scenario.consume(
        *(
            world.register(each, handle)
            for each, handle in ((alice, "alice"), (scenario.bob, "bob"))
        )
    )
    carol = await scenario.register("carol")
    protected = await scenario.register("prot", protected=True)
    blocker = await scenario.register("blocker")
    for number in range(4):
        parent = await scenario.post(alice, f"open {number}")
    text = f"{SECRET} #{SECRET} open"
    await scenario.post(alice, text, visibility=VISIBILITY_FOLLOWERS)
    await scenario.post(alice, text, visibility=VISIBILITY_MENTIONED)
    await scenario.post(protected, text)
    # Without the hashtag: everyone but bob may read it, so its use would be counted.
    await scenario.post(blocker, SECRET)
    # An answer within a closed conversation.
    await scenario.post(
        carol,
        text,
        reply_to_post_id=parent,
        reply_to_author_id=alice,
        audience_limits=[AudienceLimit(author_id=alice, visibility=VISIBILITY_FOLLOWERS)],
    )
    # A description of a picture, and a revision that replaced the word.
    await scenario.post(
        alice, "closed", visibility=VISIBILITY_FOLLOWERS, media=[a_picture(7, SECRET)]
    )
    edited = await scenario.post(alice, text)
    await scenario.consume(world.edit(edited, "open again"))
    deleted = await scenario.post(alice, text)
    await scenario.consume(world.delete(deleted))
    gone = await scenario.register("gone", display_name=SECRET, bio=SECRET)
    await scenario.post(gone, text)
    await scenario.consume(world.delete_user(gone))
    scenario.user_service.viewers[scenario.bob] = Viewer(
        user_id=scenario.bob, blocked=frozenset({blocker}), following=frozenset({carol})
    )


async def answer(scenario: Scenario, who: int, search: str, word: str) -> bytes:
    method, request = SEARCHES[search]
    try:
        response = await getattr(scenario.search(who), method)(request(word))
    except RoostError as refused:
        return repr((type(refused), refused.reason, dict(refused.metadata))).encode()
    if method == "GetHashtag":
        # It repeats the hashtag of the request.
        assert response.hashtag.tag == word
        response.hashtag.ClearField("tag")
    content: bytes = response.SerializeToString(deterministic=True)
    return content


def without_token(content: bytes) -> rpc.SearchPostsResponse:
    response = rpc.SearchPostsResponse.FromString(content)
    response.ClearField("next_page_token")
    return response


async def test_a_stranger_cannot_tell_a_secret_word_from_a_word_that_nobody_wrote(
    closed: Scenario,
) -> None:
    for search, (method, _) in SEARCHES.items():
        secret = await answer(closed, closed.bob, search, SECRET)
        nobodys = await answer(closed, closed.bob, search, NOBODYS)
        if method == "SearchPosts":
            # A page token is bound to its query, so two queries never have equal ones. Both words
            # have as many letters, so the tokens are as long.
            assert len(secret) == len(nobodys), search
            assert without_token(secret) == without_token(nobodys), search
        else:
            assert secret == nobodys, search


async def test_those_who_may_read_it_find_the_word(closed: Scenario) -> None:
    # Otherwise the test above would hold for an index that finds nothing.
    found = await closed.posts(SECRET, closed.alice, page_size=50)

    assert len(found.post_ids) >= 3
    closed.follow(closed.bob, closed.alice)
    assert len((await closed.posts(SECRET, closed.bob)).post_ids) >= 2


async def test_the_page_after_hidden_posts_begins_at_the_same_place(closed: Scenario) -> None:
    for order in (POST_ORDER_TOP, POST_ORDER_LATEST):
        before = await closed.posts("open", closed.bob, order=order, page_size=2)
        for number in range(3):
            await closed.post(closed.alice, f"open {number}", visibility=VISIBILITY_FOLLOWERS)
        after = await closed.posts("open", closed.bob, order=order, page_size=2)

        assert after.SerializeToString() == before.SerializeToString()

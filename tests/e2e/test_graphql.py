"""GraphQL through Envoy and every service: operations, trusted documents, subscriptions."""

from __future__ import annotations

import io

import httpx2
import pytest
from rich.console import Console
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from gateway.api.schema import SCHEMA
from gateway.protocols.graphql.global_ids import global_id
from gateway.protocols.graphql.trusted_documents import id_of
from gateway.protocols.stream.topics import LISTS
from local.demo_graphql import ARRIVALS, GraphQLDemo
from local.edge import Account, Edge
from local.graphql import execute, subscribed
from tests.authorization.rows import PASSWORD
from tests.authorization.scenario import scenario
from tests.authorization.topics import STREAM, SUBSCRIPTIONS, mismatches
from tests.e2e.conftest import DOCUMENTS, Shared
from tests.waiting import LIMIT, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.engines]

HOME = (DOCUMENTS / "home.graphql").read_text(encoding="utf-8")
PATIENCE = 60.0


@pytest.mark.asyncio(loop_scope="session")
async def test_graphql(shared: Shared) -> None:
    async with shared.stack.edge() as edge:
        alice, bob = [await edge.register(name, "a long pass phrase") for name in ("dave", "erin")]
        await edge.follow(alice, bob.user_id)

        await an_arrival_is_sent_and_read(edge, alice, bob)
        await a_home_is_not_modified_until_it_changes(edge, alice, bob)
        await a_subscribed_post_shows_its_likes(edge, alice, bob)
        await other_subprotocols_are_refused(edge)
        await the_demo_runs(edge)
        for protected in (False, True):
            await each_topic_serves_the_callers_of_its_row(edge, protected=protected)


def test_every_topic_has_a_row() -> None:
    assert SCHEMA.subscription_type is not None
    assert set(SUBSCRIPTIONS) == set(SCHEMA.subscription_type.fields)
    kinds = {each.partition(":")[0] for each in STREAM}
    assert kinds == LISTS | {"post", "hashtag"}


async def an_arrival_is_sent_and_read(edge: Edge, alice: Account, bob: Account) -> None:
    async with subscribed(edge, alice, ARRIVALS) as arrivals:
        post = await edge.post(bob, "Good morning")
        arrival = await arrivals.next(seconds=PATIENCE)

    received = arrival["homeArrivals"]["post"]
    assert received == {
        "id": global_id("Post", int(post["id"])),
        "text": "Good morning",
        "author": {"handle": "erin"},
    }
    home = await execute(edge, HOME, by=alice)
    assert [each["post"]["text"] for each in home["homeTimeline"]["nodes"]] == ["Good morning"]


async def a_home_is_not_modified_until_it_changes(edge: Edge, alice: Account, bob: Account) -> None:
    async def requested(tag: str = "") -> tuple[int, str]:
        headers = {"authorization": f"Bearer {alice.access_token}"}
        if tag:
            headers["if-none-match"] = tag
        async with httpx2.AsyncClient(
            base_url=edge.address, trust_env=False, timeout=LIMIT
        ) as client:
            body = {"documentId": id_of(HOME)}
            answer = await client.post("/graphql", json=body, headers=headers)
        return answer.status_code, answer.headers.get("etag", "")

    async def is_not_modified() -> bool:
        _, tag = await requested()
        return await requested(tag) == (304, tag)

    await eventually(is_not_modified)
    _, tag = await requested()

    await edge.post(bob, "Good evening")

    async def is_changed() -> bool:
        return (await requested(tag))[0] == 200

    await eventually(is_changed)


async def a_subscribed_post_shows_its_likes(edge: Edge, alice: Account, bob: Account) -> None:
    post = await edge.post(bob, "Watch this")
    watch = "subscription($id: ID!) { postActivity(id: $id) { post { counts { likes } } } }"
    watched = subscribed(edge, alice, watch, id=global_id("Post", int(post["id"])))
    async with watched as activity:
        first = await activity.next(seconds=PATIENCE)
        await edge.call("PUT", f"/v1/posts/{post['id']}/like", by=alice)
        then = await activity.next(seconds=PATIENCE)
        while not then["postActivity"]["post"]["counts"]["likes"]:
            then = await activity.next(seconds=PATIENCE)

    assert first["postActivity"]["post"]["counts"]["likes"] == 0
    assert then["postActivity"]["post"]["counts"]["likes"] == 1


async def other_subprotocols_are_refused(edge: Edge) -> None:
    address = edge.address.replace("http", "ws", 1) + "/graphql"
    with pytest.raises(InvalidStatus) as refusal:
        await connect(address, subprotocols=[Subprotocol("graphql-ws")], proxy=None)

    assert refusal.value.response.status_code == 400


async def the_demo_runs(edge: Edge) -> None:
    written = io.StringIO()

    await GraphQLDemo(edge, Console(file=written)).run()

    assert "the same post: yes" in written.getvalue()


async def each_topic_serves_the_callers_of_its_row(edge: Edge, *, protected: bool) -> None:
    async def sign_up(handle: str) -> Account:
        return await edge.register(handle, PASSWORD)

    assert await mismatches(await scenario(edge, sign_up, protected=protected)) == {}

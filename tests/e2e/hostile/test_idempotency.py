"""Fifty times the same request at once, through the edge: one effect, and one answer."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from local.edge import Edge
from tests.e2e.hostile.conftest import SignUp

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="session")]

ROUNDS = 10
AT_ONCE = 50


async def test_fifty_posts_with_one_key_are_one_post(edge: Edge, sign_up: SignUp) -> None:
    author = await sign_up("repeater")
    body = {"text": "once"}

    async def post(key: str) -> httpx2.Response:
        return await edge.send("POST", "/v1/posts", by=author, body=body, key=key)

    for number in range(ROUNDS):
        key = f"round-{number}"
        answers = await asyncio.gather(*(post(key) for _ in range(AT_ONCE)))
        replay = await post(key)

        made = [answer for answer in answers if answer.status_code == 201]
        waited = [answer for answer in answers if answer.status_code != 201]
        assert {answer.content for answer in made} == {replay.content}
        assert replay.status_code == 201
        assert {(each.status_code, each.json()["reason"]) for each in waited} <= {
            (409, "IDEMPOTENCY_KEY_IN_FLIGHT")
        }

    posts = [each async for each in edge.walk(f"/v1/users/{author.user_id}/posts")]
    assert len(posts) == ROUNDS


async def test_same_key_with_another_body_is_refused(edge: Edge, sign_up: SignUp) -> None:
    author = await sign_up("changer")
    await edge.post(author, "one", key="k")

    answer = await edge.send("POST", "/v1/posts", by=author, body={"text": "two"}, key="k")

    assert (answer.status_code, answer.json()["reason"]) == (422, "IDEMPOTENCY_KEY_REUSED")

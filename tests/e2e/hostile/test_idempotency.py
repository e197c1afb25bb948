"""Fifty times the same request at once, through the edge: one effect, and one answer."""

from __future__ import annotations

import pytest

from local.edge import Edge
from tests.e2e.hostile.conftest import SignUp
from tests.e2e.idempotency_load import repeat

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="session")]

ROUNDS = 20


async def test_fifty_posts_with_one_key_are_one_post(edge: Edge, sign_up: SignUp) -> None:
    author = await sign_up("repeater")

    answered = await repeat(edge, author, ROUNDS)

    assert answered[201] >= ROUNDS


async def test_same_key_with_another_body_is_refused(edge: Edge, sign_up: SignUp) -> None:
    author = await sign_up("changer")
    await edge.post(author, "one", key="k")

    answer = await edge.send("POST", "/v1/posts", by=author, body={"text": "two"}, key="k")

    assert (answer.status_code, answer.json()["reason"]) == (422, "IDEMPOTENCY_KEY_REUSED")

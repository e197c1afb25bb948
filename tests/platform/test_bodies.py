"""Each hostile body has its named response, from gateway and services together."""

from __future__ import annotations

import httpx2

from tests.hostile_bodies import ROWS, answered, check
from tests.platform.platform import Platform


async def test_each_body_has_its_named_answer(shared_platform: Platform) -> None:
    author = await shared_platform.register("author")

    async with httpx2.AsyncClient(
        transport=shared_platform.transport, base_url="http://gateway"
    ) as client:
        for row in ROWS:
            check(row, await answered(client, row, author.access_token))

"""One trace follows a post from the edge through every service and over the broker."""

from __future__ import annotations

import httpx2
import pytest

from tests.e2e.conftest import Shared
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# The client does not decide about recording. This test records every request.
CLIENT_SPAN = "00f067aa0ba902b7"
OF_CLIENT = f"00-{TRACE}-{CLIENT_SPAN}-00"
EXPORTED_SECONDS = 60.0  # spans are exported every 5 s


async def test_a_post_is_one_trace_from_the_edge_to_the_homes_of_others(
    shared: Shared,
) -> None:
    kept = shared.collector
    async with shared.stack.edge() as edge:
        author = await edge.register("author", "a long pass phrase")
        headers = {"authorization": f"Bearer {author.access_token}", "traceparent": OF_CLIENT}

        async with httpx2.AsyncClient(base_url=edge.address, trust_env=False) as client:
            answer = await client.post("/v1/posts", json={"text": "Hello"}, headers=headers)
        spans, parents = kept.names[TRACE], kept.parents[TRACE]

        def is_whole() -> bool:
            """Processes export their spans in any order."""
            return (
                spans["roost-gateway"] == {"POST /v1/posts"}
                and "roost.post.v1.PostService/CreatePost" in names(spans["roost-post"])
                and "roost.user.v1.UserService/BatchGetUsers" in names(spans["roost-user"])
                and "handle roost.post.v1.PostCreated" in spans["roost-timeline"]
                # The parent of each span is in the trace, or is the client's span.
                and set(parents.values()) <= {*parents, CLIENT_SPAN}
            )

        try:
            await eventually(is_whole, limit=EXPORTED_SECONDS)
        except TimeoutError:
            pytest.fail(f"these spans arrived: {dict(spans)}, with these parents: {parents}")

    assert answer.status_code == 201
    assert answer.headers["traceresponse"].split("-")[1] == TRACE


def names(spans: set[str]) -> set[str]:
    return {name.strip("/") for name in spans}

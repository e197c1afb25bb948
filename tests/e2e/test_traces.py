"""One trace follows a post from the edge through every service and over the broker."""

from __future__ import annotations

from collections.abc import Sequence

import httpx2
import pytest

from tests.collector import Span
from tests.e2e.conftest import Shared
from tests.waiting import LIMIT, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# The client does not decide about recording. This test records every request.
CLIENT_SPAN = "00f067aa0ba902b7"
OF_CLIENT = f"00-{TRACE}-{CLIENT_SPAN}-00"
EXPORTED_SECONDS = 60.0  # spans are exported every 5 s

CREATE = "/roost.post.v1.PostService/CreatePost"
USERS = "/roost.user.v1.UserService/BatchGetUsers"
CREATED = "roost.post.v1.PostCreated"
TIMELINE = ("roost-timeline", f"handle {CREATED}")
# From the client to the home of a follower, each span the parent of the next.
LINEAGE = [
    ("roost-edge", "POST"),
    ("roost-gateway", "POST /v1/posts"),
    ("roost-mesh", CREATE),
    ("roost-post", CREATE),
    ("roost-post", f"publish {CREATED}"),
    TIMELINE,
]
SPANS = {
    *LINEAGE,
    ("roost-mesh", USERS),
    ("roost-user", USERS),
    ("roost-post", "postgres"),
    ("roost-timeline", "redis"),
    ("roost-search", f"handle {CREATED}"),
    ("roost-notification", f"handle {CREATED}"),
}


async def test_a_post_is_one_trace_from_the_edge_to_the_homes_of_others(
    shared: Shared,
) -> None:
    kept = shared.collector
    async with shared.stack.edge() as edge:
        author = await edge.register("author", "a long pass phrase")
        headers = {"authorization": f"Bearer {author.access_token}", "traceparent": OF_CLIENT}

        async with httpx2.AsyncClient(
            base_url=edge.address, trust_env=False, timeout=LIMIT
        ) as client:
            answer = await client.post("/v1/posts", json={"text": "Hello"}, headers=headers)

        def is_whole() -> bool:
            """Processes export their spans in any order."""
            spans = kept.traces[TRACE]
            parents = {span.parent for span in spans}
            return kept.names(TRACE) >= SPANS and parents <= {
                CLIENT_SPAN,
                *(span.id for span in spans),
            }

        try:
            await eventually(is_whole, limit=EXPORTED_SECONDS)
        except TimeoutError:
            missing = SPANS - kept.names(TRACE)
            pytest.fail(f"missing are {missing} of these: {kept.traces[TRACE]}")

    assert answer.status_code == 201
    assert answer.headers["traceresponse"].split("-")[1] == TRACE

    assert lineage(kept.traces[TRACE], TIMELINE) == LINEAGE


def lineage(spans: Sequence[Span], last: tuple[str, str]) -> list[tuple[str, str]]:
    """The spans from the first one to the last one, each the parent of the next."""
    by_id = {span.id: span for span in spans}
    (span,) = (each for each in spans if (each.service, each.name) == last)
    line = [span]
    while line[0].parent in by_id:
        line.insert(0, by_id[line[0].parent])
    return [(each.service, each.name) for each in line]

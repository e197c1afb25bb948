"""The home of 20 posts by REST, by GraphQL with the same fields, and as a phone's screen."""

from __future__ import annotations

import httpx2

from bench import sample_requests
from bench.bench import Bench
from bench.jobs import Kind
from bench.measuring import Run
from bench.report import Report
from bench.scenarios.tables import LATENCY_COLUMNS, cost_rows, latency_row, total
from bench.wire import request

READERS = 200
CONNECTIONS = 16
SECONDS = 10.0

# All fields of the REST answer.
FULL = """
fragment Who on User {
  id handle displayName bio location website avatarMediaId protected
  followersCount followingCount postsCount createdAt
  relationship {
    userId following followedBy followRequested followRequestedBy blocking blockedBy muting
  }
}
fragment Shown on Post {
  id
  author { ...Who }
  text
  entities {
    __typename
    ... on Mention { start end userId handle }
    ... on Hashtag { start end tag }
    ... on Link { start end url }
  }
  visibility replyToId replyToAuthorId conversationId quotedPostId quoteHidden mediaIds
  createdAt editedAt revision deleted
  counts { likes reposts replies quotes }
  viewer { liked reposted bookmarked }
}
query Home {
  homeTimeline(first: 20) {
    nodes { id repostedBy { ...Who } post { ...Shown quotedPost { ...Shown } } }
    pageInfo { endCursor }
  }
}
"""
# The fields of a list on a phone.
SCREEN = """
query Screen {
  homeTimeline(first: 20) {
    nodes {
      id
      repostedBy { handle }
      post {
        id
        text
        createdAt
        author { handle displayName avatarMediaId }
        counts { likes reposts replies }
        viewer { liked reposted }
        quotedPost { id text author { handle displayName } }
      }
    }
    pageInfo { endCursor }
  }
}
"""


async def run(bench: Bench) -> Report:
    """Measure REST and GraphQL in turn, twice, so that both see the same machine load."""
    readers = (await bench.users())[:READERS]
    kinds = {
        "REST": Kind("home", sample_requests.homes(readers)),
        "GraphQL": Kind("home", [_graphql_request(FULL, reader.token) for reader in readers]),
        "GraphQL, a phone's screen": Kind(
            "home", [_graphql_request(SCREEN, each.token) for each in readers]
        ),
    }
    runs: dict[str, list[Run]] = {title: [] for title in kinds}
    for _ in range(2):
        for title, kind in kinds.items():
            bench.say(f"{title} …")
            runs[title].append(await bench.closed([kind], connections=CONNECTIONS, seconds=SECONDS))
    best = {title: max(each, key=lambda run: run.outcome.rate) for title, each in runs.items()}
    report = Report()
    report.table(
        f"Home of 20 posts, {len(readers)} readers, {CONNECTIONS} connections",
        ["protocol", *LATENCY_COLUMNS],
        [[title, *latency_row(each.outcome, "home")] for title, each in best.items()],
    )
    report.table("CPU µs a request", ["process", *best], cost_rows(best))
    rest, graphql = best["REST"], best["GraphQL"]
    report.higher("GraphQL ÷ REST", graphql.outcome.rate / rest.outcome.rate, "")
    report.higher("GraphQL ÷ REST, by CPU", total(rest) / total(graphql), "")
    for title, each in best.items():
        report.lower(f"{title} CPU a request", total(each), "µs")
    report.table(
        "One reader's home of 20 posts, bytes of the answer",
        ["protocol", "plain", "gzip"],
        await _sizes(bench, readers[0].token),
    )
    return report


async def _sizes(bench: Bench, token: str) -> list[list[str]]:
    """Bytes of one reader's home on the wire, plain and compressed by the edge."""
    host, port = bench.stack.address
    rows = []
    async with httpx2.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False) as client:
        for title, method, path, body in (
            ("REST", "GET", sample_requests.HOME, None),
            ("GraphQL, the same fields", "POST", "/graphql", {"query": FULL}),
            ("GraphQL, a phone's screen", "POST", "/graphql", {"query": SCREEN}),
        ):
            row = [title]
            for encoding in ("identity", "gzip"):
                headers = {"authorization": f"Bearer {token}", "accept-encoding": encoding}
                answer = await client.request(method, path, json=body, headers=headers)
                answer.raise_for_status()
                row.append(f"{answer.num_bytes_downloaded:,}")
            rows.append(row)
    return rows


def _graphql_request(document: str, token: str) -> bytes:
    return request("POST", "/graphql", token=token, body={"query": document})

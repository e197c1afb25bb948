"""Who may subscribe: a row for each topic of the stream and each GraphQL subscription."""

from __future__ import annotations

import asyncio

from gateway.protocols.graphql.global_ids import global_id
from local.edge import Account, Edge, Refused
from local.graphql import subscribed
from local.stream import opened
from tests.authorization.rows import ROLES, YES, Attempt, Row, responds, signed_in
from tests.authorization.scenario import Scenario

PATIENCE = 60.0

STREAM: dict[str, Row] = {
    "home": Row(signed_in),
    "notifications": Row(signed_in),
    "account": Row(signed_in),
    "post": Row(responds, "post"),
    "hashtag:roost": Row(signed_in),
}
SUBSCRIPTIONS: dict[str, Row] = {
    "events": Row(signed_in),
    "homeArrivals": Row(signed_in),
    "notifications": Row(signed_in),
    "postActivity": Row(responds, "post"),
    "hashtagActivity": Row(signed_in),
}
_DOCUMENTS = {
    "events": "subscription { events(topics: [HOME, NOTIFICATIONS, ACCOUNT]) { sequence } }",
    "homeArrivals": "subscription { homeArrivals { id } }",
    "notifications": "subscription { notifications { withdrawnId } }",
    "hashtagActivity": 'subscription { hashtagActivity(tag: "roost") { posts { id } } }',
    "postActivity": "subscription($id: ID!) { postActivity(id: $id) { post { id } } }",
}


async def mismatches(scenario: Scenario) -> dict[tuple[str, str, str], str]:
    """Subscribes to every topic as each role. Returns the results that differ from its row.

    The roles subscribe at the same time: Envoy holds a closed connection for a second.
    """
    found = {}
    for rows, subscribe in ((STREAM, _in_stream), (SUBSCRIPTIONS, _in_graphql)):
        for topic, row in rows.items():
            targets = scenario.posts if row.resource else {"public": ""}
            for visibility, target in targets.items():
                answers = await asyncio.gather(
                    *(
                        subscribe(scenario.edge, scenario.accounts[role], topic, target)
                        for role in ROLES
                    )
                )
                for role, answer in zip(ROLES, answers, strict=True):
                    expected = row.rule(Attempt(role, scenario.protected, visibility))
                    if answer != expected:
                        found[topic, visibility, role] = f"{answer!r} rather than {expected!r}"
    return found


async def _in_stream(edge: Edge, by: Account | None, topic: str, target: str) -> str:
    try:
        ticket = await edge.call("POST", "/v1/stream/tickets", by=by)
    except Refused as refusal:
        return refusal.reason
    assert by is not None, ticket
    async with opened(edge, by) as stream:
        await stream.send("subscribe", topics=[f"{topic}:{target}" if target else topic])
        frame = await stream.next(seconds=PATIENCE)
        while frame["type"] not in {"subscribed", "error"}:
            frame = await stream.next(seconds=PATIENCE)
    return YES if frame["type"] == "subscribed" else str(frame["problem"]["reason"])


async def _in_graphql(edge: Edge, by: Account | None, topic: str, target: str) -> str:
    given = {"id": global_id("Post", int(target))} if target else {}
    try:
        if by is None:
            await edge.call("POST", "/v1/stream/tickets", by=by)
        assert by is not None
        async with subscribed(edge, by, _DOCUMENTS[topic], **given) as subscription:
            if target:
                await subscription.next(seconds=PATIENCE)
    except Refused as refusal:
        return refusal.reason
    return YES

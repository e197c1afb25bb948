"""Executes the rows of the matrix in GraphQL. The results are those of REST."""

from __future__ import annotations

import re
from typing import Any

from gateway.protocols.graphql.global_ids import global_id
from local.edge import Account, Json
from tests.authorization.rows import ROWS, YES, Sent
from tests.authorization.scenario import Scenario, operation_of
from tests.gateway.protocols.graphql.field_cases import FIELDS, REST_ONLY, FieldCase

# The kinds of resources, and their types in global ids.
_KINDS = {
    "account": "User",
    "request": "User",
    "post": "Post",
    "session": "Session",
    "device": "PushSubscription",
    "upload": "Medium",
}
# Fields of REST's bodies and queries that hold ids, and of what.
_IDS = {
    "replyToPostId": "Post",
    "quotedPostId": "Post",
    "getPosts.ids": "Post",
    "getRelationships.ids": "User",
    "getMedia.ids": "Medium",
    "setReadMarker.lastReadId": "TimelineItem",
    "setNotificationsMarker.lastReadId": "Notification",
}
_NAMES = {"replyToPostId": "replyToId", "lastReadId": "id"}
# Variables that the documents of the gateway's tests send, and rows do not.
_EXAMPLES = {
    "after",
    "replyToId",
    "quotedPostId",
    "mediaIds",
    "avatarMediaId",
    "bannerMediaId",
    "visibility",
    "language",
}


def field_of(row: str) -> FieldCase:
    """The field that does what the row's operation does."""
    return FIELDS[_route_of(row)]


def has_field(row: str) -> bool:
    """Whether there is one: some operations exist in REST alone."""
    return _route_of(row) not in REST_ONLY


def _route_of(row: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation_of(row)).lower()


async def in_graphql(scenario: Scenario, row: str, by: Account | None, target: str) -> str:
    """Executes a row as this user, on this resource: the reason of the error, or YES."""
    field_case = field_of(row)
    variables = {
        name: value for name, value in field_case.variables.items() if name not in _EXAMPLES
    }
    given = ROWS[row]
    if given.resource == "hashtag":
        variables["tag"] = target
    elif given.resource:
        variables["id"] = global_id(_KINDS[given.resource], int(target))
    for sent in (given.body, given.query):
        variables |= _variables(row, sent, scenario, by, target)
    if "visibility" in field_case.variables:
        variables["visibility"] = "PUBLIC"
    answer = await scenario.edge.send(
        "POST", "/graphql", by=by, body={"query": field_case.document, "variables": variables}
    )
    return _reason(answer.json(), field_case)


def _variables(
    row: str, sent: Sent | None, scenario: Scenario, by: Account | None, target: str
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in (sent(scenario, by, target) if sent else {}).items():
        if isinstance(value, dict):
            found |= value
            continue
        camel = re.sub(r"_(\w)", lambda match: match[1].upper(), name)
        kind = _IDS.get(f"{operation_of(row)}.{camel}") or _IDS.get(camel)
        if kind and camel == "ids":
            found[camel] = [global_id(kind, int(each)) for each in str(value).split(",")]
        elif kind:
            found[_NAMES.get(camel, camel)] = global_id(kind, int(value))
        else:
            found[camel] = value
    return found


def _reason(answer: Json, field_case: FieldCase) -> str:
    if answer.get("errors"):
        (error,) = answer["errors"]
        return str(error["extensions"]["reason"])
    if field_case.field.startswith("Mutation."):
        outcome = answer["data"][field_case.field.partition(".")[2]]
        if outcome["error"] is not None:
            return str(outcome["error"]["reason"])
    return YES

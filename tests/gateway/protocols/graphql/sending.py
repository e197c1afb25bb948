"""FieldCase the gateway in GraphQL."""

from typing import Any

import httpx2

from gateway.protocols.graphql.global_ids import global_id
from tests.gateway.conftest import Client

Json = dict[str, Any]


async def sent(client: Client, query: str, **variables: Any) -> httpx2.Response:
    """The answer to a document with these variables."""
    return await client("POST", "/graphql", json={"query": query, "variables": variables})


async def asked(client: Client, query: str, **variables: Any) -> Json:
    """What a document gives that goes well."""
    answer = await sent(client, query, **variables)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    assert "errors" not in found, found["errors"]
    data: Json = found["data"]
    return data


async def refused(client: Client, query: str, **variables: Any) -> Json:
    """The extensions of the one error that a document leads to."""
    answer = await sent(client, query, **variables)
    assert answer.status_code == 200, answer.text
    (error,) = answer.json()["errors"]
    extensions: Json = error["extensions"]
    return extensions


def post_id(number: int) -> str:
    return global_id("Post", number)


def user_id(number: int) -> str:
    return global_id("User", number)

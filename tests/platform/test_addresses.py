"""An address that no email can be sent to is refused by its rule, in every protocol."""

from __future__ import annotations

import pytest

from tests.platform.platform import Platform

POISON = "=?utf-8?q??=@b.co"
MUTATION = """
mutation ($address: String!) {
  setEmail(address: $address) { error { reason violations { field rule detail } } }
}
"""


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_rest_names_the_rule_that_an_address_breaks(
    shared_platform: Platform, version: str
) -> None:
    author = await shared_platform.register("author")

    answer = await shared_platform.edge.send(
        "PUT", f"/{version}/users/me/email", by=author, body={"address": POISON}
    )

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["reason"] == "VALIDATION_FAILED"
    assert [(each["field"], each["rule"]) for each in problem["violations"]] == [
        ("address", "no_encoded_word")
    ]


async def test_graphql_names_the_rule_that_an_address_breaks(shared_platform: Platform) -> None:
    author = await shared_platform.register("author")

    answer = await shared_platform.edge.send(
        "POST",
        "/graphql",
        by=author,
        body={"query": MUTATION, "variables": {"address": POISON}},
    )

    error = answer.json()["data"]["setEmail"]["error"]
    assert error["reason"] == "VALIDATION_FAILED"
    assert [(each["field"], each["rule"]) for each in error["violations"]] == [
        ("address", "no_encoded_word")
    ]

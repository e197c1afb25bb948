"""Every statement of the stores carries the shard keys of the tables that it touches.

Statements are found in the adapters, in the chassis and in the functions of migrations. Those that
reach every shard are listed here, each with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import pytest

from services.chassis.deployment import shards
from services.chassis.runtime.manifest import Engine, deployed, manifests
from tests.unit.sharding import statements
from tests.unit.sharding.exceptions import COMPOSED, EVERY_SHARD
from tests.unit.sharding.key_rules import mistakes
from tests.unit.sharding.statements import Statement

SERVICES = [each.noun for each in deployed() if Engine.POSTGRES in each.engines]
_HOSTS = {each.noun: each.runs_in or each.noun for each in manifests()}


def every_statement() -> Iterator[Statement]:
    yield from statements.of_modules()
    for noun in SERVICES:
        yield from statements.of_functions(noun)


def wrong(statement: Statement) -> list[str]:
    sharding = shards.sharding_of(_HOSTS.get(statement.noun, statement.noun))
    if sharding is None:
        return []
    return mistakes(statement.sql, shards.shard_key_columns(sharding))


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    """What is wrong with each statement that is not right, by its name."""
    all_of_them = sorted((each.name, wrong(each)) for each in every_statement())
    return {
        name: [text for _, texts in group for text in texts]
        for name, group in groupby(all_of_them, key=lambda each: each[0])
    }


def test_every_statement_carries_its_shard_keys_or_is_listed(found: dict[str, list[str]]) -> None:
    unlisted = {name: texts for name, texts in found.items() if texts and name not in EVERY_SHARD}

    assert not unlisted, (
        "These statements reach more than one shard. Add the shard key (docs/sharding.md), or list "
        f"them in tests/unit/sharding/exceptions.py with a reason: {unlisted}"
    )


def test_no_statement_is_listed_that_carries_its_keys(found: dict[str, list[str]]) -> None:
    assert [name for name in EVERY_SHARD if not found.get(name)] == []


def test_statements_that_functions_compose_are_listed() -> None:
    assert sorted(set(statements.dynamic_calls())) == sorted(COMPOSED)


def test_statements_of_every_service_are_found() -> None:
    nouns = {each.noun for each in statements.of_modules()}

    assert nouns >= {each.noun for each in manifests() if Engine.POSTGRES in each.engines}
    assert "chassis" in nouns
    assert [each.name for each in statements.of_functions("post")] != []

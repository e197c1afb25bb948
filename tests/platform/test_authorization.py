"""The authorization matrix: every operation of the OpenAPI documents has a row and follows it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.api.schema import SCHEMA
from gateway.api.versions import NEWEST, VERSIONS
from services.user.domain.passwords import Passwords
from tests.authorization import rows
from tests.authorization.graphql import field_of, has_field, in_graphql
from tests.authorization.rows import ROWS, Attempt
from tests.authorization.scenario import Matrix, operation_of
from tests.completeness import assert_listed
from tests.gateway.protocols.graphql.field_cases import BESIDE_ROUTES
from tests.platform.platform import platform

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=VERSIONS,
    ids=lambda version: f"v{version.number}",
)
async def matrix(
    request: pytest.FixtureRequest, hashing: Passwords, shared_redis: str
) -> AsyncIterator[Matrix]:
    async with platform(hashing, shared_redis) as everything:
        yield Matrix(everything.edge, everything.register, version=request.param.number)


async def test_every_operation_of_the_document_has_a_row(matrix: Matrix) -> None:
    assert_listed(
        await matrix.operations(),
        set(map(operation_of, ROWS)),
        kind="row",
        file=rows.__file__,
        guide="Add an RPC, step 6",
    )


async def test_document_and_rows_agree_on_anonymous_operations(matrix: Matrix) -> None:
    operations = await matrix.operations()

    stranger = Attempt("stranger", protected=False)
    for name, operation in operations.items():
        # A row may be about a parameter that only users may send.
        rules = [given.rule for row, given in ROWS.items() if operation_of(row) == name]
        refused = all(rule(stranger) == "TOKEN_MISSING" for rule in rules)
        assert refused == operation.needs_token, name


@pytest.mark.parametrize("protected", [False, True], ids=["open", "protected"])
@pytest.mark.parametrize("row", ROWS)
async def test_operation_serves_the_callers_of_its_row(
    matrix: Matrix, row: str, protected: bool
) -> None:
    assert await matrix.mismatches(row, protected=protected) == {}


@pytest.mark.parametrize("matrix", [NEWEST], indirect=True, ids=["graphql"])
@pytest.mark.parametrize("protected", [False, True], ids=["open", "protected"])
@pytest.mark.parametrize("row", [row for row in ROWS if has_field(row)])
async def test_field_serves_the_callers_of_its_row(
    matrix: Matrix, row: str, protected: bool
) -> None:
    assert await matrix.mismatches(row, protected=protected, execute=in_graphql) == {}


async def test_every_field_has_a_row() -> None:
    fields = {field_of(row).field for row in ROWS if has_field(row)} | set(BESIDE_ROUTES)
    roots = (SCHEMA.query_type, SCHEMA.mutation_type)
    tops = {f"{root.name}.{name}" for root in roots if root is not None for name in root.fields}

    assert_listed(
        tops,
        {each for each in fields if each.partition(".")[0] in {"Query", "Mutation"}},
        kind="row",
        file=rows.__file__,
        guide="Add an RPC, step 6",
    )

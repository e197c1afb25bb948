"""The authorization matrix through the edge: every operation, every role, open and protected."""

from __future__ import annotations

import pytest

from local.edge import Edge
from tests.authorization.rows import ROWS
from tests.authorization.scenario import Matrix
from tests.e2e.fuzzing import VERSIONS
from tests.e2e.hostile.conftest import SignUp

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(scope="module", params=VERSIONS)
def matrix(request: pytest.FixtureRequest, edge: Edge, sign_up: SignUp) -> Matrix:
    return Matrix(edge, sign_up, version=request.param)


@pytest.mark.parametrize("protected", [False, True], ids=["open", "protected"])
@pytest.mark.parametrize("row", ROWS)
async def test_operation_serves_the_callers_of_its_row(
    matrix: Matrix, row: str, protected: bool
) -> None:
    assert await matrix.mismatches(row, protected=protected) == {}

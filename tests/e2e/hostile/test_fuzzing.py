"""schemathesis through the edge, a little of it: it answers as its document says."""

from __future__ import annotations

import asyncio

import pytest

from local.edge import Edge
from tests.e2e.fuzzing import VERSIONS, fuzz
from tests.e2e.hostile.conftest import SignUp

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

SECONDS = 300.0


@pytest.mark.parametrize("version", VERSIONS)
async def test_nothing_breaks_the_document(edge: Edge, sign_up: SignUp, version: int) -> None:
    account = await sign_up(f"fuzzer{version}")

    async with asyncio.timeout(SECONDS):
        code, report = await fuzz(
            edge.address, account.handle, version=version, phases="examples,fuzzing", examples=5
        )

    assert code == 0, report

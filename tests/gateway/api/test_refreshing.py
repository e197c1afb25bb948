"""Refreshing: a good token is never refused for what others of the same address do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from roost.user.v1.auth_service_pb2 import RefreshSessionRequest, RefreshSessionResponse

from services.chassis.runtime.errors import Unauthenticated
from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.gateway.samples import session, tokens

GOOD, BAD = "good", "bad"
REFUSALS = 20  # of one address in a minute, in these tests

Refresh = Callable[[Client, str], Awaitable[str]]


async def by_rest(client: Client, token: str) -> str:
    """Refresh; return the reason of the refusal, or nothing."""
    answer = await client("POST", "/v2/sessions/refresh", json={"refresh_token": token})
    return "" if answer.status_code == 200 else str(answer.json()["reason"])


async def by_graphql(client: Client, token: str) -> str:
    """Refresh; return the reason of the refusal, or nothing."""
    document = "mutation($t: String!) { refreshSession(refreshToken: $t) { error { reason } } }"
    answer = await client("POST", "/graphql", json={"query": document, "variables": {"t": token}})
    error = answer.json()["data"]["refreshSession"]["error"]
    return str(error["reason"]) if error else ""


BOTH = pytest.mark.parametrize("refresh", [by_rest, by_graphql])


@pytest.fixture(autouse=True)
def one_good_token(services: FakeServices) -> None:
    def answer(request: RefreshSessionRequest) -> RefreshSessionResponse:
        if request.refresh_token != GOOD:
            raise Unauthenticated(reason="REFRESH_TOKEN_INVALID")
        return RefreshSessionResponse(session=session(7), tokens=tokens())

    services.answer("RefreshSession", answer)


@BOTH
async def test_good_tokens_are_not_counted(stranger: Client, refresh: Refresh) -> None:
    answers = [await refresh(stranger, GOOD) for _ in range(3 * REFUSALS)]

    assert set(answers) == {""}


@BOTH
async def test_refused_tokens_count_against_their_address_and_no_good_one_suffers(
    stranger: Client, refresh: Refresh
) -> None:
    refused = [await refresh(stranger, BAD) for _ in range(REFUSALS + 2)]
    good = await refresh(stranger, GOOD)

    assert refused[:REFUSALS] == ["REFRESH_TOKEN_INVALID"] * REFUSALS
    assert refused[REFUSALS:] == ["RATE_LIMITED"] * 2
    assert good == ""


async def test_refusals_by_rest_and_by_graphql_are_counted_together(stranger: Client) -> None:
    for _ in range(REFUSALS // 2):
        await by_rest(stranger, BAD)
        await by_graphql(stranger, BAD)

    assert await by_rest(stranger, BAD) == "RATE_LIMITED"
    assert await by_graphql(stranger, BAD) == "RATE_LIMITED"

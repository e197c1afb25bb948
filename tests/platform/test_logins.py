"""REST and GraphQL share one bucket of the client's network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from services.user.domain.passwords import Passwords
from tests.platform.platform import Platform, platform
from tests.servicers.user.conftest import PASSWORD

LOGINS = 20
# Of one document: the limit of anonymous clients.
ALIASES = 10


@pytest.fixture
async def strict(hashing: Passwords, shared_redis: str) -> AsyncIterator[Platform]:
    """A platform with few password checks per network."""
    async with platform(hashing, shared_redis, logins=LOGINS) as running:
        await running.register("alice")
        yield running


class Network:
    """A client at one address."""

    def __init__(self, running: Platform, address: str) -> None:
        self._http = httpx2.AsyncClient(
            transport=running.transport,
            base_url="http://gateway",
            headers={"x-envoy-external-address": address},
        )

    async def rest(self, handle: str, password: str = PASSWORD) -> Any:
        body = {"handle": handle, "password": password}
        return await self._http.post("/v2/sessions", json=body)

    async def graphql(self, count: int) -> list[str]:
        """The refusal reasons of that many sign-ins in one document."""
        fields = "".join(
            f'a{n}: signIn(handle: "nobody{n}", password: "wrong lamp 0") {{ error {{ reason }} }} '
            for n in range(count)
        )
        answer = await self._http.post("/graphql", json={"query": f"mutation {{ {fields} }}"})
        return [each["error"]["reason"] for each in answer.json()["data"].values()]


async def test_each_aliased_sign_in_of_a_document_is_counted(strict: Platform) -> None:
    network = Network(strict, "192.0.2.1")

    reasons = [each for _ in range(3) for each in await network.graphql(ALIASES)]

    assert reasons[:LOGINS] == ["CREDENTIALS_WRONG"] * LOGINS
    assert reasons[LOGINS:] == ["RATE_LIMITED"] * ALIASES


async def test_graphql_and_rest_take_from_one_bucket(strict: Platform) -> None:
    network = Network(strict, "192.0.2.2")
    for number in range(15):
        assert (await network.rest(f"nobody{number}")).status_code == 401

    reasons = await network.graphql(10)
    answer = await network.rest("alice")

    assert reasons == ["CREDENTIALS_WRONG"] * 5 + ["RATE_LIMITED"] * 5
    assert answer.status_code == 429
    assert answer.json()["reason"] == "RATE_LIMITED"
    assert int(answer.headers["retry-after"]) >= 1
    assert (await Network(strict, "192.0.2.3").rest("alice")).status_code == 201


async def test_guesses_at_one_account_are_refused_with_a_time_to_wait(strict: Platform) -> None:
    network = Network(strict, "192.0.2.4")
    statuses = [(await network.rest("alice", "wrong lamp 0")).status_code for _ in range(5)]

    answer = await network.rest("alice")

    assert statuses == [401] * 5
    assert answer.status_code == 429
    assert answer.json()["reason"] == "TOO_MANY_PASSWORD_ATTEMPTS"
    assert 1 <= int(answer.headers["retry-after"]) <= 2


async def test_addresses_of_one_ipv6_customer_are_one_network(strict: Platform) -> None:
    for number in range(LOGINS):
        await Network(strict, f"2001:db8:1:2::{number}").rest(f"nobody{number}")

    assert (await Network(strict, "2001:db8:1:2:3::1").rest("alice")).status_code == 429
    assert (await Network(strict, "2001:db8:1:3::1").rest("alice")).status_code == 201

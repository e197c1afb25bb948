"""Attackers guess passwords and use up hashing, while a bystander signs in."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx2
import pytest
import pytest_asyncio

from tests.e2e.stacks import TestStack

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="module")]

LOGINS = 20
# The defaults of an installation: its rate limits, and password hashing at full cost.
SETTINGS = {
    "ROOST_RATE_LOGINS": str(LOGINS),
    "ROOST_RATE_GUESSES": "20",
    "ROOST_PASSWORD_MEMORY_MIB": "64",
}
PASSWORD = "zebra lamp 9"
BYSTANDER, ATTACKER = "127.0.0.1", "127.0.0.2"
# Sign-ins of the bystander, alone and beside the attack, at the rate at which a bucket fills.
TIMES, PACE_SECONDS = 12, 60 / LOGINS
# Smaller differences are noise of the machine.
FLOOR_SECONDS = 1.0
MOST_REQUESTS = 20_000
PAUSE_SECONDS = 0.3
MOST_RETRIES = 5
ALIASES = 10  # the limit of anonymous clients


class Client:
    """A client at one loopback address."""

    def __init__(self, edge: str, address: str) -> None:
        self._http = httpx2.AsyncClient(
            base_url=edge,
            transport=httpx2.AsyncHTTPTransport(local_address=address),
            timeout=30.0,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def register(self, handle: str) -> httpx2.Response:
        body = {"handle": handle, "password": PASSWORD}
        return await self._http.post("/v2/users", json=body)

    async def sign_in(self, handle: str, password: str = PASSWORD) -> httpx2.Response:
        body = {"handle": handle, "password": password}
        return await self._http.post("/v2/sessions", json=body)

    async def sign_in_aliased(self, handle: str) -> list[str]:
        fields = "".join(
            f'a{n}: signIn(handle: "{handle}", password: "guess {n}") {{ error {{ reason }} }} '
            for n in range(ALIASES)
        )
        answer = await self._http.post("/graphql", json={"query": f"mutation {{ {fields} }}"})
        data = answer.json().get("data") or {}
        return [each["error"]["reason"] for each in data.values() if each["error"]]

    async def change_password(self, token: str, old: str) -> httpx2.Response:
        body = {"old_password": old, "new_password": PASSWORD}
        headers = {"authorization": f"Bearer {token}"}
        return await self._http.post("/v2/users/me/password", json=body, headers=headers)

    async def delete(self, token: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}"}
        body = {"password": "wrong lamp 0"}
        return await self._http.request("DELETE", "/v2/users/me", json=body, headers=headers)


class Attack:
    """Sends every kind of password request from one address, until it is stopped."""

    def __init__(self, client: Client, victim: str, tokens: list[str]) -> None:
        self._client = client
        self._victim = victim
        self._tokens = tokens
        self.outcomes: Counter[str] = Counter()
        self._stopped = False

    async def run(self) -> None:
        acts = [self._guess, self._guess, self._guess_aliased]
        acts += [self._change, self._burn, self._delete] * 2
        await asyncio.gather(*(self._repeat(act) for act in acts))

    def stop(self) -> None:
        self._stopped = True

    async def _repeat(self, act: Callable[[str], Awaitable[list[str]]]) -> None:
        turn = 0
        while not self._stopped and self.outcomes.total() < MOST_REQUESTS:
            turn += 1
            self.outcomes.update(await act(self._tokens[turn % len(self._tokens)]))
            # The attack is on hashing, not on the edge.
            await asyncio.sleep(PAUSE_SECONDS)

    async def _guess(self, token: str) -> list[str]:
        answer = await self._client.sign_in(self._victim, "wrong lamp 0")
        return [f"guess {_outcome(answer)}"]

    async def _guess_aliased(self, token: str) -> list[str]:
        reasons = await self._client.sign_in_aliased(self._victim)
        return [f"guess {each}" for each in reasons]

    async def _change(self, token: str) -> list[str]:
        return [f"burn {_outcome(await self._client.change_password(token, 'wrong lamp 0'))}"]

    async def _burn(self, token: str) -> list[str]:
        return [f"burn {_outcome(await self._client.change_password(token, PASSWORD))}"]

    async def _delete(self, token: str) -> list[str]:
        return [f"burn {_outcome(await self._client.delete(token))}"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with TestStack(tmp_path_factory.mktemp("passwords"), SETTINGS) as running:
        yield running.stack.edge


async def test_a_bystander_signs_in_beside_an_attack_as_fast_as_alone(edge: str) -> None:
    async with AsyncExitStack() as stack:
        bystander, attacker, helper = [
            Client(edge, address) for address in (BYSTANDER, ATTACKER, "127.0.0.3")
        ]
        for client in (bystander, attacker, helper):
            stack.push_async_callback(client.aclose)
        assert (await bystander.register("alice")).status_code == 201
        tokens = [(await helper.register(f"mallory{n}")).json()["access_token"] for n in range(4)]

        alone = await _signing_in(bystander)
        attack = Attack(attacker, "alice", tokens)
        running = asyncio.create_task(attack.run())
        beside = await _signing_in(bystander)
        attack.stop()
        await running

    seconds = (TIMES + 2) * max(PACE_SECONDS, *beside)
    compared = sum(
        count
        for outcome, count in attack.outcomes.items()
        if outcome.endswith(("CREDENTIALS_WRONG", " 204"))
    )
    print(f"alone {sorted(alone)}\nbeside {sorted(beside)}\n{attack.outcomes}")
    assert attack.outcomes["guess CREDENTIALS_WRONG"] <= 12
    assert compared <= LOGINS + seconds * LOGINS / 60
    assert max(beside) <= max(2 * max(alone), FLOOR_SECONDS)


async def test_sign_ups_at_once_are_answered_in_time_or_refused_with_a_time_to_wait(
    edge: str,
) -> None:
    async with AsyncExitStack() as stack:
        clients = [Client(edge, f"127.0.1.{n}") for n in range(1, 25)]
        for client in clients:
            stack.push_async_callback(client.aclose)
        answers = await asyncio.gather(
            *(client.register(f"bob{n}") for n, client in enumerate(clients))
        )

    print(Counter(_outcome(each) for each in answers))
    assert {each.status_code for each in answers} <= {201, 429, 503}
    assert any(each.status_code == 201 for each in answers)
    assert all(int(each.headers["retry-after"]) >= 1 for each in answers if each.is_error)


async def test_bursts_of_every_password_request_are_answered_or_refused_with_a_time_to_wait(
    edge: str,
) -> None:
    async with AsyncExitStack() as stack:
        clients = [Client(edge, f"127.0.2.{n}") for n in range(1, 65)]
        for client in clients:
            stack.push_async_callback(client.aclose)
        known = clients[::16]
        tokens = [await _registered(client, f"dora{n}") for n, client in enumerate(known)]
        for count in (8, 16, 64):
            answers = await asyncio.gather(
                *(client.register(f"erin{count}x{n}") for n, client in enumerate(clients[:count])),
                *(client.sign_in(f"dora{n}") for n, client in enumerate(known)),
                *(
                    client.change_password(token, PASSWORD)
                    for client, token in zip(known, tokens, strict=True)
                ),
            )

            print(count, Counter(_outcome(each) for each in answers))
            assert {each.status_code for each in answers} <= {201, 204, 401, 429, 503}
            refused = [each for each in answers if each.status_code in {429, 503}]
            assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
        await _registered(clients[-1], "frank")


async def test_clients_who_leave_take_no_hash_from_those_who_stay(edge: str) -> None:
    async with AsyncExitStack() as stack:
        clients = [Client(edge, f"127.0.3.{n}") for n in range(1, 25)]
        for client in clients:
            stack.push_async_callback(client.aclose)
        leaving = [
            asyncio.create_task(client.register(f"gina{n}")) for n, client in enumerate(clients)
        ]
        await asyncio.wait(leaving, return_when=asyncio.FIRST_COMPLETED)
        for each in leaving:
            each.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)

        await _registered(clients[0], "helen")


async def _registered(client: Client, handle: str) -> str:
    """Signs a user up, and comes back when a refusal says so. Returns the access token."""
    answer = await client.register(handle)
    for _ in range(MOST_RETRIES):
        if answer.status_code not in {429, 503}:
            break
        await asyncio.sleep(int(answer.headers["retry-after"]))  # as the server asks
        answer = await client.register(handle)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["access_token"])


async def _signing_in(client: Client) -> list[float]:
    """Signs in at the rate of the bucket. Returns the times. None may be refused."""
    took = []
    for _ in range(TIMES):
        began = time.monotonic()
        answer = await client.sign_in("alice")
        took.append(time.monotonic() - began)
        assert answer.status_code == 201, answer.text
        await asyncio.sleep(max(0.0, PACE_SECONDS - took[-1]))
    return took


def _outcome(answer: httpx2.Response) -> str:
    return str(answer.json()["reason"]) if answer.is_error else str(answer.status_code)

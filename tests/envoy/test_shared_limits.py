"""Limits that all edges count together, in the rate limit service: two Envoys, one Valkey."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from local.rate_limits import lifted
from tests.engines import Engines
from tests.envoy.gateway import Gateway, serving
from tests.envoy.issuer import Issuer, bearer
from tests.envoy.proxy import Proxy, eventually, running
from tests.envoy.rate_limit_service import RateLimitService
from tests.envoy.rate_limit_service import serving as counting

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

READS, WRITES, LOGINS, STRANGERS, MEDIA = 12, 8, 6, 10, 5
LIMITS = {
    "RATE_READS": str(READS),
    "RATE_WRITES": str(WRITES),
    "RATE_LOGINS": str(LOGINS),
    "RATE_STRANGERS": str(STRANGERS),
    "RATE_MEDIA": str(MEDIA),
}
# Tries of a test that has to be done within a part of a minute.
TRIES = 10
MISSING = "/m/nothing/a.webp"

module = pytest_asyncio.fixture(scope="module", loop_scope="session")


class Person:
    """Somebody at an address and with an account that nobody else has."""

    _numbers = itertools.count(1)

    def __init__(self, issuer: Issuer) -> None:
        number = next(self._numbers)
        self.address = f"127.1.{number // 200}.{number % 200 + 1}"
        self.token = bearer(issuer.token(9_000_000 + number))

    async def send(
        self, origin: str, method: str, path: str, *, signed_in: bool = True
    ) -> httpx2.Response:
        transport = httpx2.AsyncHTTPTransport(local_address=self.address)
        async with httpx2.AsyncClient(base_url=origin, transport=transport, timeout=60) as client:
            return await client.request(method, path, headers=self.token if signed_in else {})


@module
async def gateway(issuer: Issuer) -> AsyncIterator[Gateway]:
    async with serving(Gateway("only", jwks=issuer.jwks())) as gateway:
        yield gateway


@module
async def service(
    tmp_path_factory: pytest.TempPathFactory, engines: Engines
) -> AsyncIterator[RateLimitService]:
    engines.start("valkey")
    folder = tmp_path_factory.mktemp("rate-limits")
    async with counting(folder, valkey=engines.valkey.url, **LIMITS) as service:
        yield service


@module
async def edges(
    tmp_path_factory: pytest.TempPathFactory, service: RateLimitService, gateway: Gateway
) -> AsyncIterator[list[Proxy]]:
    """Two edges that count together."""
    async with AsyncExitStack() as stack:
        edges = [
            await stack.enter_async_context(
                running(
                    tmp_path_factory.mktemp("edge"),
                    GATEWAY_ENDPOINTS=[gateway.address],
                    GLOBAL_RATE_LIMITS_OFF="false",
                    RATE_LIMIT_ENDPOINTS=[service.address],
                    RATE_LIMIT_SECONDS="5",
                    **LIMITS,
                )
            )
            for _ in range(2)
        ]
        for edge in edges:
            await eventually(lambda edge=edge: is_counted_by(edge, service))
        yield edges


@module
async def alone(tmp_path_factory: pytest.TempPathFactory, gateway: Gateway) -> AsyncIterator[Proxy]:
    """An edge with its own buckets alone."""
    folder = tmp_path_factory.mktemp("alone")
    async with running(folder, GATEWAY_ENDPOINTS=[gateway.address], **LIMITS) as proxy:
        yield proxy


async def is_counted_by(edge: Proxy, service: RateLimitService) -> bool:
    found = (await edge.endpoints("rate_limits")).get(service.address, {})
    return found == {"eds_health_status": "HEALTHY"}


async def within_a_minute(
    spend: Callable[[], Awaitable[httpx2.Response]],
) -> httpx2.Response:
    """Repeat until no minute of the service's count began in between, and return the last answer.

    ``spend`` is for a new person each time.
    """
    for _ in range(TRIES):
        before = time.time() // 60
        answer = await spend()
        if time.time() // 60 == before:
            return answer
    raise AssertionError(f"The machine is so slow that no one of {TRIES} tries took less than 60 s")


async def spent(
    person: Person, origin: str, method: str, path: str, times: int, *, signed_in: bool = True
) -> None:
    """Send so many requests, which all pass."""
    for _ in range(times):
        answer = await person.send(origin, method, path, signed_in=signed_in)
        assert answer.status_code != 429


async def test_a_user_who_spends_at_one_edge_is_refused_at_the_other(
    edges: list[Proxy], issuer: Issuer
) -> None:
    one, two = (each.edge for each in edges)
    people: list[Person] = []

    async def spend() -> httpx2.Response:
        people.append(Person(issuer))
        await spent(people[-1], one, "POST", "/v1/posts", WRITES)
        return await people[-1].send(two, "POST", "/v1/posts")

    refused = await within_a_minute(spend)
    reading = await people[-1].send(two, "GET", "/v1/posts/1")
    other = await Person(issuer).send(two, "POST", "/v1/posts")

    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["reason"] == "RATE_LIMITED"
    assert (reading.status_code, other.status_code) == (200, 200)


async def test_strangers_of_one_address_are_counted_together(
    edges: list[Proxy], issuer: Issuer
) -> None:
    one, two = (each.edge for each in edges)

    async def spend() -> httpx2.Response:
        person = Person(issuer)
        await spent(person, one, "GET", "/v1/posts/1", STRANGERS, signed_in=False)
        return await person.send(two, "GET", "/v1/posts/1", signed_in=False)

    refused = await within_a_minute(spend)
    other = await Person(issuer).send(two, "GET", "/v1/posts/1", signed_in=False)

    assert refused.status_code == 429
    assert refused.headers["ratelimit-policy"] == f'"reads";q={STRANGERS};w=60'
    assert other.status_code == 200


async def test_logins_of_one_address_are_counted_together_with_or_without_a_token(
    edges: list[Proxy], issuer: Issuer
) -> None:
    one, two = (each.edge for each in edges)

    async def spend() -> httpx2.Response:
        person = Person(issuer)
        await spent(person, one, "POST", "/v1/sessions", LOGINS, signed_in=False)
        return await person.send(two, "POST", "/v2/users/me/password")

    refused = await within_a_minute(spend)

    assert refused.status_code == 429
    assert refused.headers["ratelimit-policy"] == f'"writes";q={LOGINS};w=60'


async def test_media_requests_of_one_address_are_counted_together(
    edges: list[Proxy], issuer: Issuer
) -> None:
    one, two = (each.media for each in edges)

    async def spend() -> httpx2.Response:
        person = Person(issuer)
        await spent(person, one, "GET", MISSING, MEDIA, signed_in=False)
        return await person.send(two, "GET", MISSING, signed_in=False)

    refused = await within_a_minute(spend)
    other = await Person(issuer).send(two, "GET", MISSING, signed_in=False)

    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["cache-control"] == "no-store"
    assert other.status_code == 503  # there is no store
    names = [*refused.headers, *other.headers]
    assert not [name for name in names if name.startswith(("x-ratelimit", "x-envoy"))]


async def test_an_answer_says_what_is_left_at_all_edges_and_until_when(
    edges: list[Proxy], issuer: Issuer
) -> None:
    one, two = (each.edge for each in edges)
    answers: list[httpx2.Response] = []

    async def spend() -> httpx2.Response:
        person = Person(issuer)
        turns = itertools.islice(itertools.cycle([one, two]), WRITES + 1)
        answers[:] = [await person.send(edge, "POST", "/v1/posts") for edge in turns]
        return answers[-1]

    refused = await within_a_minute(spend)
    until = 60 - time.time() % 60

    left = [each.headers["ratelimit"] for each in answers]
    assert left == [f'"writes";r={max(0, WRITES - 1 - each)}' for each in range(WRITES + 1)]
    assert {each.headers["ratelimit-policy"] for each in answers} == {f'"writes";q={WRITES};w=60'}
    assert ["retry-after" in each.headers for each in answers] == [*[False] * WRITES, True]
    assert until <= int(refused.headers["retry-after"]) <= 60
    names = {name for name in refused.headers if name.startswith("x-")}
    assert names == {"x-content-type-options", "x-request-id"}


@dataclass(frozen=True)
class Step:
    """Requests of one kind; ``who`` is the number of the person who sends them."""

    times: int
    method: str = "GET"
    path: str = "/v1/posts/1"
    signed_in: bool = True
    who: int = 0


@pytest.mark.parametrize(
    ("steps", "seconds"),
    [
        pytest.param([Step(READS + 5)], 60 / READS, id="reads of a user"),
        pytest.param([Step(WRITES + 5, "POST")], 60 / WRITES, id="writes of a user"),
        pytest.param(
            [Step(WRITES + 2, "POST"), Step(READS + 2)], 60 / READS, id="reads after writes"
        ),
        pytest.param(
            [Step(WRITES + 1, "POST"), Step(WRITES + 1, "POST", who=1)],
            60 / WRITES,
            id="two users",
        ),
        pytest.param(
            [Step(STRANGERS + 5, signed_in=False)], 60 / STRANGERS, id="strangers of an address"
        ),
        pytest.param(
            [Step(STRANGERS + 1, signed_in=False), Step(3)], 60 / STRANGERS, id="a user after them"
        ),
        pytest.param(
            [Step(LOGINS + 3, "POST", "/v1/sessions", signed_in=False)],
            60 / LOGINS,
            id="logins of an address",
        ),
        pytest.param(
            [
                Step(3, "POST", "/v1/sessions", signed_in=False),
                Step(LOGINS, "POST", "/v2/users/me/password"),
                Step(2, "POST"),
            ],
            60 / WRITES,
            id="logins with a token are writes, too",
        ),
        pytest.param(
            [
                Step(4, "POST", "/v1/sessions", signed_in=False),
                Step(STRANGERS, signed_in=False),
            ],
            60 / STRANGERS,
            id="logins without a token are requests of a stranger, too",
        ),
        pytest.param([Step(STRANGERS + 5, path="/livez", signed_in=False)], 60, id="probes"),
    ],
)
async def test_the_same_requests_pass_as_with_the_buckets_of_one_edge(
    edges: list[Proxy], alone: Proxy, issuer: Issuer, steps: Sequence[Step], seconds: float
) -> None:
    async def passed(origins: Sequence[str]) -> list[bool]:
        """Of each request, sent to the origins in turn: whether it passed. No bucket may get a
        token back in between, and no new minute begin."""
        for _ in range(TRIES):
            people = [Person(issuer), Person(issuer)]
            turn = itertools.cycle(origins)
            began = time.time()
            found = [
                (
                    await people[step.who].send(
                        next(turn), step.method, step.path, signed_in=step.signed_in
                    )
                ).status_code
                for step in steps
                for _ in range(step.times)
            ]
            ended = time.time()
            if ended - began < seconds and began // 60 == ended // 60:
                assert set(found) <= {200, 429}
                return [each == 200 for each in found]
        raise AssertionError(f"The machine is so slow that no try took less than {seconds} s")

    assert await passed([each.edge for each in edges]) == await passed([alone.edge])


async def test_an_operator_can_lift_the_limits_of_one_edge(
    edges: list[Proxy], issuer: Issuer
) -> None:
    one, two = edges

    async def spend() -> httpx2.Response:
        person = Person(issuer)
        await spent(person, one.edge, "POST", "/v1/posts", WRITES)
        async with lifted(two.admin_socket):
            await spent(person, two.edge, "POST", "/v1/posts", 2 * WRITES)
        return await person.send(two.edge, "POST", "/v1/posts")

    assert (await within_a_minute(spend)).status_code == 429


async def test_each_edge_limits_alone_while_the_service_is_away_and_together_afterwards(
    edges: list[Proxy], service: RateLimitService, issuer: Issuer
) -> None:
    one, two = edges
    person = Person(issuer)
    await service.kill()
    try:
        await spent(person, one.edge, "POST", "/v1/posts", WRITES)
        await spent(person, two.edge, "POST", "/v1/posts", WRITES)
        refused = [await person.send(two.edge, "POST", "/v1/posts") for _ in range(WRITES)]
    finally:
        await service.start()
    for edge in edges:
        await eventually(lambda edge=edge: is_counted_by(edge, service))

    assert 429 in [each.status_code for each in refused]
    await test_a_user_who_spends_at_one_edge_is_refused_at_the_other(edges, issuer)


async def test_requests_pass_while_the_service_hangs(
    edges: list[Proxy], service: RateLimitService, issuer: Issuer
) -> None:
    service.pause()
    try:
        answers = [await Person(issuer).send(each.edge, "GET", "/v1/posts/1") for each in edges]
        for edge in edges:
            # Then no request waits for it.
            await eventually(lambda edge=edge: is_not_asked(edge, service))
    finally:
        service.resume()
    for edge in edges:
        await eventually(lambda edge=edge: is_counted_by(edge, service))

    assert [each.status_code for each in answers] == [200, 200]


async def is_not_asked(edge: Proxy, service: RateLimitService) -> bool:
    found = (await edge.endpoints("rate_limits")).get(service.address, {})
    return found.get("failed_active_health_check") is True


async def test_requests_pass_while_the_service_has_no_valkey(
    edges: list[Proxy], service: RateLimitService, engines: Engines, issuer: Issuer
) -> None:
    engines.stop("valkey")
    try:
        answers = [await Person(issuer).send(each.edge, "GET", "/v1/posts/1") for each in edges]
        for edge in edges:
            await eventually(lambda edge=edge: is_not_asked(edge, service))
    finally:
        engines.start("valkey")
    for edge in edges:
        await eventually(lambda edge=edge: is_counted_by(edge, service))

    assert [each.status_code for each in answers] == [200, 200]
    await test_a_user_who_spends_at_one_edge_is_refused_at_the_other(edges, issuer)


async def test_an_edge_without_a_service_has_its_own_buckets(
    tmp_path: Path, gateway: Gateway, issuer: Issuer
) -> None:
    person = Person(issuer)
    async with running(
        tmp_path, GATEWAY_ENDPOINTS=[gateway.address], GLOBAL_RATE_LIMITS_OFF="false", **LIMITS
    ) as proxy:
        await spent(person, proxy.edge, "POST", "/v1/posts", WRITES)
        others = [await person.send(proxy.edge, "POST", "/v1/posts") for _ in range(WRITES)]

    assert 429 in [each.status_code for each in others]

"""What surrounds every request: who calls, the trace, the load limit, deadlines, metrics."""

import asyncio
from typing import Any

import pytest
from prometheus_client import generate_latest
from roost.post.v1.post_service_pb2 import GetPostRequest, GetPostResponse
from roost.user.v1.auth_service_pb2 import RevokeSessionResponse
from roost.user.v1.user_service_pb2 import GetUserResponse

from gateway.core.state import State
from gateway.protocols.rest.routes import READ_SECONDS, WRITE_SECONDS
from services.chassis.auth.caller import ServiceCaller, UserCaller
from services.chassis.auth.tokens import AccessTokens, SigningKey
from services.chassis.runtime import telemetry
from services.chassis.runtime.clock import ManualClock
from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.gateway.samples import (
    ALICE,
    includes,
    person,
    post,
)
from tests.servicers.grpc_server import AUDIENCE, ISSUER, token_of
from tests.waiting import LIMIT

ONE = GetPostResponse(post=post(1, ALICE), includes=includes(person(ALICE)))


def forged() -> str:
    issuer = AccessTokens(issuer=ISSUER, audience=AUDIENCE, clock=ManualClock())
    return issuer.issue(ALICE, 1, key=SigningKey.generate("test-key"))


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        ("Bearer nonsense", "TOKEN_INVALID"),
        ("Bearer ", "TOKEN_INVALID"),
        ("Basic YTpi", "TOKEN_INVALID"),
        (f"Bearer {forged()}", "TOKEN_INVALID"),
        (f"Bearer {token_of(ServiceCaller('post'))}", "TOKEN_INVALID"),
        (f"Bearer {token_of(UserCaller(1, 1), ManualClock())}", "TOKEN_EXPIRED"),
        (f"Bearer {token_of(UserCaller(1, 1))}, Bearer b", "TOKEN_INVALID"),
    ],
)
async def test_bad_tokens_are_refused_even_where_strangers_may_call(
    stranger: Client, services: FakeServices, authorization: str, reason: str
) -> None:
    answer = await stranger.get("/v1/posts/1", authorization=authorization)

    assert (answer.status_code, answer.json()["reason"]) == (401, reason)
    assert answer.headers["www-authenticate"] == 'Bearer realm="roost", error="invalid_token"'
    assert services.methods == []


@pytest.mark.parametrize(
    "form", ["bearer {}", "Bearer  {}", "Bearer\t{}", "Bearer {} ", "Bearer {}, Basic x", "{}"]
)
@pytest.mark.parametrize("path", ["/v1/posts/1", "/v2/posts/1"])
async def test_a_token_in_a_form_that_the_edge_does_not_write_is_nobodys(
    stranger: Client, services: FakeServices, form: str, path: str
) -> None:
    services.answer("GetPost", ONE)

    answer = await stranger.get(path, authorization=form.format(token_of(UserCaller(ALICE, 1))))

    assert answer.status_code == 401
    assert answer.json()["reason"] == "TOKEN_INVALID"
    assert services.asked == []


async def test_a_stranger_after_somebody_in_the_same_task_is_a_stranger(
    alice: Client, stranger: Client, services: FakeServices
) -> None:
    services.answer("GetPost", ONE)

    await alice.get("/v1/posts/1")
    await stranger.get("/v1/posts/1")

    assert [asked.viewer_id for asked in services.asked[-2:]] == [ALICE, None]


async def test_the_trace_goes_through_and_comes_back(
    stranger: Client, services: FakeServices
) -> None:
    seen: list[str | None] = []
    services.answer("GetPost", lambda _: seen.append(telemetry.traceparent()) or ONE)
    incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    answer = await stranger.get("/v1/posts/1", traceparent=incoming)

    # The flag is ours: this process records nothing, whatever the client asks for.
    assert answer.headers["traceresponse"] == incoming[:-2] + "00"
    (inside,) = seen
    assert inside is not None
    assert inside.startswith("00-0af7651916cd43dd8448eb211c80319c")
    assert inside.endswith("-00")


async def test_a_problem_names_its_trace(stranger: Client) -> None:
    answer = await stranger.get("/v1/nothing")

    assert answer.json()["trace_id"] in answer.headers["traceresponse"]


@pytest.mark.product_limits
async def test_services_are_told_how_much_time_is_left(
    alice: Client, services: FakeServices
) -> None:
    services.answer("GetPost", ONE)
    services.answer("RevokeSession", RevokeSessionResponse())

    await alice.get("/v1/posts/1")
    await alice("DELETE", "/v1/sessions/current")

    read, write = services.asked
    assert read.seconds is not None
    assert 0 < read.seconds <= READ_SECONDS
    assert write.seconds is not None
    assert READ_SECONDS < write.seconds <= WRITE_SECONDS


async def test_load_beyond_the_limit_is_shed_but_probes_are_answered(
    stranger: Client, services: FakeServices, state: State
) -> None:
    inside = asyncio.Event()
    leave = asyncio.Event()

    async def slow(_: GetPostRequest) -> GetPostResponse:
        inside.set()
        await leave.wait()
        return ONE

    services.answer("GetPost", slow)
    state.max_in_flight = 1
    first = asyncio.create_task(stranger.get("/v1/posts/1"))
    await asyncio.wait_for(inside.wait(), LIMIT)

    second = await stranger.get("/v1/posts/1")
    probe = await stranger.get("/livez")
    during = metric(state, "roost_http_in_flight"), metric(state, "roost_http_in_flight_max")
    leave.set()

    assert (second.status_code, second.json()["reason"]) == (503, "OVERLOADED")
    assert second.headers["retry-after"] == "1"
    assert probe.status_code == 200
    assert (await first).status_code == 200
    assert during == (1, 1)
    assert metric(state, "roost_http_in_flight") == 0


def metric(state: State, name: str, **labels: str) -> float:
    return state.registry.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("request_id", "sampled"),
    [
        ("3fffffff-0000-4000-8000-000000000000", "01"),
        ("40000000-0000-4000-8000-000000000000", "00"),
    ],
)
async def test_id_of_the_edge_decides_whether_a_request_is_recorded(
    stranger: Client, services: FakeServices, request_id: str, sampled: str
) -> None:
    services.answer("GetPost", ONE)
    telemetry.configure(service="test", ratio=0.25)
    try:
        answer = await stranger.get("/v1/posts/1", **{"x-request-id": request_id})
    finally:
        telemetry.configure(service="test", ratio=0.0)

    assert answer.headers["traceresponse"].endswith(f"-{sampled}")


async def test_requests_are_timed_as_reads_and_writes(
    alice: Client, services: FakeServices, state: State
) -> None:
    services.answer("GetPost", ONE)
    services.answer("GetUser", GetUserResponse(user=person(ALICE)))
    services.answer("RevokeSession", RevokeSessionResponse())
    name = "roost_http_seconds_count"

    await alice.get("/v1/posts/1")
    await alice("DELETE", "/v1/sessions/current")
    for document in ("{ me { id } }", "mutation { signOut { error { reason } } }", "{"):
        await alice("POST", "/graphql", json={"query": document})

    assert metric(state, name, route="/v1/posts/{post_id}", kind="read") == 1
    assert metric(state, name, route="/v1/sessions/current", kind="write") == 1
    assert metric(state, name, route="/graphql", kind="read") == 2
    assert metric(state, name, route="/graphql", kind="write") == 1


async def test_requests_are_counted_by_route_and_not_by_path(
    stranger: Client, services: FakeServices, state: State
) -> None:
    services.answer("GetPost", ONE)
    await stranger.get("/v1/posts/1")
    await stranger.get("/v1/posts/2")
    await stranger.get("/nothing/1")
    await stranger("BREW", "/v1/posts/1")

    text = generate_latest(state.registry).decode()

    def counted(**labels: Any) -> str:
        inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
        return f"roost_http_handled_total{{{inside}}}"

    route = "/v1/posts/{post_id}"
    assert counted(kind="read", method="GET", route=route, status=200) + " 2.0" in text
    assert counted(kind="read", method="GET", route="(none)", status=404) + " 1.0" in text
    assert counted(kind="write", method="(other)", route="(none)", status=405) + " 1.0" in text


async def test_a_stopping_process_says_so_and_goes_on(
    stranger: Client, services: FakeServices, state: State
) -> None:
    services.answer("GetPost", ONE)
    state.stopping = True

    answer = await stranger.get("/v1/posts/1")
    ready = await stranger.get("/readyz")
    live = await stranger.get("/livez")

    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"
    assert (ready.status_code, live.status_code) == (503, 200)

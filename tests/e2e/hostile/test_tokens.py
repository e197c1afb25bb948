"""Forged, foreign and expired tokens are refused at the edge and by the services."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from roost.notification.v1.notification_service_pb2 import CountUnreadRequest
from roost.notification.v1.notification_service_pb2_grpc import NotificationServiceStub
from roost.post.v1.post_service_pb2 import GetPostRequest
from roost.post.v1.post_service_pb2_grpc import PostServiceStub
from roost.timeline.v1.timeline_service_pb2 import GetPublicTimelineRequest
from roost.timeline.v1.timeline_service_pb2_grpc import TimelineServiceStub
from roost.user.v1.user_service_pb2 import GetUserByHandleRequest
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from local.edge import Account, Edge
from local.secret_store import SecretStore
from services.chassis.auth.tokens import SigningKey
from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.errors import NotFound, RoostError, Unauthenticated
from services.chassis.storage import postgres
from services.user.adapters.postgres import PostgresUserStore
from services.user.domain.signing import KeySeal
from services.user.rpc.events import describe
from tests.e2e.hostile.conftest import PASSWORD, SignUp
from tests.e2e.stacks import TestStack
from tests.token_forge import NOT_FOR_HTTP, Forge, reason_of
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="session")]

# Each of these accepts a valid token, so a refusal is due to the attack.
CALLS = {
    "user": (UserServiceStub, "GetUserByHandle", GetUserByHandleRequest(handle="nobody")),
    "post": (PostServiceStub, "GetPost", GetPostRequest(post_id=1)),
    "timeline": (TimelineServiceStub, "GetPublicTimeline", GetPublicTimelineRequest()),
    "notification": (NotificationServiceStub, "CountUnread", CountUnreadRequest()),
}
# A token may work this long after its session ended: a poll, a call, a busy machine.
REVOKED_WITHIN = 5.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def forge(stack: TestStack) -> Forge:
    """Forges with the stack's own signing key, as if it had been stolen."""
    clock = SystemClock()
    url = stack.stack.postgres.url("roost_user")
    async with postgres.connect(url, clock=clock, min_size=1, max_size=1, name="test") as database:
        stored = await PostgresUserStore(database, describe=describe).signing_keys()
    secrets = SecretStore(stack.state.secrets)
    seal = KeySeal(master_key=bytes.fromhex(secrets.token("master-key")))
    return Forge(
        issuer="https://roost.local",
        audience="roost",
        key=seal.open(stored[-1]),
        other_key=SigningKey.generate("other"),
        now=int(time.time()),
    )


async def shown(edge: Edge, token: str) -> httpx2.Response:
    """The response to a request that needs no token, with that token."""
    account = Account(user_id="", handle="", access_token=token, refresh_token="")
    return await edge.send("GET", "/v1/timelines/public", by=account)


async def test_valid_token_is_accepted(edge: Edge, forge: Forge) -> None:
    assert (await shown(edge, forge.signed())).status_code == 200


async def test_every_attack_is_refused_at_the_edge(edge: Edge, forge: Forge) -> None:
    wrong = {}
    for name, attack in forge.attacks().items():
        if name in NOT_FOR_HTTP:
            continue

        answer = await shown(edge, attack())

        if answer.status_code == 431 and name.startswith("huge"):
            continue
        found = answer.status_code, answer.json().get("reason")
        if found != (401, reason_of(name)):
            wrong[name] = found
    assert wrong == {}


@pytest_asyncio.fixture(loop_scope="session")
async def service_meshes(stack: TestStack) -> AsyncIterator[dict[str, Mesh]]:
    """A connection to each service's own port."""
    parts = {part.name: part.address for part in stack.stack.status().parts}
    meshes = {noun: Mesh(parts[noun]) for noun in CALLS}
    yield meshes
    for mesh in meshes.values():
        await mesh.close()


async def refusal(mesh: Mesh, noun: str, token: str) -> str:
    """The reason with which the service refuses that token; empty if it accepts."""
    stub, method, request = CALLS[noun]
    try:
        await getattr(mesh.with_token(stub, lambda: token, timeout=10.0), method)(request)
    except NotFound:
        return ""
    except RoostError as refused:
        return refused.reason if isinstance(refused, Unauthenticated) else repr(refused)
    return ""


@pytest.mark.parametrize("noun", CALLS)
async def test_every_attack_is_refused_by_the_services(
    service_meshes: dict[str, Mesh], forge: Forge, noun: str
) -> None:
    mesh = service_meshes[noun]
    assert await refusal(mesh, noun, forge.signed()) == ""

    found = {
        name: await refusal(mesh, noun, attack())
        for name, attack in forge.attacks().items()
        if name not in NOT_FOR_HTTP
    }

    assert found == {name: reason_of(name) for name in found}


async def test_token_of_an_ended_session_is_refused_everywhere_within_seconds(
    edge: Edge, sign_up: SignUp, service_meshes: dict[str, Mesh]
) -> None:
    account = await sign_up("leaver")
    stays = await edge.sign_in("leaver", PASSWORD)
    assert (await shown(edge, account.access_token)).status_code == 200

    await edge.call("DELETE", "/v1/sessions/current", by=account)
    ended = time.monotonic()

    async def refused_everywhere() -> bool:
        answer = await shown(edge, account.access_token)
        reasons = [
            await refusal(mesh, noun, account.access_token) for noun, mesh in service_meshes.items()
        ]
        by_edge = (answer.status_code, answer.json().get("reason")) == (401, "SESSION_REVOKED")
        return by_edge and set(reasons) == {"SESSION_REVOKED"}

    await eventually(refused_everywhere, limit=REVOKED_WITHIN)
    assert time.monotonic() - ended < REVOKED_WITHIN
    assert (await shown(edge, stays.access_token)).status_code == 200


async def test_hundred_concurrent_refreshes_leave_one_lineage(edge: Edge, sign_up: SignUp) -> None:
    account = await sign_up("refresher")
    body = {"refresh_token": account.refresh_token}

    answers: list[httpx2.Response] = []

    async def is_answered() -> bool:
        """Refreshes; returns False if the edge is overloaded, to repeat it."""
        answer = await edge.send("POST", "/v1/sessions/refresh", body=body)
        if answer.status_code == 503:
            return False
        answers.append(answer)
        return True

    await asyncio.gather(*(eventually(is_answered) for _ in range(100)))

    assert len(answers) == 100
    assert {answer.status_code for answer in answers} == {200}
    (successor,) = {answer.json()["refresh_token"] for answer in answers}
    again = await edge.send("POST", "/v1/sessions/refresh", body={"refresh_token": successor})
    assert again.status_code == 200


async def test_last_refresh_repeated_at_once_has_the_same_response(
    edge: Edge, sign_up: SignUp
) -> None:
    account = await sign_up("forgetful")
    body = {"refresh_token": account.refresh_token}

    first = await edge.send("POST", "/v1/sessions/refresh", body=body)
    repeated = await edge.send("POST", "/v1/sessions/refresh", body=body)

    assert (first.status_code, repeated.status_code) == (200, 200)
    assert repeated.content == first.content


async def test_last_refresh_repeated_after_ten_seconds_is_a_theft(
    stack: TestStack, edge: Edge, sign_up: SignUp
) -> None:
    account = await sign_up("late")
    renewed = await edge.refresh(account)
    # As if the last refresh had been ten seconds ago.
    async with postgres.connect(stack.stack.postgres.url("roost_user")) as database:
        await database.execute(
            "UPDATE sessions SET last_used_time = last_used_time - interval '11 seconds' "
            "WHERE user_id = $1",
            int(account.user_id),
        )

    for token, reason in (
        (account.refresh_token, "REFRESH_TOKEN_REUSED"),
        (renewed.refresh_token, "SESSION_REVOKED"),
    ):
        answer = await edge.send("POST", "/v1/sessions/refresh", body={"refresh_token": token})
        assert (answer.status_code, answer.json()["reason"]) == (401, reason)


async def test_reuse_of_a_refresh_token_ends_the_family(edge: Edge, sign_up: SignUp) -> None:
    account = await sign_up("robbed")

    async def refresh(token: str) -> httpx2.Response:
        return await edge.send("POST", "/v1/sessions/refresh", body={"refresh_token": token})

    second = (await refresh(account.refresh_token)).json()
    third = (await refresh(second["refresh_token"])).json()

    reused = await refresh(account.refresh_token)

    assert (reused.status_code, reused.json()["reason"]) == (401, "REFRESH_TOKEN_REUSED")
    newest = await refresh(third["refresh_token"])
    assert (newest.status_code, newest.json()["reason"]) == (401, "SESSION_REVOKED")

    async def refused() -> bool:
        answer = await shown(edge, third["access_token"])
        return answer.status_code == 401

    await eventually(refused, limit=REVOKED_WITHIN)

"""Signing keys rotate without a refused token, and tokens of a retired key are refused."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import jwt
import pytest

from local.edge import Account, Edge
from local.parts.processes import ROOT
from services.chassis.storage import postgres
from services.user.domain.signing import ANNOUNCED, RELOAD_SECONDS
from tests.e2e.hostile.conftest import SignUp
from tests.e2e.stacks import TestStack
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="session")]

# Until the user service has read its keys, and the caches of gateway and Envoy have expired.
KNOWN_SECONDS = RELOAD_SECONDS + 15.0 + 60.0 + 15.0


def rotate_keys(stack: TestStack) -> str:
    """Runs the operator's command in the environment of the user service."""
    environment = stack.stack.supervisor.part("user").environment()
    done = subprocess.run(
        [sys.executable, "-m", "services.user", "rotate-keys"],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


async def status(edge: Edge, account: Account) -> int:
    return (await edge.send("GET", "/v1/users/me", by=account)).status_code


@asynccontextmanager
async def using_token(edge: Edge, account: Account) -> AsyncIterator[list[int]]:
    """Uses the account's token repeatedly within the context. Yields the statuses."""
    statuses: list[int] = []

    async def use() -> None:
        while True:
            statuses.append(await status(edge, account))
            await asyncio.sleep(0.2)

    task = asyncio.create_task(use())
    try:
        yield statuses
    finally:
        task.cancel()


def kid_of(account: Account) -> str:
    return str(jwt.get_unverified_header(account.access_token)["kid"])


async def test_tokens_work_during_a_rotation_and_fail_after_their_key_is_retired(
    stack: TestStack, edge: Edge, sign_up: SignUp
) -> None:
    old = await sign_up("rotated")
    newest = old

    output = await asyncio.to_thread(rotate_keys, stack)
    async with using_token(edge, old) as answers:

        async def has_new_key() -> bool:
            nonlocal newest
            newest = await edge.refresh(newest)
            answers.append(await status(edge, newest))
            await asyncio.sleep(1.0)
            return kid_of(newest) != kid_of(old)

        await eventually(has_new_key, limit=ANNOUNCED.total_seconds() + KNOWN_SECONDS)
        after = len(answers)
        await eventually(lambda: len(answers) > after + 10, limit=30.0)

    assert kid_of(newest) in output
    assert set(answers) == {200}

    # As if the old key's last token had expired long ago, and an attacker had the key.
    async with postgres.connect(stack.stack.postgres.url("roost_user")) as database:
        await database.execute("UPDATE signing_keys SET sign_time = sign_time - interval '1 hour'")

    async def refused() -> bool:
        answer = await edge.send("GET", "/v1/users/me", by=old)
        return (answer.status_code, answer.json().get("reason")) == (401, "TOKEN_INVALID")

    await eventually(refused, limit=KNOWN_SECONDS)
    assert await status(edge, newest) == 200

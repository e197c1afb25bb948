"""A small stack, which runs all services in two processes, does everything that others do."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from local.edge import Account, Edge, Refused
from tests.e2e.stacks import TestStack
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse battery"


async def test_a_small_stack_works_and_returns_after_its_processes_are_killed(
    tmp_path: Path,
) -> None:
    async with (
        TestStack(tmp_path, {"ROOST_SMALL": "on"}, durable=False) as stack,
        stack.edge() as edge,
    ):
        alice, bob = [await signed_up(edge, handle) for handle in ("alice", "bob")]
        await edge.follow(bob, alice.user_id)
        first = await edge.post(alice, "The first owl for @bob")
        await arrives(edge, bob, first["id"])

        for part in ("services", "services-work"):
            before = pid_of(stack, part)
            os.kill(before, signal.SIGKILL)
            await eventually(lambda part=part, old=before: is_back(stack, part, old))

        second = await posted(edge, alice, "The second owl for @bob")
        await arrives(edge, bob, second)


async def signed_up(edge: Edge, handle: str) -> Account:
    """An account whose sign-up is sent until it is answered in time."""
    found: list[Account] = []

    async def is_signed_up() -> bool:
        try:
            found.append(await edge.register(handle, PASSWORD, key=handle))
        except Refused:
            return False
        return True

    await eventually(is_signed_up)
    return found[0]


def pid_of(stack: TestStack, name: str) -> int:
    [part] = [part for part in stack.stack.status().parts if part.name == name]
    assert part.pid is not None
    return part.pid


async def is_back(stack: TestStack, name: str, before: int) -> bool:
    """Whether the supervisor has started the part again, and every service of it is ready."""
    [part] = [part for part in stack.stack.status().parts if part.name == name]
    return part.state == "ready" and part.pid != before and part.restarts == 1


async def posted(edge: Edge, by: Account, text: str) -> str:
    """The id of a post that is sent until Envoy has seen that the services are back."""
    found = ""

    async def is_posted() -> bool:
        nonlocal found
        answer = await edge.send("POST", "/v2/posts", by=by, body={"text": text}, key="again")
        assert answer.status_code == 201 or answer.is_server_error, answer.text
        if answer.status_code == 201:
            found = answer.json()["id"]
        return bool(found)

    await eventually(is_posted)
    return found


async def arrives(edge: Edge, reader: Account, post_id: str) -> None:
    """The post is on the home of its reader, in search, and in a notification."""

    async def is_everywhere() -> bool:
        paths = ("/v2/timelines/home", "/v2/search/posts?q=owl", "/v2/notifications")
        answers = [await edge.send("GET", path, by=reader) for path in paths]
        return all(each.status_code == 200 and post_id in each.text for each in answers)

    await eventually(is_everywhere)

"""A stack whose services and gateway run out of the images, on engines of one machine."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from local import drawings
from local.edge import Account, Edge, Json
from local.rate_limits import GENEROUS
from local.stack import Stack
from local.state import State
from local.stream import opened
from tests.e2e.stacks import QUICK
from tests.images import engine
from tests.waiting import eventually

pytestmark = [pytest.mark.images, pytest.mark.usefixtures("images")]

PASSWORD = "a long pass phrase"
PATIENCE = 120.0
ROOT = Path(__file__).parents[2]


async def test_a_stack_out_of_images_does_everything_and_drains(tmp_path: Path) -> None:
    secrets = tmp_path / "mounted"
    secrets.mkdir()
    # podman needs nothing of the environment but the path; the launcher imports the tests.
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ = {**kept, **GENEROUS, **QUICK, "ROOST_MEDIA_JAIL": "strict"}
    launch = str(Path(__file__).with_name("launch.py"))
    stack = Stack(
        State(tmp_path / "stack"),
        environ=environ,
        usual_ports={},
        python=(sys.executable, launch, str(secrets)),
    )
    async with stack:
        await stack.up()
        async with Edge(stack.edge) as edge:
            await main_job(edge)
        restarts = {part.name: part.restarts for part in stack.status().parts if part.restarts}
    left = engine.output(engine.podman("ps", "--quiet", "--filter", f"label={engine.LABEL}"))

    assert restarts == {}
    assert left == ""
    assert drained(tmp_path / "stack", "gateway")
    assert drained(tmp_path / "stack", "post")


async def main_job(edge: Edge) -> None:
    """Two people: one follows and streams, the other posts a picture."""
    ann, bob = await asyncio.gather(edge.register("ann", PASSWORD), edge.register("bob", PASSWORD))
    await edge.follow(bob, ann.user_id)
    drawn = drawings.jpeg(drawings.landscape(1, width=480, height=320))
    picture = await edge.upload(ann, drawn, "image/jpeg", alt_text="hills")
    async with opened(edge, bob) as stream:
        post = await edge.post(ann, "The quincunx #garden, @bob", media_ids=[picture["id"]])
        async with asyncio.timeout(PATIENCE):
            while not _shows(await stream.next(), post):
                pass
    await eventually(lambda: _is_home(edge, bob, post), limit=PATIENCE)
    await eventually(lambda: _is_found(edge, post), limit=PATIENCE)
    await eventually(lambda: _is_notified(edge, bob), limit=PATIENCE)
    shown = await edge.call("GET", f"/v2/posts/{post['id']}")
    assert shown["media"][0]["alt_text"] == "hills"


def drained(folder: Path, name: str) -> bool:
    """Whether a process logged that it drained and stopped."""
    log = (State(folder).logs / f"{name}.log").read_text()
    return '"draining"' in log and '"stopped"' in log


def _shows(frame: Json, post: Json) -> bool:
    return frame["type"] == "event" and (
        frame["change"].get("item", {}).get("id") == post["id"] or "notification" in frame["change"]
    )


async def _is_home(edge: Edge, by: Account, post: Json) -> bool:
    page = await edge.call("GET", "/v2/timelines/home", by=by)
    return post["id"] in str(page["items"])


async def _is_found(edge: Edge, post: Json) -> bool:
    page = await edge.call("GET", "/v2/search/posts", query={"q": "quincunx"})
    return [each["post"]["id"] for each in page["items"]] == [post["id"]]


async def _is_notified(edge: Edge, by: Account) -> bool:
    page = await edge.call("GET", "/v2/notifications", by=by)
    return any(each["kind"] == "mention" for each in page["items"])

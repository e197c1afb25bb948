"""The Media service, its worker or the object store is away: what goes on, and what waits."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from local import drawings
from local.edge import Account
from tests.e2e.media_origin import address
from tests.e2e.oracle import SETTLE_SECONDS
from tests.e2e.stacks import TestStack
from tests.e2e.test_media import PATIENCE, World, world_of
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="module")]

REFUSED = (503, "DEPENDENCY_UNAVAILABLE")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TestStack]:
    async with TestStack(tmp_path_factory.mktemp("media_outages")) as stack:
        yield stack


@contextlib.asynccontextmanager
async def away(stack: TestStack, *parts: str) -> AsyncIterator[None]:
    """Stops parts for the block, and then waits until all are healthy."""

    async def is_healthy() -> bool:
        return not await stack.stack.envoy.unhealthy_upstreams()

    await stack.stack.supervisor.stop(parts)
    try:
        yield
    finally:
        await stack.stack.supervisor.start(parts)
        await eventually(is_healthy, limit=SETTLE_SECONDS)


async def test_without_the_media_service_only_uploads_and_new_attachments_wait(
    stack: TestStack,
) -> None:
    async with world_of(stack) as world:
        author = await world.account("withoutmedia")
        post = await world.post(author, await world.picture(author, 1))
        shown = await world.until_access(post, None, open_=True)
        closed = await world.post(author, await world.picture(author, 2), visibility="followers")
        spare = await world.picture(author, 3)
        with_media = {"text": "Look", "media_ids": [spare["id"]]}

        async with away(stack, "media"):
            await world.edge.post(author, "Words alone")
            # Whether the cache has the files or not.
            for each in (await world.medium(post), await world.medium(closed, author)):
                await world.origin.get(address(each, "thumb"))
            await world.origin.get(address(shown, "thumb"))
            upload = await upload_refusal(world, author)
            refused = await world.edge.send(
                "POST", "/v2/posts", by=author, body=with_media, key="later"
            )
        later = await world.edge.call("POST", "/v2/posts", by=author, body=with_media, key="later")

    assert upload == (refused.status_code, refused.json()["reason"]) == REFUSED
    assert [each["id"] for each in later["media"]] == [spare["id"]]


async def test_without_its_worker_uploads_are_processed_later(stack: TestStack) -> None:
    async with world_of(stack) as world:
        author = await world.account("withoutworker")
        async with away(stack, "media-work"):
            png = picture()
            answer = await world.edge.send("POST", "/v2/media", by=author, png=png)
            uploaded = answer.json()
            path = f"/v2/media/{uploaded['id']}/wait"
            waited = await world.edge.call("GET", path, by=author, query={"seconds": "1"})

        async def is_ready() -> bool:
            medium = await world.edge.call("GET", path, by=author)
            return bool(medium["state"] == "ready")

        await eventually(is_ready, limit=PATIENCE)

    assert (answer.status_code, uploaded["state"]) == (201, "processing")
    assert waited["state"] == "processing"


async def test_without_the_object_store_posts_and_cached_files_are_served(
    stack: TestStack,
) -> None:
    async with world_of(stack) as world:
        author = await world.account("withoutstore")
        post = await world.post(author, await world.picture(author, 4))
        cached = address(await world.until_access(post, None, open_=True), "thumb")
        for _ in range(2):
            await world.origin.get(cached)

        async with away(stack, "seaweedfs"):
            await world.edge.post(author, "Words alone")
            shown = await world.medium(post)
            await world.origin.get(cached)
            uncached = await world.origin.status(address(shown, "compat"))
            refused = await upload_refusal(world, author, key="again")

        again = await world.edge.send("POST", "/v2/media", by=author, png=picture(), key="again")
        await world.origin.get(address(shown, "compat"))

    assert uncached == 503
    assert refused == REFUSED
    assert again.status_code == 201


async def upload_refusal(world: World, by: Account, *, key: str | None = None) -> tuple[int, str]:
    answer = await world.edge.send("POST", "/v2/media", by=by, png=picture(), key=key)
    return answer.status_code, answer.json()["reason"]


def picture() -> bytes:
    """A PNG."""
    file = io.BytesIO()
    drawings.landscape(5, width=300, height=200).save(file, "PNG")
    return file.getvalue()

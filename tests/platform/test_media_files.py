"""The files of media follow what shows them, through all services and their events."""

from __future__ import annotations

from typing import Any

import pytest

from local.edge import Account
from tests.platform.platform import Platform


class Scenario:
    """Two users of a platform, and verbs for what they do."""

    def __init__(self, platform: Platform, alice: Account, bob: Account) -> None:
        self.platform = platform
        self.alice = alice
        self.bob = bob

    async def post(self, medium_id: str) -> Any:
        post = await self.platform.edge.post(self.alice, "With a picture", media_ids=[medium_id])
        await self.settle()
        return post

    async def medium(self, medium_id: str, by: Account | None) -> Any:
        """The medium; None if it does not exist for the caller."""
        response = await self.platform.edge.send("GET", f"/v2/media/{medium_id}", by=by)
        return response.json() if response.status_code == 200 else None

    async def shown(self, post: Any, by: Account | None) -> Any:
        """The medium as the post shows it."""
        found = await self.platform.edge.call("GET", f"/v2/posts/{post['id']}", by=by)
        return found["media"][0]

    async def settle(self) -> None:
        """Delivers all events and runs all jobs."""
        for _ in range(2):
            await self.platform.log.deliver_all()
            await self.platform.media_jobs.run_all()
        await self.platform.log.deliver_all()

    def file_of(self, medium: Any) -> str:
        """The key of a file in the object store, by its address."""
        path = medium["variants"][0]["url"].removeprefix("https://media.roost.test/")
        return path.split("/", 2)[2] if path.startswith("s/") else path


@pytest.fixture
async def scenario(shared_platform: Platform) -> Scenario:
    alice, bob = [await shared_platform.register(handle) for handle in ("alice_m", "bob_m")]
    return Scenario(shared_platform, alice, bob)


async def test_files_follow_the_protection_of_the_account(scenario: Scenario) -> None:
    storage = scenario.platform.media_jobs.storage
    picture = await scenario.platform.picture(scenario.alice)
    post = await scenario.post(picture)
    open_file = scenario.file_of(await scenario.medium(picture, None))
    assert open_file in storage.stored

    body = {"protected": True}
    await scenario.platform.edge.call("PATCH", "/v2/users/me", by=scenario.alice, body=body)
    await scenario.settle()

    assert open_file not in storage.stored
    for stranger in (scenario.bob, None):
        assert await scenario.medium(picture, stranger) is None
    own = await scenario.shown(post, scenario.alice)
    assert own["variants"][0]["url"].startswith("https://media.roost.test/s/")
    assert scenario.file_of(own) in storage.stored


async def test_nothing_is_left_of_the_media_of_a_deleted_post(scenario: Scenario) -> None:
    picture = await scenario.platform.picture(scenario.alice)
    post = await scenario.post(picture)

    await scenario.platform.edge.call("DELETE", f"/v2/posts/{post['id']}", by=scenario.alice)
    await scenario.settle()

    assert await scenario.medium(picture, scenario.alice) is None
    assert scenario.platform.media_jobs.storage.stored == {}

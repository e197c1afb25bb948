"""Announcements of changed relations over Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from services.chassis.cache import redis_client
from services.search.adapters.viewer_changes import ValkeyViewerChanges, ViewerChangesReceiver
from tests.waiting import eventually


async def test_every_process_forgets_the_users_whose_relations_changed(valkey_servers: str) -> None:
    forgotten: list[list[int]] = [[], []]

    def forget_in(process: int) -> object:
        def forget(user_ids: Collection[int]) -> None:
            forgotten[process] += user_ids

        return forget

    async with redis_client.connect(valkey_servers) as client:
        changes = ValkeyViewerChanges(client)
        receivers = [
            asyncio.create_task(ViewerChangesReceiver(valkey_servers, forget=forget_in(each)).run())  # type: ignore[arg-type]
            for each in range(2)
        ]

        async def announced() -> bool:
            # What is published before a receiver listens is lost.
            await changes.invalidate({1, 2})
            return all(set(each) == {1, 2} for each in forgotten)

        await eventually(announced)
        for each in receivers:
            each.cancel()
        await asyncio.gather(*receivers, return_exceptions=True)


async def test_without_valkey_an_announcement_is_lost_without_an_error() -> None:
    async with redis_client.connect("redis://127.0.0.1:1") as client:
        await ValkeyViewerChanges(client).invalidate({1})


async def test_nothing_is_announced_for_nobody() -> None:
    async with redis_client.connect("redis://127.0.0.1:1") as client:
        await ValkeyViewerChanges(client).invalidate(set())

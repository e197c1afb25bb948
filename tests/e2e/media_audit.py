"""Compares acknowledged pictures with the edge, the media origin, the database and the bucket."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from local.edge import Edge, Json, Refused
from local.seed import retrying
from services.media.adapters.s3 import S3Storage
from services.media.domain.model import FolderState, MediumState, ReceivedPart, UploadState
from services.media.domain.storage import MultipartGone, OpenMultipart
from tests.e2e.audit import POLL_SECONDS
from tests.e2e.history import Picture, Post
from tests.e2e.media_clients import PROCESSED_SECONDS, MediaClients
from tests.e2e.media_origin import Origin, bucket_of, is_open, keys, origin_client
from tests.e2e.oracle import gather_limited
from tests.e2e.stacks import TestStack

# What has to be empty once everything is caught up.
_WORK = {
    "media in processing": f"SELECT id FROM media WHERE state = {MediumState.PROCESSING:d}",
    "processing jobs": "SELECT medium_id FROM processing_jobs",
    "placements": "SELECT medium_id FROM placements",
    "purges": """
        SELECT folder FROM purges WHERE folder NOT IN (
          SELECT access || '/' || key FROM folders WHERE delete_after > now()
        )
    """,
    "provisional claims": "SELECT id FROM media WHERE use > 0 AND NOT claim_confirmed",
    "media whose folder does not agree with their audience": """
        SELECT id FROM media WHERE folder <> '' AND open <> (folder LIKE 'm/%')
    """,
    "originals of media that are processed": f"""
        SELECT medium_id FROM uploads WHERE state = {UploadState.COMPLETE:d}
    """,
    "doomed folders and uploads that are due": """
        SELECT key FROM folders WHERE delete_after <= now() UNION ALL
        SELECT object_key FROM uploads WHERE delete_after <= now()
    """,
    "media without their folder": f"""
        SELECT m.id FROM media m WHERE m.state = {MediumState.READY:d} AND NOT EXISTS (
          SELECT FROM folders f WHERE f.medium_id = m.id AND f.bucket = m.bucket
            AND f.state = {FolderState.LIVE:d} AND f.access || '/' || f.key = m.folder
        )
    """,
    "live folders without their medium": f"""
        SELECT f.key FROM folders f WHERE f.state = {FolderState.LIVE:d} AND NOT EXISTS (
          SELECT FROM media m WHERE m.id = f.medium_id AND m.bucket = f.bucket
            AND f.access || '/' || f.key = m.folder
        )
    """,
}
_FOLDERS = "SELECT access || '/' || key, state, files FROM folders"
_UPLOADS = "SELECT object_key FROM uploads"


class MediaAudit:
    """Checks all pictures of a group of clients. No client may write during this."""

    def __init__(
        self,
        edge: Edge,
        clients: MediaClients,
        *,
        database: str,
        origin: Origin,
        bucket: S3Storage,
    ) -> None:
        self._edge = edge
        self._clients = clients
        self._database = database
        self._origin = origin
        self._bucket = bucket
        self._counts: Counter[str] = Counter()

    def figure(self) -> str:
        """What the last check saw."""
        return ", ".join(f"{count} {what}" for what, count in sorted(self._counts.items()))

    async def check(self) -> list[str]:
        """The faults that are left when everything had time to catch up."""
        deadline = time.monotonic() + PROCESSED_SECONDS
        while wrong := await self._differences():
            if time.monotonic() > deadline:
                return wrong
            await asyncio.sleep(POLL_SECONDS)
        return []

    async def _differences(self) -> list[str]:
        self._counts.clear()
        history = self._clients.history
        posted = {post.picture: post for post in history.posts if post.picture and post.id}
        pictures = await gather_limited(map(self._compare, history.pictures))
        posts = await gather_limited(map(self._compare_post, posted.values()))
        wrong = [each for found in (*pictures, *posts) for each in found]
        return wrong + await self._compare_store()

    async def _compare(self, picture: Picture) -> list[str]:
        """A picture is there as it was acknowledged, or gone."""
        by = self._clients.accounts[picture.owner]
        path = f"/v2/media/{picture.id}"
        try:
            medium = await retrying(lambda: self._edge.call("GET", path, by=by))
        except Refused as refused:
            if refused.reason != "MEDIUM_NOT_FOUND":
                raise
            self._counts["deleted"] += picture.deleted
            return [] if picture.deleted else [f"picture {picture.id} is lost"]
        if picture.deleted:
            return [f"picture {picture.id} is still there"]
        self._counts["ready"] += 1
        return self._mismatches(picture, medium)

    async def _compare_post(self, post: Post) -> list[str]:
        """A post has its picture, and the origin serves every file of it to everyone."""
        picture = post.picture
        assert picture is not None
        if post.deleted:
            return []
        by, path = self._clients.accounts[post.author], f"/v2/posts/{post.id}"
        shown = (await retrying(lambda: self._edge.call("GET", path, by=by)))["media"]
        if [each["id"] for each in shown] != [picture.id]:
            return [f"post {post.id} has {[each['id'] for each in shown]}, not [{picture.id}]"]
        (medium,) = shown
        wrong = self._mismatches(picture, medium)
        if not is_open(medium):
            wrong.append(f"picture {picture.id} of a public post is not open")
        for each in medium["variants"]:
            try:
                size = len(await self._origin.get(each["url"]))
            except AssertionError as refused:
                wrong.append(str(refused))
            else:
                self._counts["files served"] += 1
                if size != each["size_bytes"]:
                    wrong.append(f"{each['url']} has {size} bytes, not {each['size_bytes']}")
        return wrong

    def _mismatches(self, picture: Picture, medium: Json) -> list[str]:
        found, right = (medium["state"], medium["alt_text"]), ("ready", picture.alt_text)
        return [] if found == right else [f"picture {picture.id} is {found}, not {right}"]

    async def _compare_store(self) -> list[str]:
        """Each object has a row, each live folder has its objects, and no work is left."""
        stored = await keys(self._bucket)
        # An empty one is left where a process was killed before it recorded the upload's id. Nobody
        # has its address.
        unfinished = {
            each.key for each in await self._bucket.multiparts("u/") if await self._parts(each)
        }
        connection = await asyncpg.connect(self._database)
        try:
            wrong = [
                f"{what}: {[row[0] for row in rows]}"
                for what, query in _WORK.items()
                if (rows := await connection.fetch(query))
            ]
            folders = await connection.fetch(_FOLDERS)
            uploads = {row[0] for row in await connection.fetch(_UPLOADS)}
        finally:
            await connection.close()
        files = {f"{path}/{file}" for path, _, names in folders for file in names}
        live = {
            f"{path}/{file}"
            for path, state, names in folders
            if state == FolderState.LIVE
            for file in names
        }
        self._counts["objects"] = len(stored)
        wrong += [f"{key} has no row" for key in sorted((stored | unfinished) - files - uploads)]
        wrong += [f"{key} is missing" for key in sorted(live - stored)]
        return wrong

    async def _parts(self, of: OpenMultipart) -> list[ReceivedPart]:
        try:
            return await self._bucket.parts(of.key, of.multipart_id)
        except MultipartGone:
            return []


@asynccontextmanager
async def auditing_media(stack: TestStack, clients: MediaClients) -> AsyncIterator[MediaAudit]:
    """An audit of this stack."""
    async with (
        stack.edge() as edge,
        origin_client() as origin,
        bucket_of(stack.stack.seaweedfs.media) as bucket,
    ):
        yield MediaAudit(
            edge,
            clients,
            database=stack.stack.database_url("media"),
            origin=origin,
            bucket=bucket,
        )

"""Users who upload pictures, post, describe and delete them, besides what others do."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from functools import cache

import httpx2

from local import drawings
from local.edge import Json
from services.media.worker.runner import LEASE
from tests.e2e.clients import Clients, Operation
from tests.e2e.history import Picture, Post
from tests.e2e.oracle import SETTLE_SECONDS

# The operations with pictures, and their weights beside those of the others.
MEDIA = {"form": 5, "parts": 4, "discard": 3, "describe": 5, "unpost": 3}
# The lease of a killed worker has to end first.
PROCESSED_SECONDS = LEASE.total_seconds() + SETTLE_SECONDS
DRAWINGS = 8


class MediaClients(Clients):
    """See `Clients`.

    A patient client continues until its picture is posted, or deleted. Another one stops at the
    first failure, and leaves an upload in any state.
    """

    async def _run(self, operation: Operation, live: Sequence[Post]) -> None:
        match operation.kind:
            case "form" | "parts":
                picture = await self._upload(operation)
                if picture is not None:
                    await self._write(operation, None, picture)
            case "discard":
                picture = await self._upload(operation)
                if picture is not None:
                    await self._delete(operation, f"/v2/media/{picture.id}", picture)
            case "describe":
                await self._describe(operation)
            case "unpost":
                await self._unpost(operation)
            case _:
                await super()._run(operation, live)

    async def _upload(self, operation: Operation) -> Picture | None:
        """A picture that is ready; None if the client stopped before it knew that."""
        png = drawn(int(operation.chance * DRAWINGS))
        if operation.kind == "parts":
            made = await self._upload_in_parts(operation, png)
        else:
            made = await self._send(
                "POST",
                "/v2/media",
                operation.who,
                png=png,
                key=f"{operation.key}-form",
                patient=operation.patient,
            )
        return None if made is None else await self._until_ready(operation, made["id"])

    async def _upload_in_parts(self, operation: Operation, png: bytes) -> Json | None:
        who, key, patient = operation.who, operation.key, operation.patient
        wanted = {"content_type": "image/png", "size_bytes": len(png)}
        started = await self._send(
            "POST", "/v2/media/uploads", who, body=wanted, key=f"{key}-start", patient=patient
        )
        if started is None:
            return None
        (part,) = started["parts"]
        if part["url"]:
            # The object store is not killed.
            async with httpx2.AsyncClient(trust_env=False, timeout=30.0) as client:
                answer = await client.put(part["url"], content=png)
            if answer.is_error:
                self.faults.append(f"the part of {key} was refused: {answer.status_code}")
                return None
        path = f"/v2/media/uploads/{started['id']}/completion"
        return await self._send("POST", path, who, patient=patient)

    async def _until_ready(self, operation: Operation, medium_id: str) -> Picture | None:
        deadline = time.monotonic() + PROCESSED_SECONDS
        while time.monotonic() < deadline:
            path = f"/v2/media/{medium_id}/wait?seconds=1"
            medium = await self._send("GET", path, operation.who, patient=operation.patient)
            if medium is None:
                return None
            if medium["state"] == "ready":
                picture = Picture(medium_id, operation.who)
                self.history.pictures.append(picture)
                self._acknowledge("picture")
                return picture
            if medium["state"] == "failed":
                self.faults.append(f"picture {medium_id} failed: {medium['failure']}")
                return None
        self.faults.append(f"picture {medium_id} is processing for {PROCESSED_SECONDS:.0f} s")
        return None

    async def _describe(self, operation: Operation) -> None:
        mine = [
            each
            for each in self.history.pictures
            if each.owner == operation.who and not each.deleted
        ]
        if not mine:
            return
        picture = mine[int(operation.chance * len(mine))]
        path, body = f"/v2/media/{picture.id}", {"alt_text": operation.key}
        # Until it succeeds: an unknown description could not be compared.
        if await self._send("PATCH", path, operation.who, body=body, patient=True) is not None:
            picture.alt_text = operation.key
            self._acknowledge("description")

    async def _unpost(self, operation: Operation) -> None:
        mine = [
            post
            for post in self.history.posts
            if post.author == operation.who and post.picture and post.id and not post.deleted
        ]
        if mine:
            post = mine[int(operation.chance * len(mine))]
            await self._delete(operation, f"/v2/posts/{post.id}", post, post.picture)

    async def _delete(self, operation: Operation, path: str, *what: Post | Picture | None) -> None:
        if await self._send("DELETE", path, operation.who, patient=True) is None:
            return
        for each in what:
            if each is not None:
                each.deleted = True
        self._acknowledge(operation.kind)


@cache
def drawn(seed: int) -> bytes:
    """A small picture as PNG."""
    file = io.BytesIO()
    drawings.landscape(seed, width=360, height=240).save(file, "PNG")
    return file.getvalue()

"""Media through Envoy, every service and the object store: uploads, audiences and deletion."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import av
import httpx2
import pytest
from PIL import Image

from local import drawings
from local.edge import Account, Edge, Json, Refused
from local.stream import Stream, opened
from services.media.adapters.s3 import S3Storage
from tests.e2e.conftest import Shared
from tests.e2e.media_origin import Origin, address, bucket_of, folder, is_open, keys, origin_client
from tests.e2e.stacks import TestStack
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "a long pass phrase"
PATIENCE = 60.0
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'


@dataclass(frozen=True)
class World:
    """A stack as the tests use it."""

    edge: Edge
    origin: Origin
    bucket: S3Storage

    async def account(self, handle: str) -> Account:
        return await self.edge.register(handle, PASSWORD)

    async def picture(self, by: Account, seed: int, *, alt_text: str = "") -> Json:
        drawn = drawings.jpeg(drawings.landscape(seed, width=480, height=320))
        return await self.edge.upload(by, drawn, "image/jpeg", alt_text=alt_text)

    async def post(self, by: Account, *media: Json, **fields: str) -> Json:
        ids = [each["id"] for each in media]
        return await self.edge.post(by, "Look", media_ids=ids, **fields)

    async def read(self, post: Json, by: Account | None = None) -> Json:
        return await self.edge.call("GET", f"/v2/posts/{post['id']}", by=by)

    async def medium(self, post: Json, by: Account | None = None) -> Json:
        """The first medium of a post, as a reader gets it."""
        found: Json = (await self.read(post, by))["media"][0]
        return found

    async def until_access(self, post: Json, by: Account | None, *, open_: bool) -> Json:
        """The first medium of a post, once its folder has the right access."""
        seen: list[Json] = []

        async def has_moved() -> bool:
            seen[:] = [await self.medium(post, by)]
            return is_open(seen[0]) is open_

        await eventually(has_moved, limit=PATIENCE)
        return seen[0]

    async def until_dead(self, url: str) -> None:
        """Waits until an address ends, in the cache as well."""

        async def is_dead() -> bool:
            return await self.origin.status(url) == httpx2.codes.NOT_FOUND

        await eventually(is_dead, limit=PATIENCE)

    async def until_gone(self, *places: str) -> None:
        """Waits until the bucket has no object of these folders."""

        async def is_gone() -> bool:
            return not await keys(self.bucket, [f"{each}/" for each in places])

        await eventually(is_gone, limit=PATIENCE)

    async def until_readable(self, path: str, by: Account) -> Json:
        """The document at this path, once the account may read it."""

        async def is_readable() -> bool:
            return (await self.edge.send("GET", path, by=by)).status_code == httpx2.codes.OK

        await eventually(is_readable, limit=PATIENCE)
        return await self.edge.call("GET", path, by=by)

    async def refusal(self, path: str, by: Account | None = None) -> tuple[int, str]:
        answer = await self.edge.send("GET", path, by=by)
        return answer.status_code, answer.json()["reason"]


@asynccontextmanager
async def world_of(stack: TestStack) -> AsyncIterator[World]:
    async with (
        stack.edge() as edge,
        origin_client() as origin,
        bucket_of(stack.stack.seaweedfs.media) as bucket,
    ):
        yield World(edge, origin, bucket)


async def test_a_picture_of_a_form_is_served_to_everyone_once_it_is_posted(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author = await world.account("painter")

        picture = await world.picture(author, 1, alt_text="Hills")
        before = await world.refusal(f"/v2/media/{picture['id']}")
        post = await world.post(author, picture)
        shown = await world.until_access(post, None, open_=True)
        small = await world.origin.get(address(shown, "small"))

    assert not is_open(picture)
    assert before == (404, "MEDIUM_NOT_FOUND")
    assert (shown["alt_text"], shown["url_expires_at"]) == ("Hills", None)
    with Image.open(io.BytesIO(small)) as decoded:
        decoded.load()
        assert (decoded.format, decoded.size) == ("WEBP", (480, 320))


async def test_a_clip_is_uploaded_in_parts_resumed_and_played(shared: Shared) -> None:
    file = padded(drawings.clip(2, seconds=1.0, width=320, height=180), 9 << 20)
    async with world_of(shared.stack) as world:
        author = await world.account("filmer")

        medium_id = await upload_in_parts(world, author, file)
        clip = await until_processed(world, author, medium_id)
        # The closed address of the playlist is valid for its segments, too.
        await plays(world, clip)
        post = await world.post(author, clip)
        shown = await world.until_access(post, None, open_=True)
        video = await world.origin.get(address(shown, "video"))
        await plays(world, shown)

    with av.open(io.BytesIO(video)) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 20


async def upload_in_parts(world: World, by: Account, file: bytes) -> str:
    """Sends the last part first, is refused, and sends the rest to fresh addresses."""
    wanted = {"content_type": "video/mp4", "size_bytes": len(file)}
    started = await world.edge.call("POST", "/v2/media/uploads", by=by, body=wanted)
    path = f"/v2/media/uploads/{started['id']}"
    first, last = started["parts"]
    await put(last["url"], file[first["size_bytes"] :])

    with pytest.raises(Refused) as early:
        await world.edge.call("POST", f"{path}/completion", by=by)
    resumed = await world.edge.call("GET", path, by=by)
    missing = [each for each in resumed["parts"] if not each["received"]]
    await put(missing[0]["url"], file[: first["size_bytes"]])
    once = await world.edge.call("POST", f"{path}/completion", by=by)
    twice = await world.edge.call("POST", f"{path}/completion", by=by)

    assert early.value.reason == "UPLOAD_INCOMPLETE"
    assert [each["number"] for each in missing] == [first["number"]]
    assert once["id"] == twice["id"] == started["id"]
    return str(started["id"])


async def until_processed(world: World, by: Account, medium_id: str) -> Json:
    async with asyncio.timeout(PATIENCE):
        while True:
            medium = await world.edge.call("GET", f"/v2/media/{medium_id}/wait", by=by)
            if medium["state"] != "processing":
                return medium


async def put(url: str, content: bytes) -> None:
    """PUTs a part, as a client does that has no token."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30.0) as client:
        (await client.put(url, content=content)).raise_for_status()


async def plays(world: World, medium: Json) -> None:
    """The playlist plays in a player that follows it, and its byte ranges are answered exactly."""
    playlist = address(medium, "hls")

    def play() -> int:
        with av.open(playlist) as container:
            return sum(1 for _ in container.decode(video=0))

    text = (await world.origin.get(playlist)).decode()
    ranges = [(int(size), int(start)) for size, start in re.findall(r"(\d+)@(\d+)", text)]
    for size, start in ranges:
        last = start + size - 1
        content = await world.origin.get(address(medium, "hls_media"), byte_range=(start, last))
        assert len(content) == size
    assert ranges
    assert await asyncio.to_thread(play) >= 20


def padded(movie: bytes, size: int) -> bytes:
    """An MP4 of this size that plays the same: its last box is free space."""
    rest = size - len(movie)
    return movie + rest.to_bytes(4, "big") + b"free" + bytes(rest - 8)


async def test_a_closed_picture_is_for_the_audience_of_its_post(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author, follower, blocked, stranger = await asyncio.gather(
            *map(world.account, ("closer", "closeone", "closeblocked", "closestranger"))
        )
        for each in (follower, blocked):
            await world.edge.follow(each, author.user_id)
        picture, other = await asyncio.gather(world.picture(author, 3), world.picture(author, 4))
        post = await world.post(author, picture, visibility="followers")

        # Others may read it once the event of the post has confirmed what it is attached to.
        mine = await world.until_readable(f"/v2/media/{picture['id']}", follower)
        url = address(mine, "thumb")
        assert not is_open(mine)
        assert await world.origin.status(url) == 200

        await world.edge.call("PUT", f"/v2/users/{blocked.user_id}/block", by=author)
        for who in (stranger, blocked, None):
            assert await world.refusal(f"/v2/posts/{post['id']}", who) == (404, "POST_NOT_FOUND")
            medium = await world.refusal(f"/v2/media/{picture['id']}", who)
            assert medium == (404, "MEDIUM_NOT_FOUND")
        foreign = url.replace(folder(mine), folder(other))
        assert await world.origin.status(foreign) in (401, 403, 404)
        assert await world.origin.status(url.replace("/s/", "/s/x")) in (401, 403, 404)
        bare = url.split("/s/")[0] + "/" + folder(mine) + "/" + url.rsplit("/", 1)[1]
        assert await world.origin.status(bare) in (401, 403, 404)


@pytest.mark.soak  # blocks within half a minute move the files once
async def test_the_address_that_a_blocked_follower_has_ends(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author, follower, blocked = await asyncio.gather(
            *map(world.account, ("blocker", "blockone", "blockedone"))
        )
        for each in (follower, blocked):
            await world.edge.follow(each, author.user_id)
        post = await world.post(author, await world.picture(author, 16), visibility="followers")
        held = address(await world.medium(post, blocked), "thumb")
        await world.origin.get(held)

        await world.edge.call("PUT", f"/v2/users/{blocked.user_id}/block", by=author)
        await world.until_dead(held)
        moved = await world.medium(post, follower)
        await world.origin.get(address(moved, "thumb"))

    assert not is_open(moved)


async def test_the_addresses_follow_the_protection_of_the_account(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author, follower = await asyncio.gather(*map(world.account, ("shy", "shyfollower")))
        await world.edge.follow(follower, author.user_id)
        post = await world.post(author, await world.picture(author, 5))
        public = await world.until_access(post, None, open_=True)
        old = address(public, "thumb")
        for _ in range(2):  # from the object store, then from the cache
            await world.origin.get(old)

        await protect(world, author, protected=True)
        closed = await world.until_access(post, follower, open_=False)
        await world.until_dead(old)
        await world.origin.get(address(closed, "thumb"))
        assert await world.refusal(f"/v2/posts/{post['id']}") == (404, "POST_NOT_FOUND")
        await world.until_gone(folder(public))

        await protect(world, author, protected=False)
        again = await world.until_access(post, None, open_=True)
        await world.origin.get(address(again, "thumb"))
        assert folder(again) != folder(public)


async def protect(world: World, by: Account, *, protected: bool) -> None:
    await world.edge.call("PATCH", "/v2/users/me", by=by, body={"protected": protected})


async def test_deleted_posts_and_accounts_leave_no_object(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author = await world.account("leaver")
        pictures = [await world.picture(author, seed) for seed in (6, 7, 8, 9)]
        first, second = await asyncio.gather(
            world.post(author, pictures[0]), world.post(author, pictures[1])
        )
        await set_avatar(world, author, pictures[2])
        shown = [await world.until_access(each, None, open_=True) for each in (first, second)]
        avatar = await until_avatar(world, second)
        urls = [address(each, "thumb") for each in (*shown, avatar)]
        for url in (*urls, address(pictures[0], "thumb")):
            await world.origin.get(url)

        await world.edge.call("DELETE", f"/v2/posts/{first['id']}", by=author)
        await world.until_dead(urls[0])
        # The one from before the post is valid for half an hour otherwise.
        await world.until_dead(address(pictures[0], "thumb"))
        await world.until_gone(folder(shown[0]), folder(pictures[0]))
        assert await world.origin.status(urls[1]) == 200
        gone = await world.refusal(f"/v2/media/{pictures[0]['id']}", author)
        assert gone == (404, "MEDIUM_NOT_FOUND")

        body = {"password": PASSWORD}
        await world.edge.call("DELETE", "/v2/users/me", by=author, body=body)
        for url in urls[1:]:
            await world.until_dead(url)
        places = {folder(each) for each in (*shown, avatar, *pictures)}
        await world.until_gone(*places)


async def set_avatar(world: World, by: Account, picture: Json) -> None:
    body = {"avatar_media_id": picture["id"]}
    await world.edge.call("PATCH", "/v2/users/me", by=by, body=body)


async def until_avatar(world: World, post: Json) -> Json:
    """The profile picture of a post's author, once everyone may read its files."""
    seen: list[Json] = []

    async def is_shown() -> bool:
        avatar = (await world.read(post))["author"]["avatar"]
        seen[:] = [avatar] if avatar and is_open(avatar) else []
        return bool(seen)

    await eventually(is_shown, limit=PATIENCE)
    return seen[0]


async def test_originals_are_deleted_after_processing(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author = await world.account("original")
        earlier = await keys(world.bucket, ["u/"])
        picture = await world.picture(author, 10)
        with pytest.raises(Refused):
            await world.edge.upload(author, SVG, "image/png")

        async def is_empty() -> bool:
            return not await keys(world.bucket, ["u/"]) - earlier

        await eventually(is_empty, limit=PATIENCE)
        stored = await keys(world.bucket, [f"{folder(picture)}/"])
        files = {each["url"].rsplit("/", 1)[1] for each in picture["variants"]}

    assert stored == {f"{folder(picture)}/{file}" for file in files}


async def test_changes_of_a_medium_are_shown_wherever_it_is(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author, reader = await asyncio.gather(*map(world.account, ("changer", "changereader")))
        await world.edge.follow(reader, author.user_id)
        one = await world.picture(author, 11, alt_text="Before")
        two = await world.picture(author, 12)
        post = await world.post(author, one)
        path = f"/v2/posts/{post['id']}"
        await world.edge.call("PATCH", path, by=author, body={"text": "Look again"})
        kept = await world.read(post)
        await world.edge.call(
            "PATCH", path, by=author, body={"text": "Another", "media_ids": [two["id"]]}
        )
        revisions = await world.edge.call("GET", f"{path}/revisions", by=reader)

        body = {"alt_text": "After"}
        await world.edge.call("PATCH", f"/v2/media/{two['id']}", by=author, body=body)
        await set_avatar(world, author, await world.picture(author, 13))
        avatar = await until_avatar(world, post)
        await until_shown(world, post, reader, avatar)
        async with opened(world.edge, author) as stream:
            await world.edge.call("PUT", f"{path}/like", by=reader)
            liked = await until_notified(stream)

    assert [each["id"] for each in kept["media"]] == [one["id"]]
    shown = [[each["id"] for each in item["media"]] for item in revisions["items"]]
    assert shown == [[two["id"]], [one["id"]], [one["id"]]]
    assert liked["post"]["media"][0]["alt_text"] == "After"
    assert liked["post"]["author"]["avatar"]["id"] == avatar["id"]


async def until_shown(world: World, post: Json, reader: Account, avatar: Json) -> None:
    """Waits until the post and the home show the new description and the profile picture."""

    async def is_shown() -> bool:
        home = await world.edge.call("GET", "/v2/timelines/home", by=reader)
        posts = [each["post"] for each in home["items"] if each["post"]["id"] == post["id"]]
        posts += [await world.read(post), await world.read(post, reader)]
        found = [(each["media"][0]["alt_text"], each["author"]["avatar"]) for each in posts]
        right = [(text, face["id"]) for text, face in found if face]
        return right == [("After", avatar["id"])] * 3

    await eventually(is_shown, limit=PATIENCE)


async def until_notified(stream: Stream) -> Json:
    async with asyncio.timeout(PATIENCE):
        while True:
            frame = await stream.next()
            if frame["type"] == "event" and "notification" in frame["change"]:
                found: Json = frame["change"]["notification"]
                return found


async def test_hostile_files_fail_with_a_reason_and_the_next_upload_works(shared: Shared) -> None:
    whole = drawings.jpeg(drawings.landscape(14, width=480, height=320))
    async with world_of(shared.stack) as world:
        owner = await world.account("attacker")
        reasons = []
        async with opened(world.edge, owner, ["account"]) as stream:
            for file, declared in ((whole[:150], "image/jpeg"), (SVG, "image/png")):
                with pytest.raises(Refused) as refused:
                    await world.edge.upload(owner, file, declared)
                reasons.append(refused.value.reason)
                failed = await until_medium_changed(world, stream, owner)
                assert (failed["state"], failed["failure"]) == ("failed", reasons[-1])
                assert failed["variants"] == []
            ready = await world.picture(owner, 15)
            changed = await until_medium_changed(world, stream, owner)

    assert reasons == ["MEDIA_CORRUPT", "MEDIA_TYPE_NOT_ALLOWED"]
    assert (changed["id"], changed["state"]) == (ready["id"], "ready")


async def until_medium_changed(world: World, stream: Stream, owner: Account) -> Json:
    """The medium that the next event of the stream names."""
    async with asyncio.timeout(PATIENCE):
        while True:
            frame = await stream.next()
            if frame["type"] == "event" and frame["change"].get("resource") == "medium":
                path = f"/v2/media/{frame['change']['id']}"
                return await world.edge.call("GET", path, by=owner)

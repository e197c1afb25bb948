"""The body cache: in the process, in Redis, and from the store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from roost.post.v1.post_pb2 import Post as PostMessage

from services.chassis.cache import redis_client
from services.chassis.cache.redis_client import RedisClient
from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.clock import SystemClock
from services.post.adapters.memory import MemoryStore
from services.post.domain.model import (
    OPEN_ACCOUNT,
    TOMBSTONE,
    Mention,
    Post,
    PostState,
    Visibility,
)
from services.post.domain.store import NewPost
from services.post.rpc.convert import to_post
from services.post.rpc.read_cache.body_cache import PostBodyCache, pack_body, unpack_body
from tests.builders.posts import START, Numbers, a_medium, a_post
from tests.waiting import LIMIT, eventually


class CountingStore(MemoryStore):
    """Records which posts are read."""

    def __init__(self) -> None:
        super().__init__(clock=SystemClock())
        self.read: list[int] = []
        self.numbers = Numbers()

    async def posts(self, post_ids: Sequence[int]) -> dict[int, Post]:
        self.read.extend(post_ids)
        return await super().posts(post_ids)

    async def write(self, **given: object) -> Post:
        author = self.numbers.user()
        post = a_post(self.numbers.of(author), author, **given)
        message = OutboxMessage(topic="t", key="k", type="created", payload=b"")
        await self.create(NewPost(post, OPEN_ACCOUNT, message, None, b""))
        return post

    async def state(self, post: Post) -> PostState:
        return (await self.states([post.id], 0))[post.id]


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
async def server(valkey_servers: str) -> AsyncIterator[RedisClient]:
    async with redis_client.connect(valkey_servers) as client:
        yield client


def a_process(store: CountingStore, server: RedisClient, limit: int = 100) -> PostBodyCache:
    return PostBodyCache(
        store=store,
        redis=server,
        clock=SystemClock(),
        limit=limit,
    )


async def test_a_body_has_what_hydration_needs(store: CountingStore, server: RedisClient) -> None:
    parent = await store.write()
    post = await store.write(
        answers=parent,
        visibility=Visibility.MENTIONED,
        entities=(Mention(0, 4, 77, "bob"), Mention(5, 9, 77, "bob")),
        quoted_post_id=parent.id,
    )
    bodies = a_process(store, server)

    body = (await bodies.of([await store.state(post)]))[post.id]

    assert body.packed == to_post(post).SerializeToString()
    assert body.named == (post.author_id, 77)
    assert body.quoted_post_id == parent.id
    assert (body.audience.author_id, body.audience.visibility) == (post.author_id, 3)
    assert set(body.audience.addressed) == {77, parent.author_id}
    await bodies.close()


async def test_one_process_reads_what_another_stored_in_redis(
    store: CountingStore, server: RedisClient
) -> None:
    posts = [await store.write() for _ in range(3)]
    states = [await store.state(post) for post in posts]
    first = a_process(store, server)
    await first.of(states)

    # It is stored after the response, so another process may still read the store.
    async with asyncio.timeout(LIMIT):
        while store.read:
            store.read.clear()
            another = a_process(store, server)
            found = await another.of(states)
            await another.close()

    assert {id_: body.packed for id_, body in found.items()} == {
        post.id: to_post(post).SerializeToString() for post in posts
    }
    await first.close()


async def test_an_edit_is_visible_at_once_without_invalidation(
    store: CountingStore, server: RedisClient
) -> None:
    post = await store.write(text="old")
    bodies = a_process(store, server)
    await bodies.of([await store.state(post)])
    after = replace(post, text="new", revision=2, edit_time=START)
    async with store.transaction() as transaction:
        await transaction.edit(post, after)

    found = await bodies.of([await store.state(post)])

    assert found[post.id].packed == to_post(after).SerializeToString()
    await bodies.close()


async def test_a_changed_medium_is_visible_at_once_without_invalidation(
    store: CountingStore, server: RedisClient
) -> None:
    post = await store.write(media=(a_medium(5),))
    first, second = a_process(store, server), a_process(store, server)
    for bodies in (first, second):
        await bodies.of([await store.state(post)])
    async with store.transaction() as transaction:
        await transaction.replace_medium(post.id, a_medium(5, version=2))

    for bodies in (first, second):
        body = (await bodies.of([await store.state(post)]))[post.id]

        (shown,) = PostMessage.FromString(body.packed).media
        assert shown.alt_text == "medium 5, version 2"
        await bodies.close()


async def test_a_body_has_the_language_of_each_version(
    store: CountingStore, server: RedisClient
) -> None:
    post = await store.write(language="en")
    bodies = a_process(store, server)
    states = [await store.state(post)]
    found = [(await bodies.of(states))[post.id]]
    edited = replace(post, language="de", revision=2, edit_time=START)
    async with store.transaction() as transaction:
        await transaction.edit(post, edited)
    states = [await store.state(post)]
    found.append((await bodies.of(states))[post.id])

    assert [PostMessage.FromString(body.packed).language for body in found] == ["en", "de"]
    await bodies.close()


def test_a_body_without_a_language_is_read() -> None:
    message = to_post(a_post(5, 1, language="en", media=(a_medium(6),)))
    message.ClearField("language")

    body = unpack_body(message.SerializeToString())

    assert PostMessage.FromString(body.packed) == message
    assert body == pack_body(message)


async def test_a_deletion_deletes_the_bodies_of_every_version_from_redis(
    store: CountingStore, server: RedisClient
) -> None:
    post = await store.write(text="first", media=(a_medium(5),))
    bodies = a_process(store, server)
    seen = [await store.state(post)]
    await bodies.of(seen)
    async with store.transaction() as transaction:
        await transaction.replace_medium(post.id, a_medium(5, version=2))
    seen.append(await store.state(post))
    await bodies.of(seen[1:])
    keys = [f"post.4:{{{post.id}.{state.version}}}" for state in seen]

    async def are_stored() -> bool:
        return None not in await server.pipeline([("GET", key) for key in keys])

    await eventually(are_stored)
    present = (await store.posts([post.id]))[post.id]
    async with store.transaction() as transaction:
        await transaction.delete([post.id], START)

    await bodies.delete(post.id, present.version)

    assert await server.pipeline([("GET", key) for key in keys]) == [None, None]
    await bodies.close()


async def test_a_tombstone_has_no_body(store: CountingStore, server: RedisClient) -> None:
    post = await store.write()
    state = await store.state(post)
    bodies = a_process(store, server)
    await bodies.of([state])
    async with store.transaction() as transaction:
        await transaction.delete([post.id], START)

    await bodies.delete(post.id, post.version)

    assert await bodies.of([state._replace(version=TOMBSTONE)]) == {}
    # Not even for a reader with the previous state.
    assert await bodies.of([state]) == {}
    await bodies.close()


async def test_a_process_holds_the_bodies_that_were_used_last(
    store: CountingStore, server: RedisClient
) -> None:
    posts = [await store.write() for _ in range(3)]
    states = [await store.state(post) for post in posts]
    async with redis_client.connect("redis://127.0.0.1:1") as nowhere:
        bodies = a_process(store, nowhere, limit=2)
        await bodies.of(states[:2])
        await bodies.of(states[:1])
        await bodies.of(states[2:])
        store.read.clear()

        await bodies.of([states[0], states[2]])
        assert store.read == []

        await bodies.of([states[1]])
        assert store.read == [posts[1].id]
        await bodies.close()

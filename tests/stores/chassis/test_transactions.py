"""The transaction contract, on every implementation."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from roost.post.v1 import post_service_pb2 as posts

from services.chassis.events.records import OutboxMessage
from services.chassis.rpc import commands
from services.chassis.runtime import telemetry
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import RuleBroken
from services.chassis.storage.idempotency import (
    RequestIdReused,
    RequestInFlight,
    RequestKey,
    Seal,
)
from services.chassis.storage.transaction import Transaction, TransactionAborted, in_transaction
from tests.stores.chassis.databases import Notebook, Store, notebook_in

CLOCK = ManualClock()


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    kind: str = request.param
    database: Callable[[str], str] = (
        request.getfixturevalue("database") if kind == "postgres" else str
    )
    async with notebook_in(kind, database, CLOCK) as made:
        yield made


def message(key: str = "1", payload: bytes = b"p") -> OutboxMessage:
    return OutboxMessage(topic="t", key=key, type="x", payload=payload)


def key(text: str = "hello", request_id: str = "r", seal: Seal | None = None) -> RequestKey:
    made = RequestKey.of(
        posts.CreatePostRequest(text=text, request_id=request_id),
        caller_id="1",
        method="CreatePost",
        seal=seal,
    )
    assert made is not None
    return made


async def post_once(
    store: Store, key: RequestKey | None, text: str = "noted"
) -> posts.CreatePostResponse:
    async def effect(transaction: Notebook) -> posts.CreatePostResponse:
        await transaction.note(text)
        await transaction.publish(message())
        return posts.CreatePostResponse(post={"text": text, "id": len(await store.notes()) + 1})

    return await commands.run_with_key(store.transaction, key, posts.CreatePostResponse, effect)


async def test_commit_keeps_rows_and_messages_together(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.note("a")
        await transaction.publish(message("1"))
        await transaction.publish(message("2"))

    assert await store.notes() == ["a"]
    assert [event.key for event in await store.waiting()] == ["1", "2"]


async def test_exception_undoes_everything(store: Store) -> None:
    event_id, request = uuid4(), key()

    async def fail_late() -> None:
        async with store.transaction() as transaction:
            await transaction.note("a")
            await transaction.publish(message())
            await transaction.first_seen("c", event_id)
            await transaction.replay(request)
            await transaction.remember(request, b"response")
            raise KeyError

    with pytest.raises(KeyError):
        await fail_late()

    assert await store.notes() == []
    assert await store.waiting() == []
    async with store.transaction() as transaction:
        assert await transaction.first_seen("c", event_id)
        assert await transaction.replay(request) is None


async def test_message_gets_an_id_the_time_and_the_trace(store: Store) -> None:
    with telemetry.joined() as trace:
        async with store.transaction() as transaction:
            await transaction.publish(message(payload=b"\x00\xff"))
    async with store.transaction() as transaction:
        await transaction.publish(message())

    traced, bare = await store.waiting()
    assert traced.event_id != bare.event_id
    assert traced.time == CLOCK.now()
    assert traced.traceparent == trace.traceparent
    assert bare.traceparent is None
    assert (traced.topic, traced.type, traced.payload) == ("t", "x", b"\x00\xff")


async def test_event_is_first_seen_once_by_each_consumer(store: Store) -> None:
    event_id = uuid4()

    async def seen(consumer: str) -> bool:
        async with store.transaction() as transaction:
            return await transaction.first_seen(consumer, event_id)

    assert [await seen("a"), await seen("a"), await seen("b")] == [True, False, True]


async def test_event_that_many_handle_at_once_is_first_seen_by_one(store: Store) -> None:
    event_id = uuid4()

    async def handle() -> None:
        async with store.transaction() as transaction:
            if await transaction.first_seen("c", event_id):
                await transaction.note("handled")

    await asyncio.gather(*(handle() for _ in range(20)))

    assert await store.notes() == ["handled"]


async def test_request_without_a_key_simply_runs(store: Store) -> None:
    await post_once(store, None)
    await post_once(store, None)

    assert await store.notes() == ["noted", "noted"]


async def test_repeated_request_gets_the_first_response_byte_for_byte(store: Store) -> None:
    first = await post_once(store, key())

    again = await post_once(store, key(), text="not this time")

    assert again.SerializeToString() == first.SerializeToString()
    assert await store.notes() == ["noted"]
    assert len(await store.waiting()) == 1


async def test_same_id_for_another_request_is_refused(store: Store) -> None:
    await post_once(store, key("hello"))

    with pytest.raises(RequestIdReused) as refused:
        await post_once(store, key("bye"))

    assert isinstance(refused.value, RuleBroken)
    assert refused.value.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_failed_request_may_be_tried_again_under_its_id(store: Store) -> None:
    async def fail(transaction: Notebook) -> posts.CreatePostResponse:
        await transaction.note("half")
        raise KeyError

    with pytest.raises(KeyError):
        await commands.run_with_key(store.transaction, key(), posts.CreatePostResponse, fail)
    await post_once(store, key())

    assert await store.notes() == ["noted"]


async def test_fifty_twins_have_one_effect(store: Store) -> None:
    async def attempt() -> bytes | str:
        try:
            return (await post_once(store, key())).SerializeToString()
        except RequestInFlight as turned_away:
            return f"{type(turned_away).__mro__[1].__name__} {turned_away.reason}"

    outcomes = await asyncio.gather(*(attempt() for _ in range(50)))
    stored = (await post_once(store, key())).SerializeToString()

    assert await store.notes() == ["noted"]
    assert len(await store.waiting()) == 1
    assert set(outcomes) <= {stored, "Conflict IDEMPOTENCY_KEY_IN_FLIGHT"}
    assert stored in outcomes


async def test_response_with_a_secret_is_sealed_and_still_replayed(store: Store) -> None:
    sealed = key(seal=Seal(caller_secret=b"hunter2", service_secret=b"s" * 32))
    first = await post_once(store, sealed, text="a secret token")

    async with store.transaction() as transaction:
        kept = await transaction.replay(sealed)
    again = await post_once(store, sealed)

    assert kept is not None
    assert b"secret" not in kept
    assert again == first


async def test_aborted_transaction_runs_again(store: Store) -> None:
    attempts = 0

    async def effect(transaction: Transaction) -> int:
        nonlocal attempts
        attempts += 1
        await transaction.publish(message(str(attempts)))
        if attempts < 3:
            raise TransactionAborted
        return attempts

    assert await in_transaction(store.transaction, effect) == 3
    assert [event.key for event in await store.waiting()] == ["3"]


async def test_transaction_that_is_always_aborted_fails_in_the_end(store: Store) -> None:
    async def effect(_: Transaction) -> None:
        raise TransactionAborted

    with pytest.raises(TransactionAborted):
        await in_transaction(store.transaction, effect, attempts=2)


async def test_time_that_passes_shows_in_the_next_event(store: Store) -> None:
    before = CLOCK.now()
    CLOCK.advance(timedelta(seconds=5))

    async with store.transaction() as transaction:
        await transaction.publish(message())

    (event,) = await store.waiting()
    assert event.time == before + timedelta(seconds=5)

"""A command runs once for a request id, in each of its forms."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from roost.post.v1 import post_service_pb2 as posts

from services.chassis.rpc import commands
from services.chassis.runtime.errors import DeadlineExceeded, NotFound, Unavailable
from services.chassis.storage.idempotency import RequestIdReused, RequestKey, Seal
from services.chassis.storage.memory import MemoryDatabase, MemoryTables, MemoryTransaction
from services.chassis.storage.postgres import DatabaseUnavailable, OutcomeUnknown

ME = 7
REQUEST = posts.CreatePostRequest(text="hello", request_id="a")

Transaction = MemoryTransaction[MemoryTables]
Begin = Callable[[], AbstractAsyncContextManager[Transaction]]


class Effect:
    """Counts how often it runs; its response has that count as the post's id."""

    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self, _: Transaction) -> posts.CreatePostResponse:
        self.runs += 1
        response = posts.CreatePostResponse()
        response.post.id = self.runs
        return response


@pytest.fixture
def begin() -> Begin:
    database = MemoryDatabase(MemoryTables())
    return lambda: database.transaction(Transaction)


@pytest.mark.parametrize(
    "seal", [None, Seal(caller_secret=b"hunter2", service_secret=bytes(32))], ids=["open", "sealed"]
)
async def test_repetition_gets_the_first_response(begin: Begin, seal: Seal | None) -> None:
    effect = Effect()

    first, second = [
        await commands.run_once(
            begin, REQUEST, posts.CreatePostResponse, effect, caller_id=ME, seal=seal
        )
        for _ in range(2)
    ]

    assert (first, effect.runs) == (second, 1)


async def test_request_without_an_id_runs_each_time(begin: Begin) -> None:
    effect, request = Effect(), posts.CreatePostRequest(text="hello")

    for _ in range(2):
        await commands.run_once(begin, request, posts.CreatePostResponse, effect, caller_id=ME)

    assert effect.runs == 2


async def test_callers_share_no_request_ids(begin: Begin) -> None:
    effect = Effect()

    for caller_id in (ME, "register:alice"):
        await commands.run_once(
            begin, REQUEST, posts.CreatePostResponse, effect, caller_id=caller_id
        )

    assert effect.runs == 2


async def test_another_request_with_the_same_id_is_refused(begin: Begin) -> None:
    effect = Effect()
    await commands.run_once(begin, REQUEST, posts.CreatePostResponse, effect, caller_id=ME)

    with pytest.raises(RequestIdReused):
        await commands.run_once(
            begin,
            posts.CreatePostRequest(text="bye", request_id="a"),
            posts.CreatePostResponse,
            effect,
            caller_id=ME,
        )


async def test_first_response_is_found_after_the_effect_and_not_before(begin: Begin) -> None:
    before = await commands.first_response(begin, REQUEST, posts.CreatePostResponse, caller_id=ME)
    made = await commands.run_once(begin, REQUEST, posts.CreatePostResponse, Effect(), caller_id=ME)
    after = await commands.first_response(begin, REQUEST, posts.CreatePostResponse, caller_id=ME)

    assert (before, after) == (None, made)


async def test_refused_repetition_gets_the_first_response(begin: Begin) -> None:
    made = await commands.run_once(begin, REQUEST, posts.CreatePostResponse, Effect(), caller_id=ME)

    async def refused(_: RequestKey | None) -> posts.CreatePostResponse:
        raise NotFound

    response = await commands.run_unless_refused(
        begin, REQUEST, posts.CreatePostResponse, refused, caller_id=ME
    )

    assert response == made


async def test_refusal_of_a_first_request_and_a_failure_are_raised(begin: Begin) -> None:
    await commands.run_once(begin, REQUEST, posts.CreatePostResponse, Effect(), caller_id=ME)

    async def refused(_: RequestKey | None) -> posts.CreatePostResponse:
        raise NotFound

    async def failed(_: RequestKey | None) -> posts.CreatePostResponse:
        raise Unavailable

    with pytest.raises(NotFound):
        await commands.run_unless_refused(
            begin,
            posts.CreatePostRequest(text="hello", request_id="b"),
            posts.CreatePostResponse,
            refused,
            caller_id=ME,
        )
    with pytest.raises(Unavailable):
        await commands.run_unless_refused(
            begin, REQUEST, posts.CreatePostResponse, failed, caller_id=ME
        )


@pytest.mark.parametrize("once", [True, False], ids=["run_once", "run_unless_refused"])
@pytest.mark.parametrize(
    ("request_id", "lost", "raised"),
    [
        ("a", OutcomeUnknown, OutcomeUnknown),
        ("", OutcomeUnknown, DeadlineExceeded),
        ("", DatabaseUnavailable, DatabaseUnavailable),
    ],
)
async def test_the_mesh_repeats_what_has_an_id_or_did_not_happen(
    once: bool,
    request_id: str,
    lost: type[Exception],
    raised: type[Exception],
    begin: Begin,
) -> None:
    request = posts.CreatePostRequest(text="hello", request_id=request_id)

    async def fail(_: object) -> posts.CreatePostResponse:
        raise lost

    run = commands.run_once if once else commands.run_unless_refused
    with pytest.raises(raised) as failure:
        await run(begin, request, posts.CreatePostResponse, fail, caller_id=ME)

    assert failure.type is raised

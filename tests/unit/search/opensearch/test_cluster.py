"""The names of OpenSearch's failures, and answers that are not whole."""

import traceback
from typing import Any

import opensearchpy
import pytest
from opensearchpy import AsyncOpenSearch

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded
from services.search.adapters.opensearch.cluster import (
    Cluster,
    IndexMissing,
    OpenSearchUnavailable,
    RequestRefused,
)


class Transport:
    """Answers every request with one answer, or fails."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.requests: list[tuple[str, str, Any]] = []

    async def perform_request(self, method: str, path: str, *, body: Any, **_: Any) -> Any:
        self.requests.append((method, path, body))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def answering(answer: Any) -> Cluster:
    return Cluster(over(Transport(answer)))


def over(transport: Transport) -> AsyncOpenSearch:
    client: Any = AsyncOpenSearch()
    client.transport = transport
    return client


@pytest.mark.parametrize(
    "failure",
    [
        opensearchpy.ConnectionError("N/A", "refused", OSError()),
        opensearchpy.ConnectionTimeout("TIMEOUT", "late", TimeoutError()),
        opensearchpy.SSLError("N/A", "no certificate", OSError()),
        opensearchpy.AuthenticationException(401, "who?", {}),
        opensearchpy.AuthorizationException(403, "not you", {}),
        opensearchpy.TransportError(429, "full", {}),
        opensearchpy.TransportError(503, "no shard", {}),
        opensearchpy.SerializationError("not JSON"),
        OSError("lost"),
    ],
    ids=repr,
)
async def test_what_may_pass_is_unavailable(failure: Exception) -> None:
    with pytest.raises(OpenSearchUnavailable) as raised:
        await answering(failure).search("posts", {})

    assert raised.value.reason == "DEPENDENCY_UNAVAILABLE"
    assert "posts" not in str(raised.value)


def refusal(kind: str) -> str:
    return f'{{"error": {{"type": "{kind}", "reason": "secret words"}}, "status": 400}}'


@pytest.mark.parametrize("status", [400, 413, 500])
@pytest.mark.parametrize("error", [refusal("parsing_exception"), "parsing_exception"])
async def test_a_refusal_has_its_type_and_nothing_of_the_query(status: int, error: str) -> None:
    refused = opensearchpy.TransportError(status, error, {"error": "secret words"})

    with pytest.raises((RequestRefused, OpenSearchUnavailable)) as raised:
        await answering(refused).search("posts", {})

    assert isinstance(raised.value, RequestRefused) == (status < 500)
    logged = "".join(traceback.format_exception(raised.value))
    assert f"{status} parsing_exception" in logged
    assert "secret" not in logged


async def test_an_answer_that_is_no_json_is_not_logged() -> None:
    with pytest.raises(RequestRefused, match=r"^400 unknown$"):
        await answering(opensearchpy.TransportError(400, "secret words", {})).search("posts", {})


async def test_a_missing_index_has_a_name_of_its_own() -> None:
    missing = opensearchpy.NotFoundError(404, "index_not_found_exception", {})

    with pytest.raises(IndexMissing):
        await answering(missing).search("posts", {})


async def test_an_answer_of_a_part_of_the_posts_is_refused() -> None:
    with pytest.raises(OpenSearchUnavailable):
        await answering({"timed_out": True, "hits": {"hits": []}}).search("posts", {})


async def test_a_document_that_cannot_be_read_is_not_taken_for_missing() -> None:
    answer = {"docs": [{"_id": "1", "error": {"type": "no_shard_available_action_exception"}}]}

    with pytest.raises(OpenSearchUnavailable):
        await answering(answer).get("posts", [1], ["revision"])


async def test_an_index_that_another_process_created_is_no_failure() -> None:
    refused = opensearchpy.RequestError(400, refusal("resource_already_exists_exception"), {})

    assert not await answering(refused).create("posts", {})


async def test_a_search_stops_in_the_server_at_the_deadline_of_the_call() -> None:
    transport = Transport({"timed_out": False, "hits": {"hits": []}})

    with deadline.within(2.0):
        await Cluster(over(transport)).search("posts", {})

    (_, path, body), *_ = transport.requests
    assert "allow_partial_search_results=false" in path
    milliseconds = int(body.partition(b'"timeout":"')[2].partition(b"ms")[0])
    assert 0 < milliseconds <= 2_000


async def test_no_request_is_sent_after_the_deadline() -> None:
    transport = Transport({})

    with deadline.within(0.0), pytest.raises(DeadlineExceeded):
        await Cluster(over(transport)).search("posts", {})

    assert not transport.requests

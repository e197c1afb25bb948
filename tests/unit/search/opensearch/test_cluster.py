"""The names of OpenSearch's failures, and answers that are not whole."""

import traceback
from typing import Any

import httpx2
import msgspec
import pytest

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded
from services.search.adapters.opensearch.cluster import (
    Cluster,
    IndexMissing,
    OpenSearchUnavailable,
    RequestRefused,
)


class Node:
    """Answers every request with one answer, or fails."""

    def __init__(self, answer: Any, *, status: int = 200) -> None:
        self._answer = answer
        self._status = status
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        body = self._answer
        content = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
        return httpx2.Response(self._status, content=content)


def answering(answer: Any, *, status: int = 200) -> Cluster:
    return over(Node(answer, status=status))


def over(node: Node) -> Cluster:
    transport = httpx2.MockTransport(node)
    return Cluster(httpx2.AsyncClient(base_url="http://search.test", transport=transport))


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("late"),
        httpx2.PoolTimeout("all connections are in use"),
        httpx2.RemoteProtocolError("no HTTP"),
        OSError("lost"),
    ],
    ids=repr,
)
async def test_what_may_pass_is_unavailable(failure: Exception) -> None:
    with pytest.raises(OpenSearchUnavailable) as raised:
        await answering(failure).search("posts", {})

    assert raised.value.reason == "DEPENDENCY_UNAVAILABLE"
    assert "posts" not in str(raised.value)


@pytest.mark.parametrize("status", [401, 403, 429, 503])
async def test_a_node_that_takes_no_requests_of_ours_is_unavailable(status: int) -> None:
    with pytest.raises(OpenSearchUnavailable):
        await answering({}, status=status).search("posts", {})


async def test_an_answer_that_is_no_json_is_unavailable() -> None:
    with pytest.raises(OpenSearchUnavailable):
        await answering("secret words").search("posts", {})


def refusal(kind: str) -> str:
    return f'{{"error": {{"type": "{kind}", "reason": "secret words"}}, "status": 400}}'


@pytest.mark.parametrize("status", [400, 413, 500])
async def test_a_refusal_has_its_type_and_nothing_of_the_query(status: int) -> None:
    node = answering(refusal("parsing_exception"), status=status)

    with pytest.raises((RequestRefused, OpenSearchUnavailable)) as raised:
        await node.search("posts", {})

    assert isinstance(raised.value, RequestRefused) == (status < 500)
    logged = "".join(traceback.format_exception(raised.value))
    assert f"{status} parsing_exception" in logged
    assert "secret" not in logged


@pytest.mark.parametrize("answer", ["secret words", refusal("secret words"), "[]"])
async def test_a_refusal_of_another_form_is_not_logged(answer: str) -> None:
    with pytest.raises(RequestRefused, match=r"^400 unknown$"):
        await answering(answer, status=400).search("posts", {})


async def test_a_missing_index_has_a_name_of_its_own() -> None:
    with pytest.raises(IndexMissing):
        await answering(refusal("index_not_found_exception"), status=404).search("posts", {})


async def test_an_answer_of_a_part_of_the_posts_is_refused() -> None:
    with pytest.raises(OpenSearchUnavailable):
        await answering({"timed_out": True, "hits": {"hits": []}}).search("posts", {})


async def test_a_document_that_cannot_be_read_is_not_taken_for_missing() -> None:
    answer = {"docs": [{"_id": "1", "error": {"type": "no_shard_available_action_exception"}}]}

    with pytest.raises(OpenSearchUnavailable):
        await answering(answer).get("posts", [1], ["revision"])


async def test_an_index_that_another_process_created_is_no_failure() -> None:
    node = answering(refusal("resource_already_exists_exception"), status=400)

    assert not await node.create("posts", {})


async def test_a_search_stops_in_the_server_at_the_deadline_of_the_call() -> None:
    node = Node({"timed_out": False, "hits": {"hits": []}})

    with deadline.within(2.0):
        await over(node).search("posts", {})

    (request,) = node.requests
    assert request.url.params["allow_partial_search_results"] == "false"
    milliseconds = int(request.content.partition(b'"timeout":"')[2].partition(b"ms")[0])
    assert 0 < milliseconds <= 2_000


async def test_no_request_is_sent_after_the_deadline() -> None:
    node = Node({})

    with deadline.within(0.0), pytest.raises(DeadlineExceeded):
        await over(node).search("posts", {})

    assert node.requests == []

"""One trace follows a post from the edge through every service and over the broker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc.aio
import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from tests.e2e.stacks import TestStack
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# Whether it is recorded is for the platform to say, and it records all in this test.
OF_CLIENT = f"00-{TRACE}-00f067aa0ba902b7-00"
EXPORTED_SECONDS = 60.0  # spans leave every 5 s; a busy machine may take many


class Collector(TraceServiceServicer):
    """Keeps the names of the spans that arrive, by trace and service, and each one's parent."""

    def __init__(self) -> None:
        self.names: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.parents: dict[str, dict[str, str]] = defaultdict(dict)

    async def Export(
        self, request: ExportTraceServiceRequest, _: Any
    ) -> ExportTraceServiceResponse:
        for resource in request.resource_spans:
            service = next(
                attribute.value.string_value
                for attribute in resource.resource.attributes
                if attribute.key == "service.name"
            )
            for span in (each for scope in resource.scope_spans for each in scope.spans):
                self.names[span.trace_id.hex()][service].add(span.name)
                self.parents[span.trace_id.hex()][span.span_id.hex()] = span.parent_span_id.hex()
        return ExportTraceServiceResponse()


@pytest.fixture
async def collector() -> AsyncIterator[tuple[Collector, str]]:
    server = grpc.aio.server()
    kept = Collector()
    add_TraceServiceServicer_to_server(kept, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield kept, f"http://127.0.0.1:{port}"
    await server.stop(None)


async def test_a_post_is_one_trace_from_the_edge_to_the_homes_of_others(
    tmp_path: Path, collector: tuple[Collector, str]
) -> None:
    kept, endpoint = collector
    async with (
        TestStack(tmp_path, {"ROOST_OTLP_ENDPOINT": endpoint, "ROOST_TRACE_RATIO": "1"}) as stack,
        stack.edge() as edge,
    ):
        author = await edge.register("author", "a long pass phrase")
        headers = {"authorization": f"Bearer {author.access_token}", "traceparent": OF_CLIENT}

        async with httpx2.AsyncClient(base_url=edge.address, trust_env=False) as client:
            answer = await client.post("/v1/posts", json={"text": "Hello"}, headers=headers)
        spans = kept.names[TRACE]
        fan_out = "handle roost.post.v1.PostCreated"
        await eventually(
            lambda: fan_out in spans["roost-timeline"] and bool(spans["roost-gateway"]),
            limit=EXPORTED_SECONDS,
        )

    assert answer.status_code == 201
    assert answer.headers["traceresponse"].split("-")[1] == TRACE
    assert spans["roost-gateway"] == {"POST /v1/posts"}
    assert "roost.post.v1.PostService/CreatePost" in {
        name.strip("/") for name in spans["roost-post"]
    }
    assert "roost.user.v1.UserService/BatchGetUsers" in {
        name.strip("/") for name in spans["roost-user"]
    }
    # Each span hangs on another one of the trace, or on the client's.
    parents = kept.parents[TRACE]
    assert set(parents.values()) <= {*parents, "00f067aa0ba902b7"}

"""A collector of traces, and an OpenTelemetry Collector in front of it where one was built."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from local.ports import Ports


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span that arrived. Ids are in hexadecimal; `parent` is empty where there is none."""

    id: str
    parent: str
    service: str
    name: str
    attributes: Mapping[str, str]


class Collector(TraceServiceServicer):
    """Stores spans by trace."""

    def __init__(self) -> None:
        self.traces: dict[str, list[Span]] = defaultdict(list)
        self.endpoint = ""

    def names(self, trace_id: str) -> set[tuple[str, str]]:
        """The services and names of the spans of a trace."""
        return {(each.service, each.name) for each in self.traces[trace_id]}

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
                self.traces[span.trace_id.hex()].append(
                    Span(
                        id=span.span_id.hex(),
                        parent=span.parent_span_id.hex(),
                        service=service,
                        name=span.name,
                        attributes={each.key: each.value.string_value for each in span.attributes},
                    )
                )
        return ExportTraceServiceResponse()


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Runs a collector on a free loopback port."""
    server = grpc.aio.server()
    collector = Collector()
    add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    collector.endpoint = f"http://127.0.0.1:{port}"
    try:
        yield collector
    finally:
        await server.stop(None)


# Names the program that `make test-collector` builds.
SETTING = "ROOST_OTLP_COLLECTOR"
_STARTED_SECONDS = 60.0


@asynccontextmanager
async def in_front_of(collector: Collector, program: Path, folder: Path) -> AsyncIterator[str]:
    """Runs an OpenTelemetry Collector that sends what it receives to ours; yields its endpoint."""
    ports = Ports(folder / "collector-ports.json")
    address = ports.address("otlp")
    configuration = {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": address}}}},
        "exporters": {
            "otlp": {
                "endpoint": collector.endpoint.removeprefix("http://"),
                "tls": {"insecure": True},
            }
        },
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlp"]}},
        },
    }
    file, log = folder / "collector.json", folder / "collector.log"
    file.write_text(json.dumps(configuration))
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            str(program), "--config", str(file), stdout=output, stderr=output
        )
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            try:
                await asyncio.wait_for(channel.channel_ready(), _STARTED_SECONDS)
            except TimeoutError:
                raise AssertionError(log.read_text()[-2000:]) from None
        yield f"http://{address}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        ports.release()

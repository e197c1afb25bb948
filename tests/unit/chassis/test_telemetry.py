"""One trace id follows the work, whether or not anything is recorded."""

import asyncio
import contextvars
import re
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.chassis.runtime import telemetry

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{PARENT}-01"
UNSAMPLED = f"00-{TRACE}-{PARENT}-00"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """A test that configures what is recorded does so for itself alone."""
    yield
    telemetry.shutdown()
    telemetry.configure(service="test", ratio=0.0)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    telemetry.configure(service="test", ratio=0.0, exporter=exporter)
    return exporter


def exported(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    telemetry.shutdown()
    return list(exporter.get_finished_spans())


def test_outside_of_a_trace_nothing_is_sent_along() -> None:
    assert telemetry.current() is None
    assert telemetry.traceparent() is None


def test_trace_goes_on_from_its_header() -> None:
    with telemetry.joined(SAMPLED) as trace:
        assert (trace.trace_id, trace.span_id, trace.sampled) == (TRACE, PARENT, True)
        assert telemetry.traceparent() == SAMPLED

    assert telemetry.current() is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "hello",
        SAMPLED[:-1],
        SAMPLED + "-more",
        SAMPLED.upper(),
        "ff" + SAMPLED[2:],
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
    ],
)
def test_malformed_header_begins_a_new_trace(header: str | None) -> None:
    with telemetry.joined(header) as trace:
        assert trace.trace_id != TRACE
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", trace.traceparent)


def test_later_version_of_the_header_is_read_as_far_as_it_is_known() -> None:
    with telemetry.joined("01" + SAMPLED[2:] + "-more") as trace:
        assert trace.trace_id == TRACE


def test_new_traces_are_sampled_by_the_ratio() -> None:
    telemetry.configure(service="test", ratio=1.0)
    with telemetry.joined() as always:
        pass
    telemetry.configure(service="test", ratio=0.0)
    with telemetry.joined() as never:
        pass

    assert always.sampled
    assert not never.sampled


@pytest.mark.parametrize(("ratio", "sampled"), [(0.0, False), (1.0, True)])
@pytest.mark.parametrize("asked", [SAMPLED, UNSAMPLED])
def test_client_names_its_trace_and_does_not_decide_whether_it_is_recorded(
    asked: str, ratio: float, sampled: bool
) -> None:
    telemetry.configure(service="test", ratio=ratio)

    entered = contextvars.copy_context().run(telemetry.enter, asked)
    telemetry.configure(service="test", ratio=0.0)

    assert entered == telemetry.Trace(TRACE, PARENT, sampled)


def test_spans_of_a_sampled_trace_are_recorded_under_their_parents(
    exporter: InMemorySpanExporter,
) -> None:
    with telemetry.joined(SAMPLED), telemetry.span("outer"):
        sent_along = telemetry.traceparent()
        with telemetry.span("inner", attributes={"rows": 3}):
            pass

    inner, outer = exported(exporter)
    assert (inner.name, outer.name) == ("inner", "outer")
    assert outer.context is not None
    assert format(outer.context.trace_id, "032x") == TRACE
    assert outer.parent is not None
    assert format(outer.parent.span_id, "016x") == PARENT
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert sent_along == f"00-{TRACE}-{outer.context.span_id:016x}-01"
    assert inner.attributes == {"rows": 3}


def test_spans_of_an_unsampled_trace_are_not_recorded(exporter: InMemorySpanExporter) -> None:
    with telemetry.joined(UNSAMPLED), telemetry.span("outer"):
        assert telemetry.traceparent() == UNSAMPLED

    assert exported(exporter) == []


def test_error_marks_its_span(exporter: InMemorySpanExporter) -> None:
    with pytest.raises(KeyError), telemetry.joined(SAMPLED), telemetry.span("fails"):
        raise KeyError("x")

    (span,) = exported(exporter)
    assert not span.status.is_ok
    assert span.events[0].name == "exception"


async def test_tasks_do_not_share_their_traces() -> None:
    async def traced() -> str:
        return telemetry.begin().trace_id

    first, second = await asyncio.gather(traced(), traced())

    assert first != second
    assert telemetry.current() is None

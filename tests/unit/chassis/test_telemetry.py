"""One trace id follows the work, whether or not anything is recorded."""

import asyncio
import contextvars
import re
from collections.abc import Iterator
from functools import partial
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from services.chassis.runtime import running_service, telemetry
from services.chassis.runtime.sampling import sampled_below

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OTHER_TRACE = "0af7651916cd43dd8448eb211c80319c"
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


def test_spans_name_the_service_of_their_task_where_a_process_has_several() -> None:
    exporters = {each: InMemorySpanExporter() for each in ("user", "post")}
    for service, exporter in exporters.items():
        telemetry.configure(service=service, ratio=0.0, exporter=exporter)

    def work(service: str) -> None:
        running_service.enter(service)
        with telemetry.joined(SAMPLED), telemetry.span(f"work of {service}"):
            pass

    for service in exporters:
        contextvars.copy_context().run(work, service)

    telemetry.shutdown()
    for service, exporter in exporters.items():
        (span,) = exporter.get_finished_spans()
        assert span.name == f"work of {service}"
        assert span.resource.attributes["service.name"] == f"roost-{service}"


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


@pytest.mark.parametrize("asked", [SAMPLED, UNSAMPLED, None])
@pytest.mark.parametrize(
    ("request_id", "sampled"),
    [
        ("3fffffff-0000-4000-8000-000000000000", True),
        ("40000000-0000-4000-8000-000000000000", False),
    ],
)
def test_id_of_the_edge_decides_whether_a_request_is_recorded(
    asked: str | None, request_id: str, sampled: bool
) -> None:
    telemetry.configure(service="test", ratio=0.25)

    context = contextvars.copy_context()
    entered = context.run(partial(telemetry.enter, asked, request_id=request_id))

    assert entered.sampled is sampled


def test_share_of_ids_below_the_limit_is_the_ratio() -> None:
    ids = [str(UUID(int=number << 112)) for number in range(0, 2**16, 16)]

    shares = {
        ratio: sum(each < sampled_below(ratio) for each in ids) / len(ids)
        for ratio in (0.0, 0.01, 0.5, 1.0)
    }

    assert shares == {ratio: pytest.approx(ratio, abs=0.001) for ratio in shares}


def test_each_recorded_event_of_a_batch_has_a_span_in_its_own_trace(
    exporter: InMemorySpanExporter,
) -> None:
    other = SAMPLED.replace(TRACE, OTHER_TRACE)
    with telemetry.consuming([("a", UNSAMPLED), ("b", SAMPLED), ("c", None), ("d", other)]):
        inside = telemetry.current()

    second, first = exported(exporter)
    assert [(each.name, trace_of(each)) for each in (first, second)] == [
        ("handle b", TRACE),
        ("handle d", OTHER_TRACE),
    ]
    assert inside is not None
    assert first.context is not None
    assert inside.span_id == format(first.context.span_id, "016x")
    assert [link.context.span_id for link in second.links] == [first.context.span_id]


def test_failure_of_a_batch_marks_the_spans_of_all_its_events(
    exporter: InMemorySpanExporter,
) -> None:
    other = SAMPLED.replace(TRACE, OTHER_TRACE)

    with pytest.raises(KeyError), telemetry.consuming([("a", SAMPLED), ("b", other)]):
        raise KeyError("x")

    assert [span.status.is_ok for span in exported(exporter)] == [False, False]


def test_batch_without_a_recorded_event_joins_the_trace_of_its_first(
    exporter: InMemorySpanExporter,
) -> None:
    with telemetry.consuming([("a", UNSAMPLED), ("b", None)]):
        assert telemetry.traceparent() == UNSAMPLED

    assert exported(exporter) == []


def test_detached_span_continues_its_trace_without_being_entered(
    exporter: InMemorySpanExporter,
) -> None:
    span = telemetry.detached("publish a", SAMPLED, kind=SpanKind.PRODUCER)
    assert telemetry.current() is None
    span.end()

    (recorded,) = exported(exporter)
    assert recorded.context is not None
    assert span.traceparent == f"00-{TRACE}-{recorded.context.span_id:016x}-01"


def test_detached_span_of_a_trace_that_is_not_recorded_changes_nothing() -> None:
    span = telemetry.detached("publish a", UNSAMPLED, kind=SpanKind.PRODUCER)
    span.end(KeyError("x"))

    assert span.traceparent == UNSAMPLED


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return format(span.context.trace_id, "032x")


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
    # A collector may be another's: it does not get what an error says.
    assert (span.status.description, span.events) == ("KeyError", ())


async def test_tasks_do_not_share_their_traces() -> None:
    async def traced() -> str:
        return telemetry.begin().trace_id

    first, second = await asyncio.gather(traced(), traced())

    assert first != second
    assert telemetry.current() is None

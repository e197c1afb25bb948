"""Trace context: one id follows a request through every RPC and event that it causes.

The id (W3C `traceparent`) is always carried and logged. Spans are recorded only for sampled
traces, and exported only where an OTLP endpoint is set, so that an unsampled call pays next to
nothing. Among our own a parent's decision to sample is kept; a trace that begins here, or comes in
from a client, is sampled by the ratio. docs/tracing.md shows the spans of a trace.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import NamedTuple

from opentelemetry import trace as otel
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from services.chassis.runtime import running_service
from services.chassis.runtime.sampling import sampled_below

TRACEPARENT = "traceparent"

# A collector that is away must not hold up a process that stops.
_EXPORT_SECONDS = 2

# https://www.w3.org/TR/trace-context/#traceparent-header: version, trace id, parent id, flags.
_ZEROS = "0" * 32
_ODD = "13579bdf"
_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)


class Trace(NamedTuple):
    """The place of the running work in its trace: ids in hexadecimal."""

    trace_id: str
    span_id: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        """The W3C header value that continues the trace from here."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


Attributes = Mapping[str, str | bool | int | float]

_current: ContextVar[Trace | None] = ContextVar("trace", default=None)
_NOT_RECORDED: AbstractContextManager[otel.Span] = nullcontext(otel.INVALID_SPAN)


class _Recording:
    """Where spans of sampled traces go; nowhere until `configure` is called.

    A span names the service of its provider, so each service of a process has one.
    """

    def __init__(self) -> None:
        self.ratio = 0.0
        self.below = sampled_below(0.0)
        self.providers: dict[str, TracerProvider] = {}
        self._latest: TracerProvider | None = None

    @property
    def provider(self) -> TracerProvider | None:
        """That of the running task's service; otherwise that which was set last."""
        return self.providers.get(running_service.name(), self._latest)

    def add(self, service: str, provider: TracerProvider) -> None:
        self.providers[service] = self._latest = provider

    def clear(self) -> list[TracerProvider]:
        """Forgets all providers; returns them."""
        cleared = list(self.providers.values())
        self.providers, self._latest = {}, None
        return cleared


_recording = _Recording()


def configure(
    *, service: str, ratio: float, endpoint: str = "", exporter: SpanExporter | None = None
) -> None:
    """Sets the sampling ratio of new traces, and where spans go: an OTLP/gRPC endpoint, or
    `exporter` in a test. Without either, nothing is recorded."""
    _recording.ratio, _recording.below = ratio, sampled_below(ratio)
    if exporter is None and endpoint:
        # Importing it takes 0.2 s, which only a process that exports should pay.
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )

        exporter = OTLPSpanExporter(
            endpoint=endpoint, insecure=endpoint.startswith("http://"), timeout=_EXPORT_SECONDS
        )
    if exporter is None:
        _recording.clear()
        return
    # Only sampled traces ever reach the SDK, so its own sampler has nothing left to decide.
    provider = TracerProvider(
        sampler=ALWAYS_ON, resource=Resource.create({"service.name": f"roost-{service}"})
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _recording.add(service, provider)


def shutdown() -> None:
    """Sends what is still waiting to be exported. Blocks for a few seconds at most."""
    for provider in _recording.clear():
        provider.shutdown()


def current() -> Trace | None:
    """The trace of the running task, if it is part of one."""
    return _current.get()


def traceparent() -> str | None:
    """The `traceparent` to send along with a call or an event."""
    trace = _current.get()
    return None if trace is None else trace.traceparent


def begin(incoming: str | None = None) -> Trace:
    """Puts the running task into the trace that `incoming` names, or else into a new one.

    It holds for as long as the task lives. A malformed traceparent is as good as none.
    """
    trace = _continued(incoming) or _new()
    _current.set(trace)
    return trace


def enter(incoming: str | None = None, *, request_id: str = "") -> Trace:
    """Like `begin`, for a request from outside. Its ids are kept, so that its sender finds the
    trace again. Whether the trace is recorded is decided here, by the id that the edge gave the
    request; else any client could have all of its requests recorded."""
    continued = _continued(incoming) or _new()
    trace = continued._replace(sampled=_drawn(request_id))
    _current.set(trace)
    return trace


@contextmanager
def joined(incoming: str | None = None) -> Iterator[Trace]:
    """Like `begin`, for the length of a block: one event of a consumer, say."""
    trace = _continued(incoming) or _new()
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)


def span(
    name: str,
    *,
    kind: otel.SpanKind = otel.SpanKind.INTERNAL,
    attributes: Attributes | None = None,
) -> AbstractContextManager[otel.Span]:
    """Records the block as a span of the running trace, if that is sampled; else does nothing.

    An exception that leaves the block marks the span as failed.
    """
    trace = _current.get()
    if trace is None or not trace.sampled or _recording.provider is None:
        return _NOT_RECORDED
    return _recorded(_recording.provider, trace, name, kind=kind, attributes=attributes)


@contextmanager
def consuming(
    events: Sequence[tuple[str, str | None]], *, attributes: Attributes | None = None
) -> Iterator[None]:
    """Records the block as the handling of these events: pairs of a type and a traceparent.

    The block joins the trace of the first event that is recorded, or of the first one. Each other
    event that is recorded gets a span in its own trace, of the same time, with a link to the span
    that the block joins.
    """
    recorded = [place for place, (_, incoming) in enumerate(events) if is_recorded(incoming)]
    name, incoming = events[recorded[0] if recorded else 0]
    with (
        joined(incoming),
        span(f"handle {name}", kind=otel.SpanKind.CONSUMER, attributes=attributes) as main,
    ):
        link = otel.Link(main.get_span_context()) if recorded else None
        others = [
            detached(f"handle {each[0]}", each[1], kind=otel.SpanKind.CONSUMER, link=link)
            for each in (events[place] for place in recorded[1:])
        ]
        try:
            yield
        except Exception as error:
            for each in others:
                each.end(error)
            raise
        for each in others:
            each.end()


class DetachedSpan:
    """A span that no task is in. `end` sends it."""

    def __init__(self, recorded: otel.Span | None, incoming: str | None) -> None:
        self._recorded = recorded
        self._incoming = incoming

    @property
    def traceparent(self) -> str | None:
        """What continues the trace from this span, or from its parent where it is not recorded."""
        if self._recorded is None:
            return self._incoming
        context = self._recorded.get_span_context()
        return Trace(f"{context.trace_id:032x}", f"{context.span_id:016x}", True).traceparent

    def end(self, error: Exception | None = None) -> None:
        """Ends it, as failed where an error is given."""
        if self._recorded is None:
            return
        if error is not None:
            _mark_failed(self._recorded, error)
        self._recorded.end()


def detached(
    name: str,
    incoming: str | None,
    *,
    kind: otel.SpanKind,
    attributes: Attributes | None = None,
    link: otel.Link | None = None,
) -> DetachedSpan:
    """Begins a span of the trace that `incoming` names, if that is recorded. The running task does
    not enter it: several can run side by side."""
    trace = _continued(incoming)
    if trace is None or not trace.sampled or _recording.provider is None:
        return DetachedSpan(None, incoming)
    started = _start(_recording.provider, trace, name, kind=kind, attributes=attributes, link=link)
    return DetachedSpan(started, incoming)


def is_recorded(incoming: str | None) -> bool:
    """Whether spans of the trace that `incoming` names are recorded here."""
    if _recording.provider is None:
        return False
    trace = _continued(incoming)
    return trace is not None and trace.sampled


@contextmanager
def _recorded(
    provider: TracerProvider,
    trace: Trace,
    name: str,
    *,
    kind: otel.SpanKind,
    attributes: Attributes | None,
) -> Iterator[otel.Span]:
    recorded = _start(provider, trace, name, kind=kind, attributes=attributes)
    own = format(recorded.get_span_context().span_id, "016x")
    token = _current.set(Trace(trace.trace_id, own, True))
    try:
        yield recorded
    except Exception as error:
        _mark_failed(recorded, error)
        raise
    finally:
        _current.reset(token)
        recorded.end()


def _start(
    provider: TracerProvider,
    trace: Trace,
    name: str,
    *,
    kind: otel.SpanKind,
    attributes: Attributes | None,
    link: otel.Link | None = None,
) -> otel.Span:
    parent = otel.SpanContext(
        trace_id=int(trace.trace_id, 16),
        span_id=int(trace.span_id, 16),
        is_remote=True,
        trace_flags=otel.TraceFlags(otel.TraceFlags.SAMPLED),
    )
    return provider.get_tracer("roost").start_span(
        name,
        context=otel.set_span_in_context(otel.NonRecordingSpan(parent)),
        kind=kind,
        attributes=attributes,
        links=() if link is None else (link,),
    )


def _mark_failed(recorded: otel.Span, error: Exception) -> None:
    # Not its message: that may contain what a user wrote.
    recorded.set_status(otel.StatusCode.ERROR, type(error).__name__)


def _continued(incoming: str | None) -> Trace | None:
    if incoming is None:
        return None
    form = _FORM.fullmatch(incoming)
    if form is None:
        return None
    version, trace_id, span_id, flags, more = form.groups()
    if (
        version == "ff"
        or (version == "00" and more)
        or not (int(trace_id, 16) and int(span_id, 16))
    ):
        return None
    return Trace(trace_id, span_id, bool(int(flags, 16) & 1))


def _new() -> Trace:
    trace_id = f"{random.getrandbits(128) or 1:032x}"
    span_id = f"{random.getrandbits(64) or 1:016x}"
    return Trace(trace_id, span_id, _drawn())


def _drawn(request_id: str = "") -> bool:
    ratio = _recording.ratio
    if ratio <= 0.0:
        return False
    if request_id:
        return request_id < _recording.below
    return random.random() < ratio  # noqa: S311

"""Structured logs: one JSON object a line on stdout, with the trace id of the running work.

Never log a token, a password, a key, or a request body.
"""

import logging
import sys
from typing import Literal

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from services.chassis.runtime import running_service, telemetry

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(
    *,
    service: str,
    level: str = "info",
    form: Literal["json", "console"] = "json",
) -> None:
    """Sends the process's logs, its libraries' too, to stdout in one form.

    `service` is what they name where the running task belongs to no service in particular.
    """

    def name_service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = running_service.name() or service
        return event

    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        name_service,
        _add_trace,
        structlog.processors.StackInfoRenderer(),
    ]
    rendering: list[Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if form == "console"
        else [structlog.processors.format_exc_info, _order, _render_json]
    )
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    _adopt_standard_logging(level, shared, rendering)


def logger() -> FilteringBoundLogger:
    """The process's logger: `logger().warning("cache_unavailable", error=str(error))`."""
    made: FilteringBoundLogger = structlog.get_logger()
    return made


def _add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    trace = telemetry.current()
    if trace is not None:
        event["trace_id"] = trace.trace_id
    return event


def _order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    first = {key: event.pop(key) for key in ("time", "level", "event", "service") if key in event}
    return {**first, **event}


def _render_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


def _adopt_standard_logging(level: str, shared: list[Processor], form: list[Processor]) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *form],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries speak up when something is wrong; their progress is not our log.
    root.setLevel(max(_LEVELS[level], logging.WARNING))

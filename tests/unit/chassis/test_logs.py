"""A log line is one JSON object that says when, how grave, what, who and in which trace."""

import contextvars
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from services.chassis.runtime import logs, running_service, telemetry


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_line_tells_time_level_event_service_and_trace(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(service="post")

    with telemetry.joined() as trace:
        logs.logger().info("relayed", rows=3)

    (line,) = lines(capsys)
    assert list(line)[:4] == ["time", "level", "event", "service"]
    assert line["time"].endswith("Z")
    del line["time"]
    assert line == {
        "level": "info",
        "event": "relayed",
        "service": "post",
        "rows": 3,
        "trace_id": trace.trace_id,
    }


def test_line_of_a_task_names_the_service_that_the_task_belongs_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(service="services")

    def work() -> None:
        running_service.enter("post")
        logs.logger().info("relayed")

    contextvars.copy_context().run(work)
    logs.logger().info("ready")

    assert [line["service"] for line in lines(capsys)] == ["post", "services"]


def test_lines_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(service="post", level="warning")

    logs.logger().info("quiet")
    logs.logger().warning("loud")

    assert [line["event"] for line in lines(capsys)] == ["loud"]


def test_traceback_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(service="post")

    try:
        raise KeyError("why")
    except KeyError:
        logs.logger().exception("failed")

    (line,) = lines(capsys)
    assert "KeyError: 'why'" in line["exception"]


def test_warnings_of_libraries_take_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(service="post")

    logging.getLogger("library").info("progress")
    logging.getLogger("library").warning("trouble with %s", "disk")

    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["service"]) == (
        "trouble with disk",
        "warning",
        "post",
    )


def test_console_form_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(service="post", form="console")

    logs.logger().info("relayed")

    assert "relayed" in capsys.readouterr().out

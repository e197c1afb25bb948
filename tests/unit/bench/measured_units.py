"""Results of a bench whose every unit cost is a round number."""

from __future__ import annotations

from bench.machine import Origin
from bench.report import Report

CORES = 2
OPERATIONS = (
    "home, unchanged",
    "home, changed",
    "person",
    "notifications",
    "post",
    "like",
    "follow",
    "refresh",
)
PROCESSES = (
    "gateway",
    "envoy",
    "post",
    "post-work",
    "timeline",
    "timeline-work",
    "user",
    "user-work",
    "notification",
    "notification-work",
    "search",
    "search-work",
    "media",
    "media-work",
    "postgres",
    "valkey",
)
DATABASES = ("post", "user", "notification", "search", "timeline")
EACH = 100.0  # µs of each process, of each operation
PER_DATABASE = 20.0  # µs
WAL = 1_000.0  # bytes
ROW = 200.0  # bytes
EVENT = 50.0  # µs of each part of an event
HOME_BYTES = 80_000.0
PAGE_BYTES = 20_000.0
DELIVERY = 1.0  # µs of each process
FACTOR = 3.0  # of the coordinator's CPU to that of one PostgreSQL


def results() -> dict[str, Report]:
    """All reports that the model reads."""
    reports = {
        "unit-requests": _requests(),
        "unit-events": _events(),
        "unit-homes": _homes(),
        "home": _report(page=PAGE_BYTES, real=100.0, **{"real CPU a request": 1_800.0}),
        "fanout": _costs("CPU µs a delivery", ["µs"], DELIVERY),
        "log": _costs("CPU µs an event", ["µs"], DELIVERY),
        "sockets": _costs("CPU µs a frame", ["µs"], EVENT),
        "logins": _costs("CPU µs a login", ["µs"], EACH),
        "search": _costs("CPU µs a request", ["typeahead", "search, TOP"], EACH),
        "media": _report(
            **{
                "CPU an upload, all processes": 50.0,
                "CPU a picture, all processes": 300.0,
                "CPU a hit": 100.0,
            }
        ),
        "mix": _costs("CPU µs a request of the mix, at 400/s", ["µs"], EACH),
        "idle": _report(**{"CPU together": 10.0}),
        "shards": _report(
            **{f"{kind}, coordinator ÷ one PostgreSQL": FACTOR for kind in ("post", "like")}
        ),
    }
    reports["search"].lower("index", 1_500.0, "bytes a post")
    reports["mix"].higher("saturation", 1_000.0, "requests/s")
    for report in reports.values():
        report.origin = Origin("", "abc", CORES, "", 8.0, "3.11", 0.5)
    return reports


def without(scenario: str, name: str) -> dict[str, Report]:
    """The results without one figure."""
    reports = results()
    kept = [each for each in reports[scenario].figures if each.name != name]
    assert len(kept) < len(reports[scenario].figures)
    reports[scenario].figures = kept
    return reports


def _report(**figures: float) -> Report:
    report = Report([], [], [], [])
    for name, value in figures.items():
        report.lower(name, value, "")
    return report


def _costs(title: str, columns: list[str], each: float) -> Report:
    report = _report()
    rows = [[process, *([str(each)] * len(columns))] for process in PROCESSES]
    together = [str(each * len(PROCESSES))] * len(columns)
    generator = [str(each)] * len(columns)
    rows += [["together", *together], ["(load generator)", *generator]]
    report.table(title, ["process", *columns], rows)
    return report


def _operation(report: Report, operation: str) -> None:
    for process in PROCESSES:
        report.lower(f"{operation}, {process}", EACH, "µs of CPU")
    for noun in DATABASES:
        report.lower(f"{operation}, database of {noun}", PER_DATABASE, "µs of CPU")
        report.lower(f"{operation}, WAL of {noun}", WAL, "bytes")


def _requests() -> Report:
    report = _report(**{"homes that a post reached": 10.0})
    for operation in OPERATIONS:
        _operation(report, operation)
    for kind in ("post", "like", "follow"):
        for what in ("rows that stay", "inbox rows", "idempotency records", "notifications"):
            report.lower(f"{kind}, {what}", ROW, "bytes")
    return report


def _events() -> Report:
    return _report(
        **dict.fromkeys(
            [
                "relay, process",
                "relay, database",
                "wake-up, notification",
                "log entry, database",
                "log entry, trimmed, database",
                "counters, under the lock, database",
                "recount of a post",
                "recount of a user",
                "like of one post, under its lock",
                "one Envoy more, gateway",
                "one Envoy more, a service",
                "one Envoy more, itself",
                *(
                    f"idle socket, {part}"
                    for part in ("gateway", "envoy", "notification", "postgres")
                ),
            ],
            EVENT,
        ),
        **{
            "relay, payload": 400.0,
            "wake-up": 60.0,
            "log entry, WAL": 300.0,
            "log entry, row": ROW,
        },
    )


def _homes() -> Report:
    report = _report(
        **{"full home, by default": HOME_BYTES, "full home, compact": HOME_BYTES / 2},
        **{
            f"{what} merged, {part}": EVENT
            for what in ("celebrities", "celebrity")
            for part in ("timeline", "valkey")
        },
    )
    _operation(report, "home, note is stale")
    return report

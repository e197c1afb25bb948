"""The scenarios, one module each, in the order of a whole run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bench.bench import Bench
from bench.report import Report
from bench.scenarios import (
    fanout,
    freshness,
    graphql,
    growth,
    home,
    idle,
    isolation,
    log,
    logins,
    media,
    mix,
    overload,
    search,
    sockets,
    stream,
    writes,
)

Scenario = Callable[[Bench], Awaitable[Report]]

SCENARIOS: dict[str, Scenario] = {
    "idle": idle.run,
    "home": home.run,
    "graphql": graphql.run,
    "mix": mix.run,
    "freshness": freshness.run,
    "writes": writes.run,
    "media": media.run,
    "search": search.run,
    "fanout": fanout.run,
    "log": log.run,
    "stream": stream.run,
    "sockets": sockets.run,
    "logins": logins.run,
    "overload": overload.run,
    "isolation": isolation.run,
    "growth": growth.run,
}

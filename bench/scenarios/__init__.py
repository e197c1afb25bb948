"""The scenarios, one module each, in the order of a whole run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rich.console import Console

from bench.bench import Bench
from bench.report import Report
from bench.scenarios import (
    beside,
    client,
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
    replicas,
    search,
    search_quality,
    shards,
    sockets,
    stream,
    unit_events,
    unit_homes,
    unit_requests,
    writes,
)

Scenario = Callable[[Bench], Awaitable[Report]]
Standalone = Callable[[Console], Awaitable[Report]]

SCENARIOS: dict[str, Scenario] = {
    "idle": idle.run,
    "home": home.run,
    "beside": beside.run,
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
    "client": client.run,
    "unit-requests": unit_requests.run,
    "unit-events": unit_events.run,
    "unit-homes": unit_homes.run,
}

# Those that need no stack, before the others.
STANDALONE: dict[str, Standalone] = {
    "search-quality": search_quality.run,
    "shards": shards.run,
    "replicas": replicas.run,
}

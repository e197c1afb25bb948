"""All dashboards, in the order in which a reader looks for a cause."""

from __future__ import annotations

from local.dashboards import (
    caches,
    counts,
    delivery,
    edge,
    kafka,
    media,
    overview,
    postgres,
    processes,
    search,
    streams,
    timelines,
)

DASHBOARDS = tuple(
    each.DASHBOARD
    for each in (
        overview,
        edge,
        processes,
        timelines,
        streams,
        kafka,
        caches,
        postgres,
        media,
        search,
        delivery,
        counts,
    )
)

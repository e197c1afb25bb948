"""What a query of a panel reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promql_parser import VectorSelector, parse

from local.dashboards.queries import filled

# Where an expression of the parser has its parts.
PARTS = ("expr", "lhs", "rhs", "vector_selector")


def metrics(expr: str) -> set[str]:
    """Return the names of the metrics that a query reads. Raises ValueError if it is not PromQL."""
    found = set()
    for each in _parts(parse(filled(expr, interval="1m", whole="5m"))):
        if isinstance(each, VectorSelector):
            assert each.name, f"{expr} reads whatever has the labels"
            found.add(each.name)
    return found


def _parts(expr: Any) -> Iterator[Any]:
    yield expr
    for each in getattr(expr, "args", ()):
        yield from _parts(each)
    for name in PARTS:
        part = getattr(expr, name, None)
        if part is not None:
            yield from _parts(part)

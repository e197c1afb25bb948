"""What a dashboard consists of, without a word of Grafana."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

from local.dashboards.queries import Query

COLUMNS = 24


class Unit(StrEnum):
    """The unit of a panel's values, as Grafana calls it."""

    NUMBER = "short"
    SECONDS = "s"
    MILLISECONDS = "ms"
    DAYS = "d"
    BYTES = "bytes"
    SHARE = "percentunit"
    REQUESTS = "reqps"
    EVENTS = "eps"
    OPERATIONS = "ops"
    NONE = "none"


class View(Enum):
    """How a panel shows its series."""

    LINES = "lines"
    STACK = "stack"
    NUMBER = "number"
    TABLE = "table"


@dataclass(frozen=True)
class Panel:
    """One question, and what answers it.

    ``normal`` says what is usual, ``action`` what to do otherwise. ``alert`` is the alert about the
    same, whose page in docs/runbook/ the panel links. ``limit`` is drawn as a line. ``columns`` are
    those of a table: titles by label.
    """

    title: str
    unit: Unit
    queries: Sequence[Query]
    normal: str
    action: str
    alert: str = ""
    limit: float | None = None
    view: View = View.LINES
    width: int = 8
    columns: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Note:
    """A text between panels, in Markdown."""

    title: str
    text: str
    width: int = COLUMNS


@dataclass(frozen=True)
class Row:
    """Panels under a heading. They fill lines of 24 columns from left to right."""

    title: str
    panels: Sequence[Panel | Note]


@dataclass(frozen=True)
class Dashboard:
    """``name`` is that of its file."""

    name: str
    title: str
    description: str
    rows: Sequence[Row]

    @property
    def panels(self) -> list[Panel]:
        """The panels with queries."""
        return [each for row in self.rows for each in row.panels if isinstance(each, Panel)]

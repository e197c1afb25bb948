"""The unit costs that the model reads from the results of the bench."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bench.report import Report

# Figures of operations: `operation, process`, `operation, database of noun`, `… WAL of noun`.
DATABASE, WAL = "database of ", "WAL of "
REQUESTS = "unit-requests"
# Processes that every request may use.
SHARED = ("gateway", "envoy", "postgres", "valkey")
# Rows of tables of CPU that are no process of the stack.
NO_PROCESS = ("together", "(")


class FigureMissing(LookupError):
    """The results lack a figure that the model needs; the message says how to measure it."""


@dataclass(frozen=True)
class Cost:
    """Microseconds of CPU by process and by database, and bytes of WAL by database, of one."""

    cpu: Mapping[str, float] = field(default_factory=dict)
    database_cpu: Mapping[str, float] = field(default_factory=dict)
    wal_bytes: Mapping[str, float] = field(default_factory=dict)

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            _sum(self.cpu, other.cpu),
            _sum(self.database_cpu, other.database_cpu),
            _sum(self.wal_bytes, other.wal_bytes),
        )

    def __mul__(self, factor: float) -> Cost:
        return Cost(
            _scaled(self.cpu, factor),
            _scaled(self.database_cpu, factor),
            _scaled(self.wal_bytes, factor),
        )

    def without(self, other: Cost) -> Cost:
        """This cost less another that it includes; never below zero."""
        rest = self + other * -1.0
        return Cost(_floored(rest.cpu), _floored(rest.database_cpu), _floored(rest.wal_bytes))

    def of(self, *nouns: str) -> Cost:
        """What the edge, Valkey, and these services with their databases cost.

        The rest of a short measurement is periodic jobs of other services.
        """
        processes = {*SHARED, *nouns, *(f"{noun}-work" for noun in nouns)}
        return Cost(
            _among(self.cpu, processes),
            _among(self.database_cpu, set(nouns)),
            _among(self.wal_bytes, set(nouns)),
        )

    @property
    def total(self) -> float:
        """Microseconds of CPU of all processes."""
        return sum(self.cpu.values())


class UnitCosts:
    """Figures by scenario and name. Each access raises FigureMissing if there is none."""

    def __init__(self, reports: Mapping[str, Report]) -> None:
        self._reports = reports

    def figure(self, scenario: str, name: str) -> float:
        """A figure of a scenario."""
        for each in self._report(scenario).figures:
            if each.name == name and each.value is not None:
                return each.value
        raise _missing(scenario, name)

    def operation(self, operation: str, *, scenario: str = REQUESTS) -> Cost:
        """The cost of an operation by process and by database."""
        cpu, database_cpu, wal_bytes = dict[str, float](), dict[str, float](), dict[str, float]()
        for name, value, unit in self._parts(scenario, operation):
            if name.startswith(DATABASE):
                database_cpu[name.removeprefix(DATABASE)] = value
            elif name.startswith(WAL):
                wal_bytes[name.removeprefix(WAL)] = value
            elif unit == "µs of CPU":
                cpu[name] = value
        if not cpu:
            raise _missing(scenario, operation)
        return Cost(cpu, database_cpu, wal_bytes)

    def column(self, scenario: str, title: str, column: str) -> Cost:
        """The CPU by process in a column of the table whose title begins so."""
        cost = Cost()
        for name, cell in self._cells(scenario, title, column):
            if not name.startswith(NO_PROCESS):
                cost += Cost({_kind(name): cell})
        return cost

    def cell(self, scenario: str, title: str, row: str, column: str) -> float:
        """A cell of the table whose title begins so."""
        for name, cell in self._cells(scenario, title, column):
            if name == row:
                return cell
        raise _missing(scenario, f"{title}: {row}")

    def cores(self, scenario: str) -> int:
        """The cores of the machine of a scenario's run."""
        origin = self._report(scenario).origin
        if origin is None:
            raise _missing(scenario, "cores of the machine")
        return origin.cores

    def origin(self, scenario: str) -> str:
        """The commit and the load of a scenario's run."""
        origin = self._report(scenario).origin
        return "unknown" if origin is None else f"{origin.commit}, load {origin.load}"

    def _parts(self, scenario: str, operation: str) -> Iterator[tuple[str, float, str]]:
        prefix = f"{operation}, "
        for each in self._report(scenario).figures:
            if each.name.startswith(prefix) and each.value is not None:
                yield each.name.removeprefix(prefix), each.value, each.unit

    def _cells(self, scenario: str, title: str, column: str) -> list[tuple[str, float]]:
        for table in self._report(scenario).tables:
            if table.title.startswith(title) and column in table.columns:
                at = table.columns.index(column)
                return [(row[0], _read(row[at])) for row in table.rows]
        raise _missing(scenario, f"{title}: {column}")

    def _report(self, scenario: str) -> Report:
        if scenario not in self._reports:
            raise FigureMissing(
                f"The results have no scenario {scenario}: run `make bench ONLY={scenario}`."
            )
        return self._reports[scenario]


def _missing(scenario: str, name: str) -> FigureMissing:
    return FigureMissing(
        f"The results of {scenario} have no figure “{name}”: run `make bench ONLY={scenario}`."
    )


def _kind(process: str) -> str:
    """The kind of a process: of a second gateway or edge that of the first."""
    return re.sub(r"(-\d+|, second edge)$", "", process)


def _read(cell: str) -> float:
    return 0.0 if cell == "–" else float(cell.replace(",", ""))


def _among(each: Mapping[str, float], names: set[str]) -> dict[str, float]:
    return {name: value for name, value in each.items() if name in names}


def _sum(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    names = dict.fromkeys([*one, *other])
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in names}


def _scaled(each: Mapping[str, float], factor: float) -> dict[str, float]:
    return {name: value * factor for name, value in each.items()}


def _floored(each: Mapping[str, float]) -> dict[str, float]:
    return {name: max(value, 0.0) for name, value in each.items()}

"""The plan for a number of people: rates, processes, bytes, and the serial parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bench.sizing import demand
from bench.sizing.assumptions import Assumptions
from bench.sizing.demand import Audience
from bench.sizing.serial_parts import MICROSECONDS, Load, SerialPart, serial_parts
from bench.sizing.unit_costs import UnitCosts

# No part is lost with a node.
LEAST_PROCESSES = 2
# Processes of Roost, of which each uses one core; and engines, of which a server uses several.
PROCESSES = (
    "gateway",
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
)
ENGINES = ("envoy", "postgres", "valkey")
WORKING = "-work"
BITS = 8
PERCENT = 100
_MIX = "CPU µs a request of the mix"


@dataclass(frozen=True)
class Plan:
    """What a number of registered people needs."""

    audience: Audience
    rates: Mapping[str, float]
    # Cores that are busy in the peak second, by process or engine.
    cores: Mapping[str, float]
    # Processes at the planned utilisation.
    processes: Mapping[str, int]
    edges: int
    stored: tuple[tuple[str, str, float], ...]
    home_bytes: float
    # With `zset-max-listpack-entries` of Valkey above the entries of a home.
    compact_home_bytes: float
    wal_bytes: float
    # Bits a second to clients in the peak second, of JSON and of pictures.
    json_bits: float
    picture_bits: float
    connections: Mapping[str, float]
    parts: tuple[SerialPart, ...]

    @property
    def busy_cores(self) -> float:
        """All cores that are busy in the peak second."""
        return sum(self.cores.values())


def plan(people: float, units: UnitCosts, assume: Assumptions) -> Plan:
    """Plan for so many registered people. Raises FigureMissing."""
    audience = demand.audience(people, assume)
    rates = demand.rates(audience, assume)
    total = demand.together(rates, demand.costs(units, audience, assume))
    cores = {name: total.cpu.get(name, 0.0) / MICROSECONDS for name in (*PROCESSES, *ENGINES)}
    cores["postgres"] = sum(total.database_cpu.values()) / MICROSECONDS
    edges = max(LEAST_PROCESSES, math.ceil(audience.sockets / assume.sockets_of_edge))
    for name, checked in _health_checks(units, edges).items():
        cores[name] += _needed(cores[name], assume) * checked
    processes = _processes(cores, audience, assume)
    stored = tuple(demand.stored_bytes(units, audience, assume))
    homes, compact = (
        audience.homes * demand.home_bytes(units, assume, stored=stored)
        for stored in ("by default", "compact")
    )
    load = Load(audience, rates, total, processes, edges, _by_store(stored), homes)
    pages = sum(
        rates[name] for name in (demand.HOME, demand.CHANGED_HOME, demand.PERSON, demand.SEARCH)
    )
    json_bytes = pages * units.figure("home", "page") * assume.compressed
    return Plan(
        audience=audience,
        rates=rates,
        cores=cores,
        processes=processes,
        edges=edges,
        stored=stored,
        home_bytes=homes,
        compact_home_bytes=compact,
        wal_bytes=sum(total.wal_bytes.values()),
        json_bits=json_bytes * BITS,
        picture_bits=rates[demand.PICTURE] * assume.loaded_picture * BITS,
        connections=_connections(processes, assume),
        parts=tuple(serial_parts(load, units, assume)),
    )


def _health_checks(units: UnitCosts, edges: int) -> dict[str, float]:
    """The cores that each serving process needs to answer the health checks of all Envoys."""
    serving = [name for name in PROCESSES if not name.endswith(WORKING)]
    return {
        name: edges
        * units.figure(
            "unit-events", f"one Envoy more, {name if name == 'gateway' else 'a service'}"
        )
        / MICROSECONDS
        for name in serving
    }


def _needed(cores: float, assume: Assumptions) -> int:
    """Processes of one core each, at the planned utilisation."""
    return max(LEAST_PROCESSES, math.ceil(cores / assume.utilisation))


def _processes(
    cores: Mapping[str, float], audience: Audience, assume: Assumptions
) -> dict[str, int]:
    found = {name: _needed(cores[name], assume) for name in PROCESSES}
    for_sockets = math.ceil(audience.sockets / assume.sockets_of_gateway)
    found["gateway"] = max(found["gateway"], for_sockets)
    return found


def _by_store(stored: tuple[tuple[str, str, float], ...]) -> dict[str, float]:
    sizes: dict[str, float] = {}
    for _, store, size in stored:
        sizes[store] = sizes.get(store, 0.0) + size
    return sizes


def _connections(processes: Mapping[str, int], assume: Assumptions) -> dict[str, float]:
    """Connections to each engine, of all processes without those of a rolling update."""
    services = {name: number for name, number in processes.items() if name != "gateway"}
    working = sum(number for name, number in services.items() if name.endswith(WORKING))
    return {
        "PostgreSQL, all servers": sum(services.values()) * assume.pool,
        # One to a server or to each node of a cluster, and one that listens.
        "Valkey, each node": float(sum(services.values()) + processes["notification"]),
        # A producer and a consumer.
        "Kafka, each broker": float(2 * working),
    }


@dataclass(frozen=True)
class Prediction:
    """The mix as the unit costs predict it, and as it was measured."""

    # Microseconds of CPU a request, with the idle stack.
    predicted_cpu: float
    measured_cpu: float
    # Requests a second that saturate the machine.
    predicted_rate: float
    measured_rate: float

    @property
    def cpu_error(self) -> float:
        """Predicted by measured CPU a request, less one."""
        return self.predicted_cpu / self.measured_cpu - 1

    @property
    def rate_error(self) -> float:
        """Predicted by measured saturation, less one."""
        return self.predicted_rate / self.measured_rate - 1


def predict_mix(
    units: UnitCosts, weights: Mapping[str, float], *, speed: float = 1.0
) -> Prediction:
    """Predict the scenario `mix`, no figure of which the model uses.

    Its homes count as changed: a home of the mix is read less often than it changes. `speed` is
    that of the machine during the mix, relative to that during the measurement of unit costs.
    """
    each = {
        "home": units.operation("home, changed"),
        "person": units.operation("person"),
        "compose": units.operation("post"),
    }
    request = sum(each[kind].total * weight for kind, weight in weights.items()) / speed
    measured_rate = units.figure("mix", "saturation")
    idle = _idle_cores(units)
    generator = units.cell("mix", _MIX, "(load generator)", "µs")
    return Prediction(
        predicted_cpu=request + idle * MICROSECONDS / measured_rate,
        measured_cpu=units.column("mix", _MIX, "µs").total,
        predicted_rate=(units.cores("mix") - idle) * MICROSECONDS / (request + generator),
        measured_rate=measured_rate,
    )


def speed_of_home(units: UnitCosts) -> float:
    """The speed of the machine in the hour of the scenario `home`, which was that of the mix.

    Both measured the same read of a home: one with the idle stack, one above it.
    """
    then = units.figure("home", "real CPU a request") - _idle_cores(units) * (
        MICROSECONDS / units.figure("home", "real")
    )
    return units.operation("home, unchanged").total / then


def _idle_cores(units: UnitCosts) -> float:
    return units.figure("idle", "CPU together") / PERCENT

"""The tables of docs/capacity.md, as Markdown between markers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from bench.report import number
from bench.sizing import demand
from bench.sizing.assumptions import Assumptions
from bench.sizing.plan import ENGINES, Plan, Prediction
from bench.sizing.serial_parts import SerialPart
from bench.sizing.unit_costs import UnitCosts

# Scenarios whose figures the model reads.
SOURCES = (
    "unit-requests",
    "unit-events",
    "unit-homes",
    "home",
    "fanout",
    "log",
    "sockets",
    "search",
    "media",
    "logins",
    "shards",
)
CHECKED_BY = ("mix", "idle")
# Parts that are less full at every size are left out of the table.
LEAST_SHOWN = 0.001
# From here on a part needs a decision.
FULL = 1.0
NEARLY_FULL = 0.5

_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def sections(
    plans: Mapping[str, Plan],
    records: Mapping[str, Plan],
    units: UnitCosts,
    assume: Assumptions,
    predictions: Mapping[str, Prediction],
) -> dict[str, str]:
    """The text of each marked section; `records` are plans for the second of a record."""
    return {
        "sources": _sources(units),
        "assumptions": _assumptions(assume),
        "load": _load(plans),
        "resources": _resources(plans),
        "parts": _parts(plans),
        "order": _order(plans),
        "record": _record(plans, records),
        "prediction": _prediction(predictions),
    }


def replaced(text: str, texts: Mapping[str, str]) -> str:
    """The document with the text of each section replaced. Raises LookupError without a marker."""
    for name, content in texts.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if not 0 <= text.find(begin) < text.find(end):
            raise LookupError(f"The document has no markers of the section {name}.")
        before, _, after = text.partition(begin)
        _, _, after = after.partition(end)
        text = f"{before}{begin}\n{content.rstrip()}\n{end}{after}"
    return text


def quantity(value: float, unit: str) -> str:
    """A number with three digits and the prefix of its unit: `1.20 TB`."""
    for size, prefix in _PREFIXES:
        if value >= size:
            return f"{number(value / size)} {prefix}{unit}"
    return f"{number(value)} {unit}"


def percent(share: float) -> str:
    """A share in percent: whole numbers from 10 % on."""
    if 0 < share < LEAST_SHOWN:
        return f"< {LEAST_SHOWN:.1%}".replace("%", " %")
    value = share * 100
    return f"{value:,.0f} %" if value >= 9.5 else f"{value:.1f} %"


def grid(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell or " " for cell in line) + " |" for line in lines)


def _sources(units: UnitCosts) -> str:
    rows = [[f"`{name}`", units.origin(name)] for name in (*SOURCES, *CHECKED_BY)]
    return grid(["scenario", "commit, and runnable processes before the run"], rows)


def _assumptions(assume: Assumptions) -> str:
    rows = [
        [f"`{each.name}`", f"{each.value:g} {each.unit}".strip(), each.meaning, each.source]
        for each in assume.table()
    ]
    return grid(["name", "value", "meaning", "source"], rows)


def _each(
    plans: Mapping[str, Plan], rows: Iterable[tuple[str, Callable[[Plan], str]]]
) -> list[list[str]]:
    return [[title, *(read(plan) for plan in plans.values())] for title, read in rows]


def _rate(*names: str) -> Callable[[Plan], str]:
    return lambda plan: number(sum(plan.rates[name] for name in names))


def _load(plans: Mapping[str, Plan]) -> str:
    rows = _each(
        plans,
        [
            ("active on the day", lambda plan: number(plan.audience.active)),
            ("homes kept", lambda plan: number(plan.audience.homes)),
            ("sockets", lambda plan: number(plan.audience.sockets)),
            ("celebrities", lambda plan: number(plan.audience.celebrities)),
            ("… followed by a reader", lambda plan: number(plan.audience.celebrities_followed)),
            ("homes read, a second", _rate(demand.HOME, demand.CHANGED_HOME)),
            (
                "… whose note is stale",
                lambda plan: percent(plan.rates[demand.STALE_NOTE] / plan.rates[demand.MERGED]),
            ),
            ("posts, a second", _rate(demand.POST)),
            ("likes and reposts, a second", _rate(demand.LIKE, demand.REPOST)),
            ("follows, a second", _rate(demand.FOLLOW)),
            ("searches and suggestions, a second", _rate(demand.SEARCH, demand.SUGGESTION)),
            ("pictures uploaded, a second", _rate(demand.UPLOAD)),
            ("entries written to homes, a second", _rate(demand.DELIVERY)),
            ("entries of event logs, a second", _rate(demand.LOG_ENTRY)),
            ("frames to sockets, a second", _rate(demand.FRAME)),
        ],
    )
    return grid(["in the peak second", *plans], rows)


def _resources(plans: Mapping[str, Plan]) -> str:
    first = next(iter(plans.values()))

    def cores(name: str) -> Callable[[Plan], str]:
        def cell(plan: Plan) -> str:
            busy = number(plan.cores[name])
            return busy if name in ENGINES else f"{busy} in {plan.processes[name]:,}"

        return cell

    def stored(place: int) -> Callable[[Plan], str]:
        return lambda plan: quantity(plan.stored[place][2], "B")

    def connections(engine: str) -> Callable[[Plan], str]:
        return lambda plan: number(plan.connections[engine])

    rows = _each(
        plans,
        [
            ("**busy cores**, all", lambda plan: number(plan.busy_cores)),
            *((f"{name}, cores and processes", cores(name)) for name in first.processes),
            *((f"{name}, cores", cores(name)) for name in ENGINES),
            ("Envoys for sockets", lambda plan: f"{plan.edges:,}"),
            ("**homes in Valkey**", lambda plan: quantity(plan.home_bytes, "B")),
            ("… as compact lists", lambda plan: quantity(plan.compact_home_bytes, "B")),
            *(
                (f"**stored**: {name}" if not place else f"stored: {name}", stored(place))
                for place, (name, _, _) in enumerate(first.stored)
            ),
            ("WAL, all databases", lambda plan: quantity(plan.wal_bytes, "B/s")),
            ("**to clients**: JSON", lambda plan: quantity(plan.json_bits, "bit/s")),
            ("to clients: pictures", lambda plan: quantity(plan.picture_bits, "bit/s")),
            *((f"connections: {engine}", connections(engine)) for engine in first.connections),
        ],
    )
    return grid(["", *plans], rows)


def _parts(plans: Mapping[str, Plan]) -> str:
    by_size = [{part.name: part for part in plan.parts} for plan in plans.values()]
    # In the order of the largest size.
    names = [part.name for part in list(plans.values())[-1].parts]
    rows = []
    for name in names:
        parts = [sizes[name] for sizes in by_size]
        if max(part.utilisation for part in parts) < LEAST_SHOWN:
            continue
        ceiling = f"{number(parts[0].ceiling)} {parts[0].unit}"
        rows.append([name, ceiling, *(_share(part) for part in parts)])
    return grid(["part", "ceiling", *plans], rows)


def _share(part: SerialPart) -> str:
    text = percent(part.utilisation)
    return f"**{text}**" if part.utilisation >= FULL else text


def _order(plans: Mapping[str, Plan]) -> str:
    texts = []
    for size, plan in plans.items():
        full = [part for part in plan.parts if part.utilisation >= NEARLY_FULL]
        texts.append(f"### {size}\n\n{_remedies(full) if full else 'Nothing is half full.'}")
    return "\n\n".join(texts)


def _record(plans: Mapping[str, Plan], records: Mapping[str, Plan]) -> str:
    """Parts that are full in the second of a record and not half full on a usual day."""
    full = [
        part
        for size, record in records.items()
        for part, usual in zip(record.parts, _in_order_of(record, plans[size]), strict=True)
        if part.utilisation >= FULL and usual.utilisation < NEARLY_FULL
    ]
    return _remedies(full) if full else "Nothing else is full."


def _in_order_of(record: Plan, usual: Plan) -> list[SerialPart]:
    by_name = {part.name: part for part in usual.parts}
    return [by_name[part.name] for part in record.parts]


def _remedies(parts: Iterable[SerialPart]) -> str:
    rows = [
        [
            part.name,
            f"{number(part.demand)} of {number(part.ceiling)} {part.unit}",
            percent(part.utilisation),
            part.remedy,
            "yes" if part.exists else "no",
        ]
        for part in parts
    ]
    return grid(["part", "demand", "full", "what is then done", "exists"], rows)


def _prediction(predictions: Mapping[str, Prediction]) -> str:
    rows = []
    for title, each in predictions.items():
        cpu = (each.predicted_cpu, each.measured_cpu, each.cpu_error)
        rate = (each.predicted_rate, each.measured_rate, each.rate_error)
        for what, (predicted, measured, error) in (
            ("CPU µs a request, with the idle stack", cpu),
            ("saturation, requests/s", rate),
        ):
            rows.append([f"{what}; {title}", number(predicted), number(measured), f"{error:+.0%}"])
    return grid(["the mix on two cores", "predicted", "measured", "error"], rows)

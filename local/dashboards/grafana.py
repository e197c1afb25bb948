"""Dashboards in Grafana's JSON, in the classic schema, which every Grafana reads from files."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, text
from grafana_foundation_sdk.builders import timeseries as lines
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import text as texts
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from local.dashboards.panels import Dashboard, Note, Panel, View
from local.dashboards.queries import CHOSEN, Query

TAG = "roost"
# That of Grafana 11. Later versions migrate it when they load a dashboard.
SCHEMA = 39
# The folder of the runbook. The chart replaces it by the address where the folder is published.
RUNBOOK = "docs/runbook"
HEIGHT = {View.LINES: 8, View.STACK: 8, View.NUMBER: 4, View.TABLE: 8}
# All other series have the colours of Grafana's palette.
COLOURS = {
    "p50": "super-light-blue",
    "p95": "light-blue",
    "p99": "dark-blue",
    "1xx": "text",
    "2xx": "green",
    "3xx": "blue",
    "4xx": "yellow",
    "5xx": "red",
}
SOURCE = kinds.DataSourceRef(type_val="prometheus", uid="${datasource}")


def rendered(described: Dashboard) -> str:
    """Return the JSON of a dashboard."""
    built = json.loads(json.dumps(_built(described), cls=JSONEncoder))
    # The SDK hides every link and annotation in a menu.
    hidden = [*built["links"], *built["annotations"]["list"]]
    for each in (*hidden, *(link for panel in built["panels"] for link in panel.get("links", []))):
        del each["placement"]
    return json.dumps(built | {"schemaVersion": SCHEMA}, indent=1, sort_keys=True) + "\n"


def _built(described: Dashboard) -> model.Dashboard:
    builder = (
        dashboard.Dashboard(f"Roost: {described.title}")
        .uid(f"roost-{described.name}")
        .description(described.description)
        .tags([TAG])
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time("now-3h", "now")
        .refresh("30s")
        .timezone("browser")
        .link(
            dashboard.DashboardLink("Other dashboards")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
        .annotation(_starts())
    )
    for variable in _variables(described):
        builder.with_variable(variable)
    for row in described.rows:
        builder.with_row(dashboard.Row(row.title).id(_id(described.name, row.title)))
        for each in row.panels:
            builder.with_panel(_panel(described, each))
    return builder.build()


def _variables(described: Dashboard) -> list[Builder[model.VariableModel]]:
    """The variables: those alone that the dashboard uses."""
    found: list[Builder[model.VariableModel]] = [
        dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    ]
    if any(CHOSEN in query.expr for panel in described.panels for query in panel.queries):
        found.append(
            dashboard.QueryVariable("job")
            .label("Service")
            .datasource(SOURCE)
            .query('label_values(up{job=~"roost-.+"}, job)')
            .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(model.VariableSort.ALPHABETICAL_ASC)
            .multi(True)
            .include_all(True)
            .all_value("roost-.+")
            .current(model.VariableOption(text="All", value="$__all"))
        )
    automatic = model.VariableOption(text="auto", value="$__rate_interval", selected=True)
    return [
        *found,
        dashboard.CustomVariable("interval")
        .label("Rates over")
        .values("auto : $__rate_interval, 1m, 5m, 30m, 1h, 6h")
        .current(automatic),
        dashboard.AdHocVariable("filters").label("Filters").datasource(SOURCE),
        dashboard.ConstantVariable("runbook").value(RUNBOOK),
    ]


def _starts() -> dashboard.AnnotationQuery:
    """Marks the moments at which processes started: releases, and crashes."""
    return (
        dashboard.AnnotationQuery()
        .name("Starts of processes")
        .datasource(SOURCE)
        .enable(True)
        .icon_color("purple")
        .expr('min by (job) (time() - process_start_time_seconds{job=~"roost-.+"}) < 60')
        .step("60s")
        .title_format("{{job}} started")
    )


def _panel(described: Dashboard, panel: Panel | Note) -> Builder[model.Panel]:
    number = _id(described.name, panel.title)
    if isinstance(panel, Note):
        return (
            text.Panel()
            .id(number)
            .title(panel.title)
            .mode(texts.TextMode.MARKDOWN)
            .content(panel.text)
            .span(panel.width)
            .height(4)
        )
    builder = _VIEWS[panel.view](panel)
    builder.id(number)
    builder.title(panel.title)
    builder.description(_description(panel))
    builder.datasource(SOURCE)
    builder.unit(panel.unit)
    builder.span(panel.width)
    builder.height(HEIGHT[panel.view])
    builder.targets([_target(panel, index, query) for index, query in enumerate(panel.queries)])
    if panel.alert:
        page = f"${{runbook}}/{panel.alert}.md"
        link = dashboard.DashboardLink(f"Runbook: {panel.alert}").url(page).target_blank(True)
        builder.links([link.type(model.DashboardLinkType.LINK)])
    return builder


def _target(panel: Panel, index: int, query: Query) -> prometheus.Dataquery:
    builder = (
        prometheus.Dataquery()
        .datasource(SOURCE)
        .ref_id(chr(ord("A") + index))
        .expr(query.expr)
        .legend_format(query.legend)
    )
    if panel.view is View.TABLE:
        return builder.instant().format(PromQueryFormat.TABLE)
    return builder.range()


def _lines(panel: Panel) -> lines.Panel:
    stacked = panel.view is View.STACK
    builder = (
        lines.Panel()
        .line_width(1)
        .fill_opacity(40 if stacked else 0)
        .show_points(kinds.VisibilityMode.NEVER)
        .axis_soft_min(0)
        .legend(
            common.VizLegendOptions()
            .display_mode(kinds.LegendDisplayMode.LIST)
            .placement(kinds.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs([])
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(kinds.TooltipDisplayMode.MULTI)
            .sort(kinds.SortOrder.DESCENDING)
        )
        .thresholds(_thresholds(panel))
    )
    if stacked:
        builder.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL).group("A"))
    if panel.limit is not None:
        style = common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED)
        builder.thresholds_style(style)
    for name in _coloured(panel):
        colour = {"mode": "fixed", "fixedColor": COLOURS[name]}
        builder.override_by_name(name, [model.DynamicConfigValue(id_val="color", value=colour)])
    return builder


def _number(panel: Panel) -> stat.Panel:
    return (
        stat.Panel()
        .thresholds(_thresholds(panel))
        .color_mode(kinds.BigValueColorMode.VALUE)
        .graph_mode(kinds.BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    )


def _table(panel: Panel) -> table.Panel:
    kept = {label: index for index, (label, _) in enumerate(panel.columns)}
    organized = {
        "indexByName": kept,
        "renameByName": dict(panel.columns),
        "includeByName": dict.fromkeys(kept, True),
    }
    return table.Panel().with_transformation(
        model.DataTransformerConfig(id_val="organize", options=organized)
    )


_VIEWS: dict[View, Callable[[Panel], lines.Panel | stat.Panel | table.Panel]] = {
    View.LINES: _lines,
    View.STACK: _lines,
    View.NUMBER: _number,
    View.TABLE: _table,
}


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    """Blue without a limit, otherwise green below and red above it."""
    if panel.limit is None:
        steps = [model.Threshold(value=None, color="blue")]
    else:
        steps = [
            model.Threshold(value=None, color="green"),
            model.Threshold(value=panel.limit, color="red"),
        ]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def _coloured(panel: Panel) -> list[str]:
    """The names of series that have a colour of their own; a class of status is `{{…}}xx`."""
    legends = [query.legend for query in panel.queries]
    if any(legend.endswith("xx") for legend in legends):
        return [name for name in COLOURS if name.endswith("xx")]
    return [name for name in COLOURS if name in legends]


def _description(panel: Panel) -> str:
    lines_of_text = [f"**Normal:** {panel.normal}", f"**Otherwise:** {panel.action}"]
    if panel.alert:
        lines_of_text.append(f"**Alert:** {panel.alert}, {RUNBOOK}/{panel.alert}.md")
    return "\n\n".join(lines_of_text)


def _id(name: str, title: str) -> int:
    """A number that stays while panels around it come and go, since links to a panel contain it."""
    return zlib.crc32(f"{name} {title}".encode()) >> 1

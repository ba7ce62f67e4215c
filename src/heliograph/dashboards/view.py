"""The one form in which every dashboard is shown: Grafana's newest classic schema, old kinds translated."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from heliograph.dashboards.builder import language_of, text_of
from heliograph.dashboards.envelope import classic
from heliograph.dashboards.layout import placed_panels
from heliograph.dashboards.missing import slashed, stand_in, undefined
from heliograph.dashboards.panels.graph import migrate_graph
from heliograph.dashboards.panels.others import (
    migrate_discrete,
    migrate_heatmap,
    migrate_pie,
    migrate_values,
    migrate_worldmap,
    settle_fields,
)
from heliograph.dashboards.panels.singlestat import migrate_singlestat
from heliograph.dashboards.panels.table_old import migrate_table
from heliograph.dashboards.report import Report
from heliograph.dashboards.shape import Json, mapping, objects, text, whole
from heliograph.dashboards.sources import HUB, Inputs, source_of
from heliograph.dashboards.templating import variables_of
from heliograph.dashboards.unread import of_dashboard, unread

SCHEMA_VERSION: Final = 41
_MIGRATIONS: Final[Mapping[str, Callable[[Json], list[str]]]] = {
    "graph": migrate_graph,
    "singlestat": migrate_singlestat,
    "table-old": migrate_table,
    "grafana-piechart-panel": migrate_pie,
    "grafana-worldmap-panel": migrate_worldmap,
    "natel-discrete-panel": migrate_discrete,
    "stat": migrate_values,
    "gauge": migrate_values,
    "bargauge": migrate_values,
}
SUPPORTED: Final = frozenset(
    [
        "timeseries",
        "barchart",
        "histogram",
        "stat",
        "gauge",
        "bargauge",
        "table",
        "piechart",
        "heatmap",
        "xychart",
        "state-timeline",
        "status-history",
        "text",
        "row",
        "alertlist",
        "dashlist",
        "logs",
        "geomap",
        "canvas",
        "grafana-clock-panel",
    ]
)
"""What the page draws."""
_ACTIVE: Final = re.compile(r"<(script|iframe|object|embed|form)\b", re.IGNORECASE)
_SCRIPTS: Final = "scripts, frames and forms in the text are left out"
COMPUTED: Final = frozenset({"math", "reduce", "resample", "threshold"})
"""The expressions that the page computes."""
_NEAR: Final[Mapping[str, tuple[str, str]]] = {
    "trend": ("timeseries", "a trend is drawn over time"),
    "marcusolsson-hourly-heatmap-panel": ("heatmap", "the hours of the days are drawn as a plain heat map"),
    "news": ("text", "news are not fetched: the page talks to its hub only"),
    "vonage-status-panel": ("stat", "the states are shown as numbers"),
    "flant-statusmap-panel": ("status-history", "the status map is drawn as a status history"),
    "table-panel": ("table", ""),
    "welcome": ("text", "the words of welcome are Grafana's own"),
    "briangann-gauge-panel": ("gauge", "the dial is drawn as a gauge of ours"),
    "michaeldmoore-multistat-panel": ("bargauge", "the bars are drawn as a bar gauge"),
    "yesoreyeram-boomtable-panel": ("table", "the cells are shown as a table"),
}
"""Kinds that are drawn as another one, and what to say about that."""


@dataclass(frozen=True, slots=True)
class View:
    """A dashboard as it is shown."""

    dashboard: Json
    report: dict[str, Any]


def view_of(document: Json, chosen: Mapping[str, Any]) -> View:
    """Return the view of a kept document; ``chosen`` are the values of its inputs.

    Raises:
        QueryError: it is no dashboard, or too large a one.
    """
    source = copy.deepcopy(classic(document))
    inputs = Inputs.of(source, chosen)
    source = inputs.resolved(source)
    source.pop("__inputs", None)
    report = Report()
    panels = placed_panels(source)
    library = mapping(source.get("__elements"))
    for panel in panels:
        for one in (panel, *objects(panel.get("panels"))):
            _settle(one, inputs, report, library)
            report.add(one)
    source.pop("rows", None)
    variables = variables_of(source, inputs)
    every = [one for panel in panels for one in (panel, *objects(panel.get("panels")))]
    for name, value in undefined(every, variables).items():
        report.undefined.append(name)
        variables.append(stand_in(name, value))
    source |= {
        "panels": panels,
        "templating": {"list": variables},
        "title": text(source.get("title")).strip() or "Untitled",
        "tags": [one for one in source.get("tags") or [] if isinstance(one, str)]
        if isinstance(source.get("tags"), list)
        else [],
        "time": _time(source),
        "refresh": text(source.get("refresh")),
        "timezone": text(source.get("timezone")),
        "links": objects(source.get("links")),
        "annotations": {"list": objects(mapping(source.get("annotations")).get("list"))},
        "graphTooltip": whole(source.get("graphTooltip", source.get("sharedCrosshair")), 0, 0, 2),
        "schemaVersion": SCHEMA_VERSION,
    }
    report.elsewhere += of_dashboard(source)
    return View(source, report.shown())


def _time(source: Json) -> Json:
    asked = mapping(source.get("time"))
    return {"from": str(asked.get("from") or "now-6h"), "to": str(asked.get("to") or "now")}


def _settle(panel: Json, inputs: Inputs, report: Report, library: Json) -> None:
    """Bring a panel to its form in the view, in place."""
    degraded: list[str] = []
    reference = mapping(panel.get("libraryPanel"))
    if reference and not panel.get("type"):
        model = mapping(mapping(library.get(text(reference.get("uid")))).get("model"))
        panel |= {key: value for key, value in copy.deepcopy(model).items() if key not in ("id", "gridPos")}
        if not model:
            name = text(reference.get("name")) or text(reference.get("uid"))
            degraded.append(f"the library panel {name!r} is not in the file")
    kind = text(panel.get("type"))
    if kind == "row":
        panel |= {"collapsed": panel.get("collapsed") is True, "title": text(panel.get("title"))}
        panel["x-helio"] = {"degraded": [], "unsupported": None}
        return
    datasource = panel.get("datasource")
    degraded += _targets(panel, inputs, report)
    degraded += _migrated(panel, kind)
    for key in ("title", "description"):
        panel[key] = text(panel.get(key))
    for one, keys in (
        (panel, ("timeFrom", "timeShift", "interval")),
        *((t, ("alias",)) for t in panel["targets"]),
    ):
        one |= {key: text(one[key]) for key in keys if one.get(key) is not None}
    panel["links"] = objects(panel.get("links"))
    panel["transformations"] = objects(panel.get("transformations"))
    panel["options"] = mapping(panel.get("options"))
    settle_fields(panel)
    shown = panel["type"] = text(panel.get("type"))
    unsupported = None if shown in SUPPORTED else shown or "a panel without a type"
    panel["x-helio"] = {
        "degraded": [one for one in [*degraded, *unread(panel)] if one],
        "unsupported": unsupported,
        "datasource": datasource,
    }
    if kind != shown:
        panel["x-helio"]["was"] = kind


def _migrated(panel: Json, kind: str) -> list[str]:
    if kind == "table" and "styles" in panel:
        return migrate_table(panel)
    if kind == "heatmap" and ("dataFormat" in panel or "yAxis" in panel):
        return migrate_heatmap(panel)
    if kind == "text" and "content" in panel:
        options = {"mode": text(panel.pop("mode", ""), "markdown"), "content": text(panel.pop("content"))}
        panel["options"] = options | mapping(panel.get("options"))
    if kind == "text":
        return [_SCRIPTS] if _ACTIVE.search(text(mapping(panel.get("options")).get("content"))) else []
    if kind in _NEAR:
        panel["type"], sentence = _NEAR[kind]
        if panel["type"] == "text":  # what stands there instead is said at its place, too
            panel["options"] = {"mode": "markdown", "content": sentence[:1].upper() + sentence[1:]}
        return [sentence]
    migrate = _MIGRATIONS.get(kind)
    return [] if migrate is None else migrate(panel)


def _targets(panel: Json, inputs: Inputs, report: Report) -> list[str]:
    """Say of every target what it asks of whom; return what is not answered."""
    own = source_of(panel.get("datasource"), inputs)
    degraded = []
    targets = objects(panel.get("targets"))
    for place, target in enumerate(targets):
        target["refId"] = text(target.get("refId")) or chr(65 + place % 26)
        given = target.get("datasource") if own.kind == "mixed" or target.get("datasource") else None
        source = own if given is None else source_of(given, inputs)
        report.sources[source.kind] += 1
        told: Json = {"language": None, "bucket": None, "datasource": target.get("datasource")}
        if source.is_hub:
            # our own editor names a bucket that is not the data source's; its text names it, too
            told |= {"language": language_of(target), "bucket": text(target.get("bucket")) or source.bucket}
            asked = target["query"] = text_of(target)
            if told["language"] == "influxql":
                target["query"] = slashed(asked)
            if target["query"] != asked:
                degraded.append(
                    f"{target['refId']} has a text after =~, which is read as a regular expression"
                )
            target["datasource"] = dict(HUB)
        elif source.kind == "expression":
            kind = text(target.get("type"), "expression")
            if kind not in COMPUTED:
                degraded.append(f"{target['refId']} is of the kind {kind}, which is not computed")
        elif source.kind != "mixed":
            degraded.append(f"{target['refId']} asks {source.kind}, which is no data source of this hub")
        target["x-helio"] = told
        if told["language"] and not target["query"]:
            told["language"] = None
            if panel.get("type") != "text":  # an editor gave it one, and nobody asks for it
                degraded.append(f"the query {target['refId']} is empty")
    panel["targets"] = targets
    panel["datasource"] = own.view
    return degraded

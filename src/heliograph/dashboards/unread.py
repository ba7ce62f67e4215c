"""Options of today's panels that the page does not draw, each with a sentence for the report of an import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from heliograph.dashboards.elements import elements_unread
from heliograph.dashboards.shape import Json, mapping, number, objects, text


class Rule(NamedTuple):
    """What a value of an option means for what one sees."""

    kinds: frozenset[str]
    path: str
    """``options.…`` of the panel, or a setting of its fields, of all or of single ones."""
    counts: Callable[[Any], bool]
    """Whether the page draws something else than this value asks for."""
    sentence: str
    """``{}`` stands for the value."""


def _one_of(*values: object) -> Callable[[Any], bool]:
    return lambda value: any(value == one and type(value) is type(one) for one in values)


def _other_than(*values: object) -> Callable[[Any], bool]:
    return lambda value: value is not None and value not in values


def _filled(value: Any) -> bool:
    return bool(value)


def _is_on(value: Any) -> bool:
    return value is True


def _is_number(value: Any) -> bool:
    return number(value) is not None


def _rule(kinds: str, path: str, counts: Callable[[Any], bool], sentence: str) -> Rule:
    return Rule(frozenset(kinds.split()), path, counts, sentence)


_RULES: Final = (
    _rule("timeseries", "options.orientation", _one_of("vertical"), "time goes from left to right"),
    _rule("timeseries", "options.timeCompare", _filled, "the comparison with an earlier time is not drawn"),
    _rule("timeseries", "options.timezone", _filled, "the axis of time has the dashboard's zone"),
    _rule("timeseries", "custom.showValues", _is_on, "values are not written beside their points"),
    _rule("barchart histogram xychart", "custom.axisLabel", _filled, "the axis has no name: {}"),
    _rule(
        "barchart",
        "custom.thresholdsStyle.mode",
        _other_than("off"),
        "thresholds are not drawn behind the bars",
    ),
    _rule(
        "barchart xychart",
        "custom.scaleDistribution.type",
        _other_than("linear", "ordinal"),
        "the axis is linear",
    ),
    _rule("heatmap", "options.showValue", _one_of("auto", "always"), "values are not written into cells"),
    _rule("heatmap", "options.legend.show", _is_on, "the scale of the colours is not shown"),
    _rule("heatmap", "options.yAxis.axisLabel", _filled, "the axis has no name: {}"),
    _rule("gauge", "options.shape", _one_of("circle"), "the gauge is an arc"),
    _rule("gauge", "custom.neutral", _is_number, "the gauge begins at its least value"),
    _rule(
        "table",
        "custom.cellOptions.type",
        _one_of("sparkline", "image", "pill", "markdown", "geo"),
        "cells of the kind {} are shown as text",
    ),
    _rule(
        "table",
        "custom.displayMode",
        _one_of("sparkline", "image"),
        "cells of the kind {} are shown as text",
    ),
    _rule("table", "custom.hideHeader", _is_on, "a hidden head of a column is shown"),
    _rule("xychart", "custom.pointShape", _other_than("circle"), "points are circles"),
    _rule("logs", "options.dedupStrategy", _other_than("none"), "equal lines are not put together"),
    _rule("logs", "options.prettifyLogMessage", _is_on, "JSON in lines is shown as it came"),
    _rule(
        "logs",
        "options.showCommonLabels",
        _is_on,
        "labels that all lines have are not shown on their own",
    ),
    _rule(
        "geomap", "options.basemap.type", _filled, "the ground of the map is not fetched, only a grid drawn"
    ),
    _rule("alertlist", "options.viewMode", _one_of("stat"), "alerts are listed, not counted"),
)
TRANSFORMATIONS: Final = frozenset(
    [
        *("organize", "filterFieldsByName", "filterByName", "filterByRefId", "renameByRegex"),
        *("convertFieldType", "filterByValue", "sortBy", "limit", "merge", "joinByField", "seriesToColumns"),
        *("seriesToRows", "concatenate", "append", "calculateField", "reduce", "groupBy"),
        *("groupingToMatrix", "partitionByValues", "labelsToFields", "prepareTimeSeries"),
    ]
)
"""Those that the page does."""
_MATCHERS: Final = frozenset(
    [
        *("byName", "byRegexp", "byRegex", "byType", "byTypes", "byFrameRefID", "byNames", "numeric"),
        *("time", "byValue", "any", "anyMatch"),
    ]
)
_COLOURS: Final = frozenset(
    ["fixed", "shades", "thresholds", "palette-classic", "palette-classic-by-name"]
    + [f"continuous-{one}" for one in ("GrYlRd", "RdYlGr", "BlYlRd", "YlRd", "BlPu", "YlBl")]
    + [f"continuous-{one}" for one in ("blues", "reds", "greens", "purples")]
)


def unread(panel: Json) -> list[str]:
    """Return what of a settled panel is drawn otherwise than its options ask, each thing once."""
    kind = text(panel.get("type"))
    found: list[str] = []
    for rule in _RULES:
        if kind in rule.kinds:
            found += [
                rule.sentence.format(_short(one)) for one in _said(panel, rule.path) if rule.counts(one)
            ]
    found += [
        f"the scheme of colours {_short(one)} is not known"
        for one in _said(panel, "color.mode")
        if _is_odd(one)
    ]
    own = _OF_KINDS.get(kind)
    found += [] if own is None else own(panel)
    found += [
        f"the transformation {_short(one.get('id'))} is left out"
        for one in objects(panel.get("transformations"))
        if one.get("disabled") is not True and text(one.get("id")) not in TRANSFORMATIONS
    ]
    for override in objects(mapping(panel.get("fieldConfig")).get("overrides")):
        matcher = text(mapping(override.get("matcher")).get("id"))
        if matcher not in _MATCHERS and override.get("properties"):
            found.append(f"settings of fields found by {_short(matcher) or 'nothing'} are not applied")
    return list(dict.fromkeys(found))


def _short(value: Any) -> str:
    return str(value)[:60]


def _is_odd(scheme: Any) -> bool:
    return isinstance(scheme, str) and scheme not in _COLOURS


def _said(panel: Json, path: str) -> list[Any]:
    """Return the values that a panel gives an option, for all fields or single ones."""
    head, *rest = path.split(".")
    if head == "options":
        return [_inner(panel.get("options"), rest)]
    config = mapping(panel.get("fieldConfig"))
    found = [_inner(config.get("defaults"), [head, *rest])]
    prefix = f"{head}.{rest[0]}" if head == "custom" else head
    below = rest[1:] if head == "custom" else rest
    for override in objects(config.get("overrides")):
        own = objects(override.get("properties"))
        found += [_inner(one.get("value"), below) for one in own if one.get("id") == prefix]
    return [one for one in found if one is not None]


def _inner(value: Any, path: list[str]) -> Any:
    for key in path:
        value = mapping(value).get(key)
    return value


def _of_points(panel: Json) -> list[str]:
    """Say what single series of an XY chart ask for their points."""
    found = []
    for series in objects(mapping(panel.get("options")).get("series")):
        for keys, what in ((("pointSize", "size"), "size"), (("pointColor", "color"), "colour")):
            asked = [mapping(series.get(key)) for key in keys]
            if any(one.get("field") or one.get("matcher") for one in asked):
                found.append(f"points of a series have one {what}, not that of a field")
    return found


def _of_layers(panel: Json) -> list[str]:
    """Name the layers of a map that are no markers."""
    layers = objects(mapping(panel.get("options")).get("layers"))
    kinds = [text(one.get("type")) for one in layers]
    return [f"the layer {one} is drawn as points" for one in kinds if one not in ("markers", "")]


_OF_KINDS: Final[Mapping[str, Callable[[Json], list[str]]]] = {
    "xychart": _of_points,
    "geomap": _of_layers,
    "canvas": elements_unread,
}


def of_dashboard(dashboard: Json) -> list[str]:
    """Return what of a dashboard's own parts, in no panel, is not drawn."""
    notes = objects(mapping(dashboard.get("annotations")).get("list"))
    found = [
        f"the annotations {text(one.get('name')) or 'without a name'!r} are not drawn"
        for one in notes
        if not one.get("builtIn") and one.get("enable") is not False
    ]
    found += [
        f"the variable {text(one.get('name'))} has a fixed value: {kind} is not asked"
        for one in objects(mapping(dashboard.get("templating")).get("list"))
        if (kind := mapping(one.get("x-helio")).get("unsupported"))
    ]
    return found

"""Values for the variables of a dashboard: what their own queries would find in the points that are made."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from heliograph.dashboards.demo.matching import matching_text
from heliograph.dashboards.demo.wanted import Wanted, free_value, of_flux
from heliograph.dashboards.expanding import Values, expand
from heliograph.dashboards.shape import Json, mapping, text

_KEY: Final = re.compile(r"\bwith\s+key\s*=\s*\"?([\w.-]+)\"?", re.IGNORECASE)
_DISTINCT: Final = re.compile(r"\bdistinct\s*\(\s*\"?([\w.-]+)\"?", re.IGNORECASE)
_TAG: Final = re.compile(r"\btag\s*:\s*\"([^\"]+)\"")
_COLUMN: Final = re.compile(r"\b(?:distinct\(\s*column|keyColumns)\s*:\s*\[?\s*\"([^_\"][^\"]*)\"")
_MEASUREMENTS: Final = re.compile(r"\bshow\s+measurements\b", re.IGNORECASE)
_SOURCE: Final = re.compile(r"\bfrom\s+(?:\w+\.)*(?:\"([^\"]+)\"|([\w.-]+))", re.IGNORECASE)
_EQUAL: Final = re.compile(r"\"?([\w.-]+)\"?\s*=\s*'([^']*)'")
_LIKE: Final = re.compile(r"\"?([\w.-]+)\"?\s*=~\s*/((?:\\.|[^/\\])*)/")
_SLASHED: Final = re.compile(r"^/(.*)/[gimsuy]*$", re.DOTALL)
INTERVAL: Final = "1m"


@dataclass(slots=True)
class Chosen:
    """What the variables of a dashboard stand for in made-up points."""

    values: dict[str, str] = field(default_factory=dict)
    by_tag: dict[str, str] = field(default_factory=dict)
    """By tag the value that the variable that lists it would find, before its regular expression cuts it."""


def chosen_values(variables: list[Json], bucket: str) -> Chosen:
    """Return a value for each variable."""
    chosen = Chosen()
    for one in variables:
        name, found = text(one.get("name")), _value(one, bucket)
        chosen.values[name] = found
        if one["type"] == "query":
            chosen.values[name] = _cut(text(one.get("regex")), found)
            if (tag := _tag(text(one.get("query")))) not in ("", "measurement"):
                chosen.by_tag.setdefault(tag, found)
    return chosen


def listed_series(
    variables: list[Json], chosen: Chosen, values: Values, panels: list[Wanted]
) -> list[Wanted]:
    """Return the series in which the queries of variables find their values, besides those of panels."""
    found: list[Wanted] = []
    for one in variables:
        asked, told = text(one.get("query")), one["x-helio"]
        if one["type"] == "query" and told["language"] == "flux":
            found += _listed_by_flux(expand(asked, "flux", values), told["bucket"], chosen, panels)
        if one["type"] != "query" or told["language"] != "influxql":
            continue
        shown = expand(asked, "influxql", values)
        source = _SOURCE.search(shown)
        tags = {name: value for name, value in _EQUAL.findall(shown) if value}
        for name, pattern in _LIKE.findall(shown):
            tags[name] = matching_text(pattern, chosen.by_tag.get(name) or free_value(name))
        if _MEASUREMENTS.search(shown):
            measurement = chosen.values[text(one.get("name"))]
        elif source is None or (tag := _tag(asked)) not in chosen.by_tag:
            continue
        else:
            measurement = source[1] or source[2]
            tags[tag] = chosen.by_tag[tag]
        found.append(Wanted(told["bucket"], measurement, tags=tags))
    return found


def _listed_by_flux(shown: str, bucket: str, chosen: Chosen, panels: list[Wanted]) -> list[Wanted]:
    tag = _tag(shown)
    near = [one for one in panels if one.bucket == bucket]
    if tag not in chosen.by_tag or any(tag in one.tags or tag in one.grouped for one in near):
        return []
    made = of_flux(shown, bucket, chosen.by_tag) or [Wanted(bucket, one.measurement) for one in near[:1]]
    for each in made:
        each.tags[tag] = chosen.by_tag[tag]
    return made


def _tag(asked: str) -> str:
    """Return the tag whose values a query lists, or "measurement"; empty where it lists something else."""
    if _MEASUREMENTS.search(asked):
        return "measurement"
    return next((found[1] for one in (_KEY, _DISTINCT, _TAG, _COLUMN) if (found := one.search(asked))), "")


def _cut(regex: str, value: str) -> str:
    """Return what a variable's regular expression keeps of a value."""
    pattern = _SLASHED.sub(r"\1", regex).replace("[^]", "[^/]")
    try:
        found = re.search(pattern, value) if pattern else None
    except re.error:
        return value
    return found[1] if found is not None and found.re.groups and found[1] else value


def _value(variable: Json, bucket: str) -> str:
    kind, asked = variable["type"], text(variable.get("query"))
    if kind == "query":
        return _of_query(variable, asked, bucket)
    if kind == "interval":
        steps = [one.strip() for one in asked.split(",") if re.fullmatch(r"\d+(ms|s|m|h|d)", one.strip())]
        return INTERVAL if INTERVAL in steps or not steps else steps[0]
    if kind == "custom":
        first = asked.split(",")[0].strip()
        return first.rpartition(" : ")[2].strip() or "1"
    if kind == "datasource":
        return "helio"
    return asked or text(mapping(variable.get("current")).get("value"), "1")


def _of_query(variable: Json, asked: str, bucket: str) -> str:
    if "buckets()" in asked:
        return bucket
    saved = mapping(variable.get("current")).get("value")
    saved = saved[0] if isinstance(saved, list) and saved else saved
    known = isinstance(saved, str) and saved not in ("", "$__all", "All")
    plain = str(saved) if known else free_value(_tag(asked) or text(variable.get("name")))
    inner = _SLASHED.sub(r"\1", text(variable.get("regex")))
    return matching_text(inner.replace("[^]", "[^/]"), plain) if inner else plain

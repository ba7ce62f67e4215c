"""The text that Grafana's query builder makes of its parts; macros and variables are left in it.

Source: pkg/tsdb/influxdb/models/{query,query_part}.go of Grafana.
"""

from __future__ import annotations

import re
from typing import Final

from heliograph.dashboards.shape import Json, mapping, objects, text

_CAST: Final = re.compile(r"(.*)::(tag|field)")
_OLD_FIELD: Final = [[{"type": "field", "params": ["value"]}, {"type": "mean", "params": []}]]
_BARE_OPERATORS: Final = ("=~", "!~", "<", ">", ">=", "<=")


def builder_text(target: Json) -> str:
    """Return the InfluxQL of a target of the builder, empty where it names no measurement."""
    measurement = text(target.get("measurement"))
    if not measurement:
        return ""
    columns = [found for parts in _selects(target) if (found := _column(objects(parts)))]
    source, ending = _source(target, measurement), _ending(target)
    group = _group(objects(target.get("groupBy")))
    return (
        " ".join(["SELECT", ", ".join(columns) or "*", "FROM", source, "WHERE", _condition(target)])
        + group
        + ending
    )


def _selects(target: Json) -> list[object]:
    found = target.get("select")
    return found if isinstance(found, list) and found else list(_OLD_FIELD)


def quoted(name: str) -> str:
    """Return a name in double quotes; a star, and what is cast, as the builder writes them."""
    cast = _CAST.fullmatch(name)
    if name == "*" or (name.startswith("/") and name.endswith("/") and len(name) > 1):
        return name
    if cast:
        return f"{quoted(cast[1])}::{cast[2]}"
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        return name
    escaped = name.replace('"', '\\"')
    return f'"{escaped}"'


def _column(parts: list[Json]) -> str:
    shown = ""
    for part in parts:
        kind, given = text(part.get("type")), _parameters(part)
        if kind == "field":
            shown = quoted(given[0] if given else "value")
        elif kind == "math":
            shown = f"{shown} {given[0] if given else ''}".rstrip()
        elif kind == "alias":
            shown = f"{shown} AS {quoted(given[0])}" if given else shown
        elif kind:
            shown = f"{kind}({', '.join([shown, *given])})"
    return shown


def _parameters(part: Json) -> list[str]:
    given = part.get("params")
    listed = given if isinstance(given, list) else []
    return [str(one) for one in listed if isinstance(one, str | int | float) and str(one) != ""]


def _source(target: Json, measurement: str) -> str:
    policy = text(target.get("policy"))
    before = "" if policy in ("", "default") else f"{quoted(policy)}."
    is_pattern = measurement.startswith("/") and measurement.endswith("/")
    return before + (measurement if is_pattern else quoted(measurement))


def _condition(target: Json) -> str:
    terms = [_term(place, tag) for place, tag in enumerate(objects(target.get("tags"))) if tag.get("key")]
    return f"({' '.join(terms)}) AND $timeFilter" if terms else "$timeFilter"


def _term(place: int, tag: Json) -> str:
    value = tag.get("value")
    shown = value if isinstance(value, str) else "" if value is None else str(value)
    is_pattern = len(shown) > 1 and shown.startswith("/") and shown.endswith("/")
    operator = text(tag.get("operator")) or ("=~" if is_pattern else "=")
    if operator in ("Is", "Is Not"):
        operator = "=" if operator == "Is" else "!="
        shown = shown if shown in ("true", "false") or shown.isdecimal() else _string(shown)
    elif operator not in _BARE_OPERATORS:
        shown = _string(shown)
    key = quoted(text(tag.get("key")))
    before = f"{text(tag.get('condition'), 'AND').upper()} " if place else ""
    return f"{before}{key} {operator} {shown}"


def _string(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _group(parts: list[Json]) -> str:
    terms = []
    fill = ""
    for part in parts:
        kind, given = text(part.get("type")), _parameters(part)
        if kind == "time":
            interval = given[0] if given else "$__interval"
            terms.append(
                f"time({', '.join(['$__interval' if interval == 'auto' else interval, *given[1:]])})"
            )
        elif kind == "tag" and given:
            terms.append(quoted(given[0]))
        elif kind == "fill" and given:
            fill = f" fill({given[0]})"
    return f" GROUP BY {', '.join(terms)}{fill}" if terms else fill


def _ending(target: Json) -> str:
    order = text(target.get("orderByTime")).upper()
    found = f" ORDER BY time {order}" if order in ("ASC", "DESC") else ""
    for key in ("limit", "slimit"):
        value = str(target.get(key) or "").strip()
        if value and (value.isdecimal() or value.startswith(("$", "["))):
            found += f" {key} {value}"
    zone = text(target.get("tz")).strip()
    return f"{found} tz('{zone}')" if zone else found


_FLUX: Final = re.compile(
    r'\b(from|buckets)\s*\(\s*(bucket|\))|\bschema\.|^\s*import\s+"|\bv1\.\w+\s*\(', re.MULTILINE
)
"""What only Flux begins with: a source, a package, or what an older package for version 1 gives."""


def language_of(target: Json) -> str:
    """Return the language in which a target for InfluxDB asks."""
    if isinstance(target.get("rawSql"), str) and not target.get("query"):
        return "sql"
    asked = text(target.get("query"))
    if "|>" in asked or _FLUX.search(asked):
        return "flux"
    return "influxql"


def text_of(target: Json) -> str:
    """Return the text of a target: what was written by hand, else what the builder makes of its parts."""
    asked = target.get("query")
    written = asked if isinstance(asked, str) else text(mapping(asked).get("query"))
    if isinstance(target.get("rawSql"), str) and not written:
        return text(target["rawSql"])
    if written and (target.get("rawQuery") is True or not target.get("measurement")):
        return written
    return builder_text(target) or written

"""Answers of every language as Grafana's data frames: columns of one type each, times in ms."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from heliograph.query.flux.tables import Table, Tables
from heliograph.query.influxql.plan.shapes import Result, Series

TIME_SERIES: Final = "time_series"
FORMATS: Final = (TIME_SERIES, "table", "logs")
_MS: Final = 1_000_000
Frame = dict[str, Any]


def influxql_frames(results: Iterable[Result], form: str) -> list[Frame]:
    """Return the frames of InfluxQL's results: one for each series and column, or for each measurement."""
    series = [one for result in results for one in result.series]
    if form == TIME_SERIES and all(one.timed for one in series):
        return [frame for one in series for frame in _by_column(one)]
    return _as_tables(series)


def _by_column(series: Series) -> list[Frame]:
    times = [row[0] // _MS for row in series.rows]
    labels = " ".join(f"{key}: {value}" for key, value in series.tags.items())
    found = []
    for place, column in enumerate(series.columns[1:], start=1):
        values = [row[place] for row in series.rows]
        name = f"{series.name}.{column}" + (f" {{{labels}}}" if labels else "")
        found.append(
            {
                "name": name,
                "labels": series.tags,
                "meta": {"measurement": series.name, "column": column, "labels": series.tags},
                "fields": [_field("Time", times, "time"), _field(column, values) | {"labels": series.tags}],
            }
        )
    return found


def _as_tables(series: Sequence[Series]) -> list[Frame]:
    """Return the series of one measurement and of the same columns as one table, with tags as columns."""
    groups: dict[tuple[str, ...], list[Series]] = {}
    for one in series:
        groups.setdefault((one.name, *one.columns, "", *one.tags), []).append(one)
    return [_as_table(some) for some in groups.values()]


def _as_table(series: Sequence[Series]) -> Frame:
    first = series[0]
    fields = [
        _field(tag, [one.tags[tag] for one in series for _ in one.rows], "string") for tag in first.tags
    ]
    columns = []
    for place, column in enumerate(first.columns):
        values = [row[place] for one in series for row in one.rows]
        is_time = place == 0 and first.timed
        times = [value // _MS for value in values] if is_time else values
        columns.append(_field("Time" if is_time else column, times, "time" if is_time else None))
    ordered = [*columns[:1], *fields, *columns[1:]] if first.timed else [*fields, *columns]
    meta = {"measurement": first.name, "column": "", "labels": {}}
    return {"name": first.name, "labels": {}, "meta": meta, "fields": ordered}


def flux_frames(results: Mapping[str, Tables]) -> list[Frame]:
    """Return the frames of Flux's results, one for each table."""
    return [_flux_frame(table) for tables in results.values() for table in tables.tables if len(table)]


def _flux_frame(table: Table) -> Frame:
    labels = {
        name: str(value)
        for name, value in table.key.items()
        if not name.startswith("_") and value is not None
    }
    measurement = str(table.key.get("_measurement") or "")
    column = str(table.key.get("_field") or "_value")
    fields = []
    has_time = "_time" in table.columns
    for name, values in table.columns.items():
        if has_time and (name in table.key or name in ("_start", "_stop", "_measurement", "_field")):
            continue
        kind = "time" if values.type == "time" else None
        shown = [None if v is None else v // _MS for v in _whole(values.values)] if kind else values.values
        title = "Time" if name == "_time" else column if name == "_value" else name
        field = _field(title, [_plain(v) for v in shown], kind)
        fields.append(field | ({"labels": labels} if kind is None and has_time else {}))
    fields.sort(key=lambda field: field["name"] != "Time")
    named = " ".join(f"{key}: {value}" for key, value in labels.items())
    name = f"{measurement}.{column}" if measurement else column
    return {
        "name": f"{name} {{{named}}}" if named else name,
        "labels": labels if has_time else {},
        "meta": {"measurement": measurement, "column": column, "labels": labels},
        "fields": fields,
    }


def _whole(values: Iterable[Any]) -> list[Any]:
    return [value if isinstance(value, int) else None for value in values]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def sql_frames(answer: Mapping[str, Any]) -> list[Frame]:
    """Return the frame of a table that SQL gave."""
    fields = []
    for place, column in enumerate(answer["columns"]):
        values = [row[place] for row in answer["rows"]]
        is_time = str(column["type"]).upper().startswith(("TIMESTAMP", "DATE"))
        shown = [_time_ms(value) for value in values] if is_time else [_plain(value) for value in values]
        name = "Time" if is_time and column["name"] == "time" else column["name"]
        fields.append(_field(name, shown, "time" if is_time else None))
    meta: dict[str, Any] = {"measurement": "", "column": "", "labels": {}}
    return [{"name": "", "labels": {}, "meta": meta, "fields": fields}]


def _time_ms(value: object) -> int | None:
    """Return a time of DuckDB's text form in ms."""
    if not isinstance(value, str):
        return None
    shown = value.replace(" ", "T").rstrip("Z")
    before, point, rest = shown.partition(".")
    try:
        moment = dt.datetime.fromisoformat(f"{before}{point}{rest[:6]}" if point else shown)
    except ValueError:
        return None
    return round(moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp() * 1_000)


def _field(name: str, values: list[Any], kind: str | None = None) -> dict[str, Any]:
    found = kind or _kind(values)
    if found == "number":
        values = [None if isinstance(v, float) and not math.isfinite(v) else v for v in values]
    return {"name": name, "type": found, "values": values}


def _kind(values: Iterable[Any]) -> str:
    first = next((value for value in values if value is not None), 0.0)
    if isinstance(first, bool):
        return "boolean"
    return "string" if isinstance(first, str) else "number"

"""Results of InfluxQL on the wire: times as clients want them, cut into chunks, as JSON, CSV or MessagePack.

Source: influxd 1.6.7, seen.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from heliograph.api.json_text.python import plain
from heliograph.api.json_text.response import dump
from heliograph.query.influxql.numbers import plain_float
from heliograph.query.influxql.plan.shapes import Result, Series

EPOCHS: Final = {
    "ns": 1,
    "n": 1,
    "u": 1_000,
    "µ": 1_000,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_SECOND_NS: Final = 1_000_000_000
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_WHOLE_ROWS: Final = 10_000
"""A longer series of a whole answer is said to be partial, as InfluxDB puts it together from chunks."""


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is written; ``epoch`` is the unit of times in ns, 0 for dates as text."""

    epoch: int = 0
    pretty: bool = False
    chunk_rows: int = 0
    """Rows of a chunk; 0 is everything at once."""
    exact: bool = False
    """Whether numbers stay of the type that they have."""


def shown_time(time_ns: int, zone: str = "") -> str:
    """Return a time as RFC 3339 has it, with as many digits as it needs."""
    seconds, rest = divmod(time_ns, _SECOND_NS)
    moment = _EPOCH + dt.timedelta(seconds=seconds)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    if not zone:
        return f"{moment.isoformat()[:19]}{fraction}Z"
    local = moment.astimezone(ZoneInfo(zone))
    offset = local.strftime("%z")
    name = "Z" if offset == "+0000" else f"{offset[:3]}:{offset[3:5]}"
    return f"{local:%Y-%m-%dT%H:%M:%S}{fraction}{name}"


def times_of(form: Form, zone: str) -> Callable[[int], Any]:
    """Return what makes a shown time of one in ns; toward nothing, as Go divides."""
    if not form.epoch:
        return lambda time_ns: shown_time(time_ns, zone)
    unit = form.epoch
    return lambda time_ns: time_ns // unit if time_ns >= 0 else -(-time_ns // unit)


def chunks(number: int, result: Result, form: Form) -> Iterator[dict[str, Any]]:
    """Yield the JSON of a statement's result, in chunks where they are asked for."""
    show = times_of(form, result.zone)
    parts = [part for series in result.series for part in _parts(series, form.chunk_rows)]
    last: dict[str, Any] = {"error": result.error} if result.error is not None else {}
    messages: dict[str, Any] = {"messages": result.messages} if result.messages else {}
    if not form.chunk_rows or len(parts) < 2:
        shown = [
            _series(series, show, form, partial=series.timed and len(series.rows) > _WHOLE_ROWS)
            for series, _ in parts
        ]
        yield {"statement_id": number, **({"series": shown} if shown else {}), **messages, **last}
        return
    for index, (series, partial) in enumerate(parts):
        more = {"partial": True} if not series.whole and index + 1 < len(parts) else last
        yield {
            "statement_id": number,
            "series": [_series(series, show, form, partial=partial)],
            **messages,
            **more,
        }


def _parts(series: Series, rows: int) -> Iterator[tuple[Series, bool]]:
    if not rows or series.whole or len(series.rows) <= rows:
        yield series, False
        return
    for first in range(0, len(series.rows), rows):
        part = Series(
            series.name, series.tags, series.columns, series.rows[first : first + rows], series.timed
        )
        yield part, first + rows < len(series.rows)


def _series(series: Series, show: Callable[[int], Any], form: Form, *, partial: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if series.name:
        shown["name"] = series.name
    if series.tags:
        shown["tags"] = series.tags
    shown["columns"] = series.columns
    if series.rows:
        shown["values"] = shown_rows(series, show)
    if partial:
        shown["partial"] = True
    return shown


def shown_rows(series: Series, show: Callable[[int], Any]) -> list[list[Any]]:
    """Return the rows, in which times have become what is shown: each is shown once."""
    if series.timed:
        for row in series.rows:
            row[0] = show(row[0])
    return series.rows


def json_text(answer: dict[str, Any], *, pretty: bool) -> bytes:
    """Return an answer as JSON on one line, or indented; numbers are as Go writes them."""
    if pretty:
        return json.dumps(plain(answer), ensure_ascii=False, indent=4).encode() + b"\n"
    return dump(answer, whole=True) + b"\n"


def csv_text(results: Iterable[Result], form: Form) -> str:
    """Return results as CSV: name, tags and the columns, a header wherever they change."""
    lines: list[str] = []
    for result in results:
        show = times_of(form, "") if form.epoch else int
        columns: Sequence[str] | None = None
        for series in result.series:
            if series.columns != columns:
                if lines:
                    lines.append("")
                columns = series.columns
                lines.append(",".join(map(_cell, ["name", "tags", *columns])))
            tags = ",".join(f"{_escaped(k)}={_escaped(v)}" for k, v in sorted(series.tags.items()) if v)
            lines += [",".join(map(_cell, [series.name, tags, *row])) for row in shown_rows(series, show)]
    return "".join(f"{line}\n" for line in lines)


def _escaped(text: str) -> str:
    return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return plain_float(value).removesuffix(".0") if math.isfinite(value) else str(value)
    text = str(value)
    if text and (text[0] in " \t" or any(c in text for c in ',"\r\n')):
        return '"' + text.replace('"', '""') + '"'
    return text


def csv_error(message: str) -> str:
    """Return an error as CSV."""
    return f"error\n{_cell(message)}\n"


def packed(value: Any) -> bytes:
    """Return a value as MessagePack."""
    return b"".join(_pack(value))


def _pack(value: Any) -> Iterator[bytes]:
    if value is None:
        yield b"\xc0"
    elif isinstance(value, bool):
        yield b"\xc3" if value else b"\xc2"
    elif isinstance(value, int):
        yield struct.pack(">Bq", 0xD3, value) if value < 2**63 else struct.pack(">BQ", 0xCF, value)
    elif isinstance(value, float):
        yield struct.pack(">Bd", 0xCB, value)
    elif isinstance(value, str):
        data = value.encode()
        yield struct.pack(">BI", 0xDB, len(data)) + data
    elif isinstance(value, Moment):
        yield struct.pack(">BBBqi", 0xC7, 12, 5, *divmod(value.time_ns, _SECOND_NS))
    elif isinstance(value, dict):
        yield struct.pack(">BI", 0xDF, len(value))
        for key, item in value.items():
            yield from _pack(key)
            yield from _pack(item)
    else:
        yield struct.pack(">BI", 0xDD, len(value))
        for item in value:
            yield from _pack(item)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in MessagePack, where no unit was asked for."""

    time_ns: int

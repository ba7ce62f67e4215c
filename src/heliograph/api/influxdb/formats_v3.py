"""The formats of InfluxDB 3's answers, and which of them a request wants."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from starlette.requests import Request

from heliograph.api.body import read_json
from heliograph.errors import QueryError

PARQUET: Final = "parquet"
MEDIA_TYPES: Final = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "pretty": "text/plain; charset=utf-8",
    PARQUET: "application/vnd.apache.parquet",
}
_Names = list[str]
_Rows = list[list[Any]]


async def parameters_of(request: Request) -> Mapping[str, Any]:
    """Return what a request asks: the JSON object of a POST, or the parameters of the address."""
    return await read_json(request) if request.method == "POST" else dict(request.query_params)


def format_of(asked: Mapping[str, Any], request: Request) -> str:
    """Return the format that a request names, by ``format`` or else ``Accept``.

    Raises:
        QueryError: there is no such format.
    """
    format_ = asked.get("format") or _accepted(request.headers.get("accept", ""))
    if format_ not in MEDIA_TYPES:
        raise QueryError(f"format must be one of {', '.join(MEDIA_TYPES)}; {format_!r} came")
    return str(format_)


def _accepted(accept: str) -> str:
    for wish in accept.split(","):
        media_type = wish.partition(";")[0].strip().lower()
        for format_, known in MEDIA_TYPES.items():
            if media_type == known.partition(";")[0]:
                return format_
    return "json"


def params_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values for ``$name`` in the statement, which GET has as JSON text.

    Raises:
        QueryError: they are no such values.
    """
    params = asked.get("params")
    if isinstance(params, str):
        try:
            params = json.loads(params)
        except (ValueError, RecursionError) as error:
            raise QueryError(f"params must be a JSON object: {error}") from error
    simple = isinstance(params, dict) and all(
        value is None or isinstance(value, bool | int | float | str) for value in params.values()
    )
    if params is not None and not simple:
        raise QueryError("params must be a JSON object of texts, numbers, true, false and null")
    return params or {}


def rendered(format_: str, names: _Names, rows: _Rows) -> str:
    """Return rows as text."""
    return _RENDER[format_](names, rows)


def arrow_time(text: str) -> str:
    """Return a time as InfluxDB 3 writes it: no zone, and 0, 3, 6 or 9 digits of a second."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    fraction = fraction.rstrip("0")
    digits = -(-len(fraction) // 3) * 3
    return f"{whole}.{fraction:0<{digits}}" if digits else whole


def _objects(names: _Names, rows: _Rows) -> Iterator[str]:
    """Yield a JSON object for each row, without what is null."""
    for row in rows:
        found = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        yield json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _csv(names: _Names, rows: _Rows) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_word(value) for value in row] for row in rows)
    return text.getvalue()


def _pretty(names: _Names, rows: _Rows) -> str:
    cells = [names, *([_word(value) for value in row] for row in rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(names))]
    rule = "+".join(["", *("-" * (width + 2) for width in widths), ""])
    lines = [
        "|".join(["", *(f" {cell:<{width}} " for cell, width in zip(row, widths, strict=True)), ""])
        for row in cells
    ]
    return "\n".join([rule, lines[0], rule, *lines[1:], *([rule] if rows else [])])


def _word(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


_RENDER: Final[dict[str, Callable[[_Names, _Rows], str]]] = {
    "json": lambda names, rows: f"[{','.join(_objects(names, rows))}]",
    "jsonl": lambda names, rows: "".join(f"{line}\n" for line in _objects(names, rows)),
    "csv": _csv,
    "pretty": _pretty,
}

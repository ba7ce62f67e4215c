"""``/api/v3/query_sql``: a user's SELECT, answered in the formats of InfluxDB 3."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from heliograph.api.auth import caller_of
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v3
from heliograph.api.identity.rights import Action
from heliograph.api.services import services
from heliograph.errors import QueryError

_PARQUET: Final = "parquet"
_TYPES: Final = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "pretty": "text/plain; charset=utf-8",
    _PARQUET: "application/vnd.apache.parquet",
}
_Names = list[str]
_Rows = list[list[Any]]


@speaks_v3
async def query_sql(request: Request) -> Response:
    """``GET`` and ``POST /api/v3/query_sql`` with ``db``, ``q``, ``format`` and ``params``."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    asked = await read_json(request) if request.method == "POST" else dict(request.query_params)
    bucket, sql = _text(asked, "db"), _text(asked, "q")
    hub.identities.require(caller, Action.READ, bucket)
    parameters = _parameters(asked.get("params"))
    format_ = asked.get("format") or _accepted(request.headers.get("accept", ""))
    if format_ not in _TYPES:
        raise QueryError(f"format must be one of {', '.join(_TYPES)}; {format_!r} came")
    if format_ == _PARQUET:
        body: bytes | str = await hub.user_sql.parquet(bucket, sql, parameters)
    else:
        body = _rendered(format_, await hub.user_sql.run(bucket, sql, parameters))
    return Response(body, media_type=_TYPES[format_])


def _text(asked: dict[str, Any], key: str) -> str:
    value = asked.get(key)
    if not isinstance(value, str) or not value:
        raise QueryError(f"{key} is missing; expected db, the bucket, and q, one SELECT")
    return value


def _parameters(params: Any) -> dict[str, Any]:
    """Return the values for ``$name`` in the statement, which GET has as JSON text."""
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


def _accepted(accept: str) -> str:
    """Return the format that a request's ``Accept`` names first."""
    for wish in accept.split(","):
        media_type = wish.partition(";")[0].strip().lower()
        for format_, known in _TYPES.items():
            if media_type == known.partition(";")[0]:
                return format_
    return "json"


def _rendered(format_: str, answer: dict[str, Any]) -> str:
    names = [column["name"] for column in answer["columns"]]
    timed = [n for n, column in enumerate(answer["columns"]) if _is_local_time(column["type"])]
    rows: _Rows = answer["rows"]
    for row in rows:
        for n in timed:
            row[n] = None if row[n] is None else arrow_time(row[n])
    render: dict[str, Callable[[_Names, _Rows], str]] = {
        "json": lambda names, rows: f"[{','.join(_objects(names, rows))}]",
        "jsonl": lambda names, rows: "".join(f"{line}\n" for line in _objects(names, rows)),
        "csv": _csv,
        "pretty": _pretty,
    }
    return render[format_](names, rows)


def _is_local_time(type_: str) -> bool:
    return type_.startswith("TIMESTAMP") and "ZONE" not in type_


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

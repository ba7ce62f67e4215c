"""``/api/schema``, ``devices``, ``query``, ``sql`` and ``live``: what the page and our commands ask."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

from heliograph.api.auth import caller_of, require_bucket
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import origin_allowed
from heliograph.api.identity.rights import Action
from heliograph.api.services import services
from heliograph.errors import AuthError, Error, QueryError
from heliograph.model.point import SeriesKey
from heliograph.query.plan import (
    ALL,
    Aggregate,
    Columns,
    Comparison,
    Condition,
    Rows,
    Select,
    SelectRows,
    check_range,
)
from heliograph.store.catalogue import DEFAULT_BUCKET

MAX_QUERIES: Final = 64
MAX_PAGES: Final = 200
DEVICE_TAG: Final = "host"
_POINTS: Final = "points"
"""The ``fn`` that leaves points as they are."""
_COMPARISONS: Final = tuple(comparison.value for comparison in Comparison)
_CLOSE_UNAUTHORIZED: Final = 4401
_CLOSE_REFUSED: Final = 1008
_MS: Final = 1_000_000


@speaks_v2
async def schema(request: Request) -> Response:
    """``GET /api/schema``: the measurements of a bucket with their tags and fields."""
    hub = services(request)
    bucket = request.query_params.get("bucket", DEFAULT_BUCKET)
    require_bucket(request, hub.identities, Action.READ, bucket)
    with hub.store.reading() as catalogue:
        measurements = [
            {
                "name": m.name,
                "tags": sorted(m.tags),
                "fields": {name: t.value for name, (_, t) in sorted(m.fields.items())},
                "last_ms": max(catalogue.series.get((bucket, m.name), {}).values(), default=0) // _MS,
            }
            for m in sorted(catalogue.bucket(bucket).values(), key=lambda m: m.name)
            if (bucket, m.name) in catalogue.series  # others have no point, or none any more
        ]
    return JSONResponse({"bucket": bucket, "measurements": measurements})


@speaks_v2
async def devices(request: Request) -> Response:
    """``GET /api/devices``: who sent points to a bucket, by the tag ``host``."""
    hub = services(request)
    bucket = request.query_params.get("bucket", DEFAULT_BUCKET)
    require_bucket(request, hub.identities, Action.READ, bucket)
    found: dict[str, tuple[int, set[str]]] = {}
    with hub.store.reading() as catalogue:
        for name in catalogue.bucket(bucket):
            for key, last_ns in catalogue.series.get((bucket, name), {}).items():
                host = _tag(key, DEVICE_TAG)
                latest, measurements = found.get(host, (last_ns, set()))
                measurements.add(name)
                found[host] = (max(latest, last_ns), measurements)
    return JSONResponse(
        {
            "devices": [
                {
                    "name": host,
                    "tag": DEVICE_TAG if host else None,
                    "last_ms": last_ns // _MS,
                    "measurements": sorted(measurements),
                }
                for host, (last_ns, measurements) in sorted(found.items(), key=lambda d: (not d[0], d[0]))
            ]
        }
    )


def _tag(key: SeriesKey, name: str) -> str:
    return next((value for tag, value in key if tag == name), "")


@speaks_v2
async def query(request: Request) -> Response:
    """``POST /api/query``: several plans over one range; each answers or fails by itself."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    asked = await read_json(request)
    bucket = _expect(asked, "bucket", str, DEFAULT_BUCKET)
    hub.identities.require(caller, Action.READ, bucket)
    queries = _expect(asked, "queries", list)
    if not 1 <= len(queries) <= MAX_QUERIES:
        raise QueryError(f"queries must hold 1 to {MAX_QUERIES} entries, {len(queries)} came")
    span = _Span(*(_expect(asked, key, int) * _MS for key in ("start_ms", "end_ms", "interval_ms")))
    check_range(*span)
    results: list[dict[str, Any]] = []
    for entry in queries:
        if not isinstance(entry, dict):
            raise QueryError("each entry of queries must be an object")
        answer: dict[str, Any] = {"id": str(entry.get("id", ""))}
        try:
            if entry.get("fn") == _POINTS:
                answer |= _points(await hub.engine.rows(_rows_plan(bucket, span, entry)))
            else:
                answer |= _columns(await hub.engine.select(_plan(bucket, span, entry)))
        except Error as error:
            answer["error"] = str(error)
        results.append(answer)
    return JSONResponse({"results": results})


class _Span(NamedTuple):
    start_ns: int
    end_ns: int
    interval_ns: int


def _plan(bucket: str, span: _Span, entry: dict[str, Any]) -> Select:
    where = _expect(entry, "where", dict, {})
    function = _expect(entry, "fn", str, Aggregate.MEAN.value)
    names = [a.value for a in Aggregate]
    if function not in names:
        raise QueryError(f"fn must be one of {', '.join([*names, _POINTS])}; {function!r} came")
    return Select(
        bucket=bucket,
        measurement=_expect(entry, "measurement", str),
        fields=_words(entry, "fields"),
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        interval_ns=span.interval_ns,
        aggregate=Aggregate(function),
        rate=_expect(entry, "rate", bool, default=False),
        where={str(tag): _words(where, tag) for tag in where},
        group_by=_words(entry, "group_by"),
        conditions=_conditions(entry),
        limit=_expect(entry, "limit", int, 0) or None,
        newest=_expect(entry, "newest", bool, default=False),
    )


def _rows_plan(bucket: str, span: _Span, entry: dict[str, Any]) -> SelectRows:
    where = _expect(entry, "where", dict, {})
    return SelectRows(
        bucket=bucket,
        measurement=_expect(entry, "measurement", str),
        fields=_words(entry, "fields"),
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        where={str(tag): _words(where, tag) for tag in where},
        tags=_words(entry, "group_by"),
        conditions=_conditions(entry),
        limit=_expect(entry, "limit", int, ALL),
        newest=_expect(entry, "newest", bool, default=False),
    )


def _conditions(entry: dict[str, Any]) -> tuple[Condition, ...]:
    found = []
    for condition in _expect(entry, "conditions", list, []):
        match condition:
            case [str(name), str(comparison), int() | float() as number] if comparison in _COMPARISONS:
                found.append(Condition(name, Comparison(comparison), float(number)))
            case _:
                raise QueryError(
                    f"a condition must be [field, comparison, number] with one of {' '.join(_COMPARISONS)};"
                    f" {condition!r} came"
                )
    return tuple(found)


def _expect(source: dict[str, Any], key: str, kind: type, default: Any = None) -> Any:
    value = source.get(key, default)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise QueryError(f"{key} must be of type {kind.__name__}, {value!r} came")
    if isinstance(value, int) and abs(value) > 2**63 // _MS:
        raise QueryError(f"{key} is outside the range of times")
    return value


def _words(source: dict[str, Any], key: str) -> tuple[str, ...]:
    words = _expect(source, key, list, [])
    if not all(isinstance(word, str) for word in words):
        raise QueryError(f"{key} must hold strings")
    return tuple(words)


def _columns(columns: Columns) -> dict[str, Any]:
    return {
        "time_ms": [time_ns // _MS for time_ns in columns.times_ns],
        "series": [{"field": s.field, "tags": s.tags, "values": _finite(s.values)} for s in columns.series],
    }


def _points(rows: Rows) -> dict[str, Any]:
    """Return points as JSON; no stored number is one that JSON lacks."""
    return {
        "time_ms": [time_ns // _MS for time_ns in rows.times_ns],
        "tags": rows.tags,
        "fields": rows.fields,
        "truncated": rows.truncated,
    }


def _finite(values: list[Any]) -> list[Any]:
    """JSON has no NaN and no infinity; a sum of large numbers can give one."""
    return [None if isinstance(v, float) and v - v != 0 else v for v in values]


@speaks_v2
async def sql(request: Request) -> Response:
    """``POST /api/sql`` with ``{"sql": "SELECT …", "bucket": …}``: a user's SELECT, in a sandbox."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    asked = await read_json(request)
    bucket = _expect(asked, "bucket", str, DEFAULT_BUCKET)
    hub.identities.require(caller, Action.READ, bucket)
    return JSONResponse(await hub.user_sql.run(bucket, _expect(asked, "sql", str)))


async def live(socket: WebSocket) -> None:
    """``/api/live``: a WebSocket that says what became visible (see :mod:`heliograph.api.live`)."""
    hub = services(socket)
    await socket.accept()
    if not origin_allowed(socket) or hub.feed.pages >= MAX_PAGES:
        await socket.close(_CLOSE_REFUSED, "not from this origin, or too many pages")
        return
    bucket = socket.query_params.get("bucket", DEFAULT_BUCKET)
    try:
        require_bucket(socket, hub.identities, Action.READ, bucket)
    except AuthError:
        await socket.close(_CLOSE_UNAUTHORIZED, "log in first")
        return
    await hub.feed.serve(socket, bucket)

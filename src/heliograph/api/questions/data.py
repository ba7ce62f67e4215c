"""``/api/schema``, ``devices``, ``query``, ``sql`` and ``live``: what the page and our commands ask."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

from heliograph.api.auth import caller_of, require_bucket, require_operator
from heliograph.api.body import read_json
from heliograph.api.departure import unless_gone
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import origin_allowed
from heliograph.api.identity.rights import Action
from heliograph.api.json_text.response import NumbersResponse
from heliograph.api.questions.plans import MS, POINTS, Span, columns, expect, plan, points, rows_plan
from heliograph.api.questions.software import SOFTWARE, Software
from heliograph.api.services import Services, services
from heliograph.api.topics.window import Topics
from heliograph.errors import AuthError, Error, QueryError
from heliograph.model.point import SeriesKey
from heliograph.query.plan import check_range
from heliograph.query.series import measurements_of, series_of
from heliograph.store.catalogue import DEFAULT_BUCKET
from heliograph.store.store import Store

MAX_QUERIES: Final = 64
_AT_ONCE: Final = 4
"""Queries of one request; the others wait for their turn."""
MAX_PAGES: Final = 200
DEVICE_TAG: Final = "host"
_CLOSE_UNAUTHORIZED: Final = 4401
_CLOSE_REFUSED: Final = 1008


@speaks_v2
async def schema(request: Request) -> Response:
    """``GET /api/schema``: the measurements of a bucket with their tags and fields."""
    hub = services(request)
    bucket = request.query_params.get("bucket", DEFAULT_BUCKET)
    require_bucket(request, hub.identities, Action.READ, bucket)
    return await asyncio.to_thread(_schema, hub.store, bucket)


def _schema(store: Store, bucket: str) -> Response:
    return JSONResponse(
        {
            "bucket": bucket,
            "measurements": [
                {
                    "name": known.name,
                    "tags": sorted(known.tags),
                    "fields": {name: type_.value for name, (_, type_) in sorted(known.fields.items())},
                    "last_ms": last_ns // MS,
                }
                for known, last_ns in measurements_of(store, bucket)
            ],
        }
    )


@speaks_v2
async def devices(request: Request) -> Response:
    """``GET /api/devices``: who sent points to a bucket, by the tag ``host``, and with which versions."""
    hub = services(request)
    bucket = request.query_params.get("bucket", DEFAULT_BUCKET)
    require_bucket(request, hub.identities, Action.READ, bucket)
    return await asyncio.to_thread(_devices, hub.store, bucket)


def _devices(store: Store, bucket: str) -> Response:
    found: dict[str, tuple[int, set[str]]] = {}
    software = Software()
    for name, key, last_ns in series_of(store, bucket, None, {}):
        host = _tag(key, DEVICE_TAG)
        if name == SOFTWARE:
            software.note(host, _tag(key, "name"), _tag(key, "version"), last_ns)
        latest, measurements = found.get(host, (last_ns, set()))
        measurements.add(name)
        found[host] = (max(latest, last_ns), measurements)
    return JSONResponse(
        {
            "devices": [
                {
                    "name": host,
                    "tag": DEVICE_TAG if host else None,
                    "last_ms": last_ns // MS,
                    "measurements": sorted(measurements),
                    "software": software.of(host, last_ns),
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
    bucket = expect(asked, "bucket", str, DEFAULT_BUCKET)
    hub.identities.require(caller, Action.READ, bucket)
    queries = expect(asked, "queries", list)
    if not 1 <= len(queries) <= MAX_QUERIES:
        raise QueryError(f"queries must hold 1 to {MAX_QUERIES} entries, {len(queries)} came")
    span = Span(*(expect(asked, key, int) * MS for key in ("start_ms", "end_ms", "interval_ms")))
    check_range(*span)
    if not all(isinstance(entry, dict) for entry in queries):
        raise QueryError("each entry of queries must be an object")
    results: list[dict[str, Any]] = [{"id": str(entry.get("id", ""))} for entry in queries]
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(place: int) -> None:
        async with turns:
            results[place] |= await _planned(hub, bucket, span, queries[place])

    async with asyncio.TaskGroup() as group:
        for place in range(len(queries)):
            group.create_task(one(place))
    return NumbersResponse({"results": results})


async def _planned(hub: Services, bucket: str, span: Span, entry: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one plan, or why there is none."""
    try:
        if entry.get("fn") == POINTS:
            return points(await hub.engine.rows(rows_plan(bucket, span, entry)))
        return columns(await hub.engine.select(plan(bucket, span, entry)))
    except Error as error:
        return {"error": str(error)}


@speaks_v2
async def sql(request: Request) -> Response:
    """``POST /api/sql`` with ``{"sql": "SELECT …", "bucket": …}``: a user's SELECT, in a sandbox."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    asked = await read_json(request)
    bucket = expect(asked, "bucket", str, DEFAULT_BUCKET)
    hub.identities.require(caller, Action.READ, bucket)
    answer = hub.user_sql.run(bucket, expect(asked, "sql", str))
    return JSONResponse(await unless_gone(request, answer))


async def live(socket: WebSocket) -> None:
    """``/api/live``: a WebSocket that says what became visible (see :mod:`heliograph.api.live`)."""
    hub = services(socket)
    await socket.accept()
    if not origin_allowed(socket) or hub.feed.pages >= MAX_PAGES:
        await socket.close(_CLOSE_REFUSED, "not from this origin, or too many pages")
        return
    bucket = socket.query_params.get("bucket", DEFAULT_BUCKET)

    def allowed() -> bool:
        try:
            require_bucket(socket, hub.identities, Action.READ, bucket)
        except AuthError:
            return False
        return True

    if allowed():
        await hub.feed.serve(socket, bucket, allowed, lambda: _topics(socket, hub))
    else:
        await socket.close(_CLOSE_UNAUTHORIZED, "log in first")


def _topics(socket: WebSocket, hub: Services) -> Topics | None:
    """Return the topics for who may see those of everybody."""
    try:
        require_operator(socket, hub.identities)
    except AuthError:
        return None
    return hub.topics

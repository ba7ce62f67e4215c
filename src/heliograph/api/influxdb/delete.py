"""``POST /api/v2/delete`` and ``POST /api/delete``: deleting points by measurement, tags and time.

Source: InfluxDB 2.x, "Delete data from InfluxDB"; both ends of its range are included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import caller_of, require_operator
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_influx_v2, speaks_v2, v2_error
from heliograph.api.guard import require_own_origin
from heliograph.api.identity.rights import Action
from heliograph.api.services import services
from heliograph.codec.predicate import parse_predicate
from heliograph.errors import QueryError
from heliograph.model.predicate import Predicate
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS, SECOND_NS
from heliograph.store.catalogue import DEFAULT_BUCKET

_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)

_EXPECTED: Final = "invalid request; {} must be an RFC 3339 time such as 2026-11-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class _Asked:
    predicate: Predicate
    start_ns: int
    end_ns: int
    """Exclusive."""


@speaks_influx_v2
async def delete_v2(request: Request) -> Response:
    """``POST /api/v2/delete?bucket=…[&org=…]`` with ``{"start", "stop", "predicate"}``, as InfluxDB 2.x."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    require_own_origin(request)
    asked_for = request.query_params.get("bucket") or request.query_params.get("bucketID", "")
    if not asked_for:
        return v2_error(400, "Please provide either bucketID or bucket")
    bucket = hub.directory.bucket_name(asked_for)
    hub.identities.require(caller, Action.WRITE, bucket, asked_for)
    body = await read_json(request)
    for key in ("start", "stop"):
        if not body.get(key):
            raise QueryError(f"{_EXPECTED.format(key)}, none came")
    asked = _asked(body)
    await hub.deletes.delete(bucket, asked.predicate, asked.start_ns, asked.end_ns)
    return Response(status_code=204)


@speaks_v2
async def delete(request: Request) -> Response:
    """``POST /api/delete``: the same with ``bucket`` in the body; the range may be open.

    The answer is the number of points; with ``"count_only": true`` nothing else happens.
    """
    hub = services(request)
    require_operator(request, hub.identities)
    require_own_origin(request)
    body = await read_json(request)
    bucket = body.get("bucket", DEFAULT_BUCKET)
    if not isinstance(bucket, str):
        raise QueryError(f"bucket must be a text, {bucket!r} came")
    asked = _asked(body)
    points = await hub.engine.count(bucket, asked.predicate, asked.start_ns, asked.end_ns)
    if body.get("count_only") is not True:
        await hub.deletes.delete(bucket, asked.predicate, asked.start_ns, asked.end_ns)
    return JSONResponse({"points": points})


def _asked(body: dict[str, Any]) -> _Asked:
    text = body.get("predicate") or ""
    if not isinstance(text, str):
        raise QueryError(f"predicate must be a text, {text!r} came")
    start_ns = _time_ns(body, "start", MIN_TIME_NS)
    stop_ns = _time_ns(body, "stop", MAX_TIME_NS)
    if stop_ns < start_ns:
        raise QueryError("the range is empty: stop must not be before start")
    return _Asked(parse_predicate(text), start_ns, stop_ns + 1)


def _time_ns(body: dict[str, Any], key: str, default: int) -> int:
    """Return a time of the body in ns, cut to the range that points may have."""
    value = body.get(key)
    if value is None:
        return default
    found = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise QueryError(f"{_EXPECTED.format(key)}, {value!r} came")
    date, clock, fraction, zone = found.groups()
    try:
        seconds = datetime.fromisoformat(f"{date}T{clock}{zone.upper()}").timestamp()
    except (ValueError, OverflowError) as error:
        raise QueryError(f"{_EXPECTED.format(key)}, {value!r} came: {error}") from error
    time_ns = int(seconds) * SECOND_NS + int((fraction or "").ljust(9, "0"))
    return max(MIN_TIME_NS, min(time_ns, MAX_TIME_NS))

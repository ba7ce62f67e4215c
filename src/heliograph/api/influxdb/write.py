"""``POST /write`` and ``POST /api/v2/write``: line protocol in, durable when answered.

Source: COMPAT.md's transcripts of influxd 1.6.7 and the v2 API's documentation, condensed in docs/http.md.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from heliograph.api.auth import caller_of, caller_of_v1
from heliograph.api.errors import speaks_influx_v2, speaks_v1, v1_error, v2_error
from heliograph.api.health import VERSION
from heliograph.api.identity.rights import Action
from heliograph.api.services import Services, WriteRequest, WriteResult, services
from heliograph.errors import BucketNotFound, QueryError
from heliograph.model.time import Precision

_V1_PRECISION: Final = {
    "n": Precision.NS,
    "ns": Precision.NS,
    "u": Precision.US,
    "us": Precision.US,
    "ms": Precision.MS,
    "s": Precision.S,
    "m": Precision.MINUTE,
    "h": Precision.HOUR,
}
_V2_PRECISION: Final = {k: _V1_PRECISION[k] for k in ("ns", "us", "ms", "s")}
_SHOWN_ERRORS: Final = 10
_CONSISTENCIES: Final = ("", "any", "one", "quorum", "all")


@speaks_v1
async def write_v1(request: Request) -> Response:
    """``POST /write?db=…[&rp=…][&precision=…]`` of InfluxDB 1.x."""
    response = await _write_v1(request)
    response.headers.update(VERSION)
    return response


async def _write_v1(request: Request) -> Response:
    hub = services(request)
    caller = await caller_of_v1(request, hub.identities)
    database = request.query_params.get("db", "")
    if not database:
        return v1_error(400, "database is required")
    if request.query_params.get("consistency", "").lower() not in _CONSISTENCIES:
        return v1_error(400, "invalid consistency level")
    policy = request.query_params.get("rp", "")
    databases = hub.influxql.databases
    place = databases.known_place(database, policy)
    place = place or await asyncio.to_thread(databases.place, database, policy)
    bucket = place or hub.directory.database(database, policy)
    hub.identities.require(caller, Action.WRITE, bucket)
    # an unknown precision means nanoseconds there
    precision = _V1_PRECISION.get(request.query_params.get("precision", ""), Precision.NS)
    try:
        result = await _write(request, hub, bucket, precision)
    except BucketNotFound:
        return _no_database(hub, database, request.query_params.get("rp", ""))
    if not result.error_count and not result.dropped:
        return Response(status_code=204)
    told = [
        error.reason
        if error.conflict
        else f"unable to parse '{error.excerpt}': {error.reason} (line {error.line}, column {error.column})"
        for error in result.errors[:_SHOWN_ERRORS]
    ]
    dropped = sum(error.conflict for error in result.errors) + sum(result.dropped.values())
    text = "\n".join([*told, *_more(result), *result.dropped])
    partial = bool(result.points or dropped)
    return v1_error(400, f"partial write: {text} dropped={dropped}" if partial else text)


@speaks_influx_v2
async def write_v2(request: Request) -> Response:
    """``POST /api/v2/write?bucket=…[&org=…][&precision=…]`` of InfluxDB 2.x."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    asked = request.query_params.get("bucket", "")
    bucket = hub.directory.bucket_name(asked)
    if not bucket:
        return v2_error(404, "bucket not found: the parameter bucket is missing")
    hub.identities.require(caller, Action.WRITE, bucket, asked)
    unit = request.query_params.get("precision", "ns")
    if unit not in _V2_PRECISION:
        raise QueryError(f"invalid precision {unit!r}; valid precision units are ns, us, ms, and s")
    result = await _write(request, hub, bucket, _V2_PRECISION[unit])
    if not result.error_count and not result.dropped:
        return Response(status_code=204)
    kept = f"; {result.points} points were written" if result.points else ""
    told = [
        f"line {e.line}, column {e.column}: {e.reason}" + ("" if e.conflict else f" in '{e.excerpt}'")
        for e in result.errors[:_SHOWN_ERRORS]
    ]
    dropped = [f"{reason} dropped={points}" for reason, points in result.dropped.items()]
    text = "; ".join([*told, *_more(result), *dropped])
    first = result.errors[0] if result.errors else None
    place = {} if first is None else {"line": first.line, "column": first.column}
    if first is None or first.conflict:
        message = f"failure writing points to database: partial write: {text}{kept}"
        return v2_error(422, message, **place)
    return v2_error(400, f"partial write: {text}{kept}", **place)


def _no_database(hub: Services, database: str, policy: str) -> Response:
    """Telegraf looks for these words: after the first it asks to create the database."""
    if policy and hub.directory.exists(hub.directory.database(database)):
        return v1_error(500, f"retention policy not found: {policy}")
    return v1_error(404, f'database not found: "{database}"')


def _more(result: WriteResult) -> list[str]:
    rest = result.error_count - min(len(result.errors), _SHOWN_ERRORS)
    return [f"and {rest} more"] if rest else []


async def _write(request: Request, hub: Services, bucket: str, precision: Precision) -> WriteResult:
    async with hub.bodies.read(request) as (body, packed):
        return await hub.intake.write(WriteRequest(bucket, body, packed, precision))

"""``POST /api/v3/write_lp``: line protocol as InfluxDB 3 takes it."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from heliograph.api.auth import caller_of
from heliograph.api.buckets import check_name
from heliograph.api.errors import speaks_v3, v3_error
from heliograph.api.identity.identities import Caller
from heliograph.api.identity.rights import BUCKETS, Action
from heliograph.api.services import Services, WriteRequest, WriteResult, services
from heliograph.errors import BucketExists, QueryError
from heliograph.model.time import Precision
from heliograph.store.retention import FOREVER
from heliograph.store.rollups.summary import RAW

_PRECISIONS: Final = {
    "nanosecond": Precision.NS,
    "microsecond": Precision.US,
    "millisecond": Precision.MS,
    "second": Precision.S,
    "ns": Precision.NS,
    "us": Precision.US,
    "ms": Precision.MS,
    "s": Precision.S,
}
_FLAGS: Final = {"": None, "true": True, "false": False}
_TIME_AT_THE_END: Final = re.compile(rb"^(?![ \t]*#).*[ \t]-?(\d{1,20})[ \t\r]*$", re.MULTILINE)
_FEWEST: Final = ((Precision.S, 5 * 10**9), (Precision.MS, 5 * 10**12), (Precision.US, 5 * 10**15))
"""Below which number a time is in which unit. Source: InfluxDB 3's documentation of ``precision=auto``."""


@speaks_v3
async def write_lp(request: Request) -> Response:
    """``POST /api/v3/write_lp?db=…[&precision=…][&accept_partial=…][&no_sync=…]``.

    A database that is not there is made, for who may write all of them.
    """
    hub = services(request)
    caller = caller_of(request, hub.identities)
    bucket = request.query_params.get("db", "")
    if not bucket:
        raise QueryError("the parameter db is missing")
    hub.identities.require(caller, Action.WRITE, bucket)
    partial = _flag(request, "accept_partial", default=True)
    _flag(request, "no_sync", default=False)  # every answer means that points are on disk
    unit = request.query_params.get("precision", "") or "auto"
    if unit != "auto" and unit not in _PRECISIONS:
        raise QueryError(f"precision must be auto, {', '.join(list(_PRECISIONS)[:4])}; {unit!r} came")
    async with hub.bodies.read(request) as (body, packed):
        precision = _PRECISIONS.get(unit)
        if precision is None:
            precision = await asyncio.to_thread(guess_precision, body)
        await _make_missing(hub, caller, bucket)
        result = await hub.intake.write(WriteRequest(bucket, body, packed, precision, whole=not partial))
    if not result.error_count and not result.dropped:
        return Response(status_code=204)
    return _refusal(result, partial=partial)


def guess_precision(body: bytes) -> Precision:
    """Return the unit of a batch's times, told by how large they are; nanoseconds where there are none.

    Raises:
        QueryError: they are not all of one unit.
    """
    found: Precision | None = None
    for match in _TIME_AT_THE_END.finditer(body):
        number = int(match[1])
        unit = next((unit for unit, fewest in _FEWEST if number < fewest), Precision.NS)
        if found is not None and unit is not found:
            raise QueryError(
                "the times of this batch seem to be of several units; tell the one by precision="
                f"{', '.join(list(_PRECISIONS)[:4])}"
            )
        found = unit
    return found or Precision.NS


async def _make_missing(hub: Services, caller: Caller, bucket: str) -> None:
    if hub.directory.exists(bucket) or not caller.may(Action.WRITE, BUCKETS):
        return
    try:
        await hub.buckets.create(check_name(bucket), {RAW: FOREVER})
    except BucketExists:
        return  # by another writer, in this moment


def _flag(request: Request, name: str, *, default: bool) -> bool:
    text = request.query_params.get(name, "")
    if text not in _FLAGS:
        raise QueryError(f"{name} must be true or false, {text!r} came")
    value = _FLAGS[text]
    return default if value is None else value


def _refusal(result: WriteResult, *, partial: bool) -> Response:
    lines: list[dict[str, str | int]] = [
        {"original_line": e.excerpt, "line_number": e.line, "error_message": e.reason} for e in result.errors
    ]
    lines += [
        {"original_line": "", "line_number": 0, "error_message": f"{reason} dropped={points}"}
        for reason, points in result.dropped.items()
    ]
    if partial:
        return v3_error(400, "partial write of line protocol occurred", data=lines)
    return v3_error(400, "parsing failed for write_lp endpoint", data=lines[0])

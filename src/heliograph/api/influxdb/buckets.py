"""``/api/v2/buckets``: the same buckets as ``/api/buckets``, in InfluxDB 2.x's form."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import caller_of
from heliograph.api.body import read_json
from heliograph.api.buckets import LONGEST_SECONDS, SHORTEST_SECONDS, check_name
from heliograph.api.errors import speaks_influx_v2
from heliograph.api.identity.identities import Caller
from heliograph.api.identity.ids import ORGANIZATION_ID
from heliograph.api.identity.rights import BUCKETS, Action
from heliograph.api.influxdb.directory import BucketEntry
from heliograph.api.influxdb.shapes import (
    DEFAULT_PAGE,
    LARGEST_PAGE,
    ROOT,
    page_links,
    rfc3339,
    text_of,
    whole_number,
)
from heliograph.api.services import Services, services
from heliograph.errors import Forbidden, NotFound, NotPossible, QueryError
from heliograph.model.time import DAY_NS, SECOND_NS
from heliograph.store.retention import FOREVER, WHOLE_BUCKET
from heliograph.store.rollups.summary import RAW

_PATH: Final = f"{ROOT}/buckets"
_MANY: Final = 2**31


@speaks_influx_v2
async def list_all(request: Request) -> Response:
    """``GET /api/v2/buckets``: those that the caller may read or write, page by page."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    limit = whole_number(request, "limit", DEFAULT_PAGE, 1, LARGEST_PAGE)
    offset = whole_number(request, "offset", 0, 0, _MANY)
    asked = {name: request.query_params[name] for name in ("name", "id") if name in request.query_params}
    entries = [
        entry
        for entry in hub.directory.buckets()
        if _sees(caller, entry) and all(getattr(entry, key) == value for key, value in asked.items())
    ]
    after = request.query_params.get("after")
    if after:
        offset = next((n + 1 for n, entry in enumerate(entries) if entry.id == after), len(entries))
    page = entries[offset : offset + limit]
    keeps = await _keeps(hub)
    links = page_links(_PATH, asked, offset, limit, more=offset + limit < len(entries))
    return JSONResponse({"links": links, "buckets": [_json(hub, entry, keeps) for entry in page]})


@speaks_influx_v2
async def create(request: Request) -> Response:
    """``POST /api/v2/buckets`` with ``{"name": …, "retentionRules": […]}``; without rules it keeps all."""
    hub = services(request)
    _require_all(caller_of(request, hub.identities))
    asked = await read_json(request)
    name = check_name(asked.get("name"))
    description = text_of(asked, "description", "")
    keep_ns = keep_of(asked.get("retentionRules"))
    await hub.buckets.create(name, {RAW: FOREVER if keep_ns is None else keep_ns})
    await asyncio.to_thread(hub.directory.set_note, _entry(hub, name).id, description)
    return JSONResponse(await bucket_by_name(hub, name), 201)


@speaks_influx_v2
async def get(request: Request) -> Response:
    """``GET /api/v2/buckets/{id}``."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    entry = hub.directory.bucket(request.path_params["id"])
    if not _sees(caller, entry):
        raise NotFound("bucket", entry.id)
    return JSONResponse(_json(hub, entry, await _keeps(hub)))


@speaks_influx_v2
async def change(request: Request) -> Response:
    """``PATCH /api/v2/buckets/{id}`` with ``{"retentionRules": […], "description": …}``."""
    hub = services(request)
    _require_all(caller_of(request, hub.identities))
    entry = hub.directory.bucket(request.path_params["id"])
    asked = await read_json(request)
    if text_of(asked, "name", entry.name) != entry.name:
        raise NotPossible(f'bucket "{entry.name}" cannot be renamed; make a new one and copy its points')
    description = text_of(asked, "description", hub.directory.note(entry.id))
    keep_ns = keep_of(asked.get("retentionRules"))
    if keep_ns is not None:
        await hub.buckets.set_rules(entry.name, WHOLE_BUCKET, {RAW: keep_ns})
    await asyncio.to_thread(hub.directory.set_note, entry.id, description)
    return JSONResponse(_json(hub, entry, await _keeps(hub)))


@speaks_influx_v2
async def delete(request: Request) -> Response:
    """``DELETE /api/v2/buckets/{id}``."""
    hub = services(request)
    _require_all(caller_of(request, hub.identities))
    entry = hub.directory.bucket(request.path_params["id"])
    await hub.buckets.delete(entry.name)
    await asyncio.to_thread(hub.directory.set_note, entry.id, "")
    return Response(status_code=204)


async def bucket_by_name(hub: Services, name: str) -> dict[str, Any]:
    """Return a bucket as the answers show it.

    Raises:
        NotFound: it has gone.
    """
    return _json(hub, _entry(hub, name), await _keeps(hub))


def _entry(hub: Services, name: str) -> BucketEntry:
    for entry in hub.directory.buckets():
        if entry.name == name:
            return entry
    raise NotFound("bucket", name)


def keep_of(rules: Any) -> int | None:
    """Return for how many ns InfluxDB's retention rules keep points; None if they say nothing.

    Raises:
        QueryError: they are no such rules, or keep for less than an hour.
    """
    if rules is None or rules == []:
        return None
    rule = rules[0] if isinstance(rules, list) and len(rules) == 1 else None
    seconds = rule.get("everySeconds") if isinstance(rule, dict) else None
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise QueryError('retentionRules must be [] or [{"type": "expire", "everySeconds": …}]')
    if seconds != 0 and not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise QueryError(
            f"everySeconds must be 0 for ever, or from {SHORTEST_SECONDS} (an hour) to {LONGEST_SECONDS}"
            f" (100 years); {seconds} came"
        )
    return seconds * SECOND_NS if seconds else FOREVER


def _require_all(caller: Caller) -> None:
    if not caller.may(Action.WRITE, BUCKETS):
        raise Forbidden("making, changing and deleting buckets needs a token that may write all of them")


def _sees(caller: Caller, entry: BucketEntry) -> bool:
    return any(caller.may(action, BUCKETS, entry.id) for action in Action)


async def _keeps(hub: Services) -> dict[str, int]:
    return {report.name: report.keep_ns for report in await hub.buckets.report()}


def _json(hub: Services, entry: BucketEntry, keeps: dict[str, int]) -> dict[str, Any]:
    keep_ns = keeps.get(entry.name, FOREVER)
    made = rfc3339(entry.created_ns)
    rule = {
        "type": "expire",
        "everySeconds": keep_ns // SECOND_NS,
        "shardGroupDurationSeconds": DAY_NS // SECOND_NS,
    }
    return {
        "id": entry.id,
        "orgID": ORGANIZATION_ID,
        "type": "user",
        "schemaType": "implicit",
        "name": entry.name,
        "description": hub.directory.note(entry.id),
        "retentionRules": [rule],
        "createdAt": made,
        "updatedAt": made,
        "labels": [],
        "links": {
            "self": f"{_PATH}/{entry.id}",
            "org": f"{ROOT}/orgs/{ORGANIZATION_ID}",
            "write": f"{ROOT}/write?org={ORGANIZATION_ID}&bucket={entry.id}",
        },
    }

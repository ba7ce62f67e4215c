"""``/api/v2/dbrps``: which bucket a database and retention policy of InfluxDB 1.x are, without being told."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import caller_of
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_influx_v2
from heliograph.api.identity.ids import ORGANIZATION_ID, fixed_id
from heliograph.api.identity.rights import BUCKETS, Action
from heliograph.api.influxdb.directory import AUTOGEN, BucketEntry, Directory
from heliograph.api.influxdb.shapes import ROOT, text_of
from heliograph.api.services import services
from heliograph.errors import NotPossible

_FILTERS: Final = {"db": "database", "rp": "retention_policy", "bucketID": "bucketID", "id": "id"}


@speaks_influx_v2
async def list_all(request: Request) -> Response:
    """``GET /api/v2/dbrps``: one for each bucket that the caller may read or write."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    shown = [
        _json(hub.directory, entry)
        for entry in hub.directory.buckets()
        if any(caller.may(action, BUCKETS, entry.id) for action in Action)
    ]
    for parameter, key in _FILTERS.items():
        wanted = request.query_params.get(parameter)
        shown = [entry for entry in shown if wanted in (None, entry[key])]
    return JSONResponse({"content": shown})


@speaks_influx_v2
async def create(request: Request) -> Response:
    """``POST /api/v2/dbrps``: 201 for what holds anyway, 422 for a bucket of another name."""
    hub = services(request)
    caller_of(request, hub.identities)
    asked = await read_json(request)
    database, policy = text_of(asked, "database"), text_of(asked, "retention_policy", AUTOGEN)
    entry = hub.directory.bucket(text_of(asked, "bucketID"))
    holds = hub.directory.database(database, policy)
    if holds != entry.name:
        raise NotPossible(
            f'database "{database}" with retention policy "{policy}" is bucket "{holds}" here;'
            f' give bucket "{entry.name}" that name instead'
        )
    return JSONResponse(_json(hub.directory, entry), 201)


def _json(directory: Directory, entry: BucketEntry) -> dict[str, Any]:
    database, slash, policy = entry.name.rpartition("/")
    if not slash:
        database, policy = entry.name, AUTOGEN
    id_ = fixed_id("dbrp", entry.id)
    return {
        "id": id_,
        "database": database,
        "retention_policy": policy,
        "default": directory.database(database) == entry.name,
        "virtual": True,
        "orgID": ORGANIZATION_ID,
        "bucketID": entry.id,
        "links": {"self": f"{ROOT}/dbrps?id={id_}"},
    }

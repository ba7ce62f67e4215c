"""``/api/v2/dbrps``: which bucket a database and retention policy of InfluxDB 1.x are.

Most are so by their names, without being told; those that somebody told are kept with InfluxQL's policies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import caller_of
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_influx_v2
from heliograph.api.identity.identities import Caller
from heliograph.api.identity.ids import ORGANIZATION_ID, fixed_id
from heliograph.api.identity.rights import BUCKETS, Action
from heliograph.api.influxdb.directory import AUTOGEN
from heliograph.api.influxdb.shapes import ROOT, text_of
from heliograph.api.services import Services, services
from heliograph.errors import Forbidden, NotFound, NotPossible, QueryError
from heliograph.query.influxql.meta.databases import PolicyInfo, checked_name, is_mapped

_FILTERS: Final = {"db": "database", "rp": "retention_policy", "bucketID": "bucketID", "id": "id"}
_RESOURCE: Final = "dbrp"


@dataclass(frozen=True, slots=True)
class _Mapping:
    """A policy of a database, and the id of its bucket."""

    database: str
    info: PolicyInfo
    bucket_id: str

    @property
    def id(self) -> str:
        """The mapping's own id."""
        return fixed_id(_RESOURCE, self.database, self.info.name, self.bucket_id)

    @property
    def json(self) -> dict[str, Any]:
        """The mapping as clients see it; a virtual one is there by the bucket's name."""
        return {
            "id": self.id,
            "database": self.database,
            "retention_policy": self.info.name,
            "default": self.info.default,
            "virtual": not is_mapped(self.database, self.info.bucket),
            "orgID": ORGANIZATION_ID,
            "bucketID": self.bucket_id,
            "links": {"self": f"{ROOT}/dbrps/{self.id}"},
        }


@speaks_influx_v2
async def list_all(request: Request) -> Response:
    """``GET /api/v2/dbrps``: one for each policy whose bucket the caller may read or write."""
    hub = services(request)
    shown = [one.json for one in await _visible(hub, caller_of(request, hub.identities))]
    for parameter, key in _FILTERS.items():
        wanted = request.query_params.get(parameter)
        shown = [entry for entry in shown if wanted in (None, entry[key])]
    if (wanted := request.query_params.get("default")) is not None:
        shown = [entry for entry in shown if entry["default"] == (wanted == "true")]
    return JSONResponse({"content": shown})


@speaks_influx_v2
async def create(request: Request) -> Response:
    """``POST /api/v2/dbrps``: 201, also for what holds anyway; 422 where another bucket has that place."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    asked = await read_json(request)
    entry = hub.directory.bucket(text_of(asked, "bucketID"))
    database = checked_name(text_of(asked, "database"))
    policy = checked_name(text_of(asked, "retention_policy", AUTOGEN))
    held = {info.name: info for info in await _policies(hub, database)}
    _check_free(held, database, policy, entry.name)
    default = bool(_flag(asked, "default")) or not held
    if policy not in held or (default and not held[policy].default):
        _require_writing(caller)
        databases = hub.influxql.databases
        shard_ns = await asyncio.to_thread(databases.shard_ns, entry.name)
        info = PolicyInfo(policy, entry.name, 0, shard_ns, default=default)
        await asyncio.to_thread(databases.put, database, info)
    made = next(info for info in await _policies(hub, database) if info.name == policy)
    return JSONResponse(_Mapping(database, made, entry.id).json, 201)


def _check_free(held: Mapping[str, PolicyInfo], database: str, policy: str, bucket: str) -> None:
    """Refuse a second bucket for a policy, and a second policy for a bucket."""
    for info in held.values():
        if (info.name == policy) != (info.bucket == bucket):
            raise NotPossible(
                f'database "{database}" has bucket "{info.bucket}" as its retention policy "{info.name}"'
                " already; DELETE that mapping, or PATCH it"
            )


@speaks_influx_v2
async def get(request: Request) -> Response:
    """``GET /api/v2/dbrps/{id}``."""
    hub = services(request)
    found = await _find(request, hub, caller_of(request, hub.identities))
    return JSONResponse({"content": found.json})


@speaks_influx_v2
async def change(request: Request) -> Response:
    """``PATCH /api/v2/dbrps/{id}`` with ``{"retention_policy": …, "default": true}``."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    asked = await read_json(request)
    _require_writing(caller)
    found = await _find(request, hub, caller)
    policy = checked_name(text_of(asked, "retention_policy", found.info.name))
    default = _flag(asked, "default")
    if found.info.default and default is False:
        raise NotPossible("a database has one default policy; make another one the default instead")
    taken = await asyncio.to_thread(hub.influxql.databases.place, found.database, policy)
    if taken not in (None, found.info.bucket):
        raise NotPossible(f'database "{found.database}" has a policy "{policy}" already')
    info = replace(found.info, name=policy, default=found.info.default or bool(default))
    await asyncio.to_thread(hub.influxql.databases.put, found.database, info)
    return JSONResponse({"content": replace(found, info=info).json})


@speaks_influx_v2
async def delete(request: Request) -> Response:
    """``DELETE /api/v2/dbrps/{id}``: only of what was told; the bucket stays."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    _require_writing(caller)
    found = await _find(request, hub, caller)
    if not is_mapped(found.database, found.info.bucket):
        raise NotPossible(f'this mapping is there by the name of bucket "{found.info.bucket}"')
    await asyncio.to_thread(hub.influxql.databases.drop, found.database, found.info.name)
    return Response(status_code=204)


def _flag(asked: Mapping[str, Any], key: str) -> bool | None:
    value = asked.get(key)
    if value is not None and not isinstance(value, bool):
        raise QueryError(f"{key} must be true or false, {value!r} came")
    return value


def _require_writing(caller: Caller) -> None:
    """A mapping lets the users of a database reach the bucket."""
    if not caller.is_operator and not caller.may(Action.WRITE, _RESOURCE):
        raise Forbidden("mapping databases to buckets needs a token that may write dbrp")


async def _find(request: Request, hub: Services, caller: Caller) -> _Mapping:
    id_ = request.path_params["id"]
    for one in await _visible(hub, caller):
        if one.id == id_:
            return one
    raise NotFound("dbrp", id_)


async def _visible(hub: Services, caller: Caller) -> list[_Mapping]:
    ids = {entry.name: entry.id for entry in hub.directory.buckets()}
    return [
        _Mapping(database, info, ids[info.bucket])
        for database in await asyncio.to_thread(hub.influxql.databases.names)
        for info in await _policies(hub, database)
        if info.bucket in ids and any(caller.may(action, BUCKETS, ids[info.bucket]) for action in Action)
    ]


async def _policies(hub: Services, database: str) -> list[PolicyInfo]:
    if not await asyncio.to_thread(hub.influxql.databases.exists, database):
        return []
    return await asyncio.to_thread(hub.influxql.databases.policies, database)

"""``/api/v2/telegrafs``: configurations for ``telegraf --config http://…/api/v2/telegrafs/ID``."""

from __future__ import annotations

import asyncio
import json
from email.utils import formatdate
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import caller_of
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_influx_v2
from heliograph.api.identity.ids import ORGANIZATION_ID
from heliograph.api.identity.rights import TELEGRAFS, Action
from heliograph.api.influxdb.directory import TelegrafConfig
from heliograph.api.influxdb.shapes import ROOT, text_of
from heliograph.api.services import Services, services
from heliograph.errors import Forbidden, QueryError
from heliograph.model.time import SECOND_NS

_PATH: Final = f"{ROOT}/telegrafs"
_CONFIG_CHARACTERS: Final = 512 * 1024


@speaks_influx_v2
async def list_all(request: Request) -> Response:
    """``GET /api/v2/telegrafs``."""
    hub = services(request)
    _require(request, hub, Action.READ)
    return JSONResponse({"configurations": [_json(config) for config in hub.directory.telegrafs()]})


@speaks_influx_v2
async def create(request: Request) -> Response:
    """``POST /api/v2/telegrafs`` with ``{"name": …, "config": "TOML"}``."""
    hub = services(request)
    _require(request, hub, Action.WRITE)
    asked = _asked(await read_json(request))
    return JSONResponse(_json(await asyncio.to_thread(hub.directory.add_telegraf, *asked)), 201)


@speaks_influx_v2
async def get(request: Request) -> Response:
    """``GET /api/v2/telegrafs/{id}``: TOML, as Telegraf asks for it, or JSON where that is asked for."""
    hub = services(request)
    _require(request, hub, Action.READ, request.path_params["id"])
    config = hub.directory.telegraf(request.path_params["id"])
    # Telegraf compares this time when it is told to watch its configuration
    changed = {"Last-Modified": formatdate(config.updated_ns / SECOND_NS, usegmt=True), "Vary": "Accept"}
    accepted = request.headers.get("accept", "")
    if "application/json" in accepted and "application/toml" not in accepted:
        return JSONResponse(_json(config), headers=changed)
    if "application/octet-stream" in accepted:
        changed["Content-Disposition"] = 'attachment; filename="telegraf.conf"'
    return Response(config.config, media_type="application/toml; charset=utf-8", headers=changed)


@speaks_influx_v2
async def change(request: Request) -> Response:
    """``PUT /api/v2/telegrafs/{id}`` with the same as a new one."""
    hub = services(request)
    _require(request, hub, Action.WRITE, request.path_params["id"])
    asked = _asked(await read_json(request))
    changed = await asyncio.to_thread(hub.directory.change_telegraf, request.path_params["id"], *asked)
    return JSONResponse(_json(changed))


@speaks_influx_v2
async def delete(request: Request) -> Response:
    """``DELETE /api/v2/telegrafs/{id}``."""
    hub = services(request)
    _require(request, hub, Action.WRITE, request.path_params["id"])
    await asyncio.to_thread(hub.directory.delete_telegraf, request.path_params["id"])
    return Response(status_code=204)


def _require(request: Request, hub: Services, action: Action, id_: str | None = None) -> None:
    caller = caller_of(request, hub.identities)
    if not caller.may(action, TELEGRAFS, id_):
        raise Forbidden(f"this token may not {action.value} Telegraf configurations")


def _asked(asked: dict[str, Any]) -> tuple[str, str, str, str]:
    metadata = asked.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise QueryError("metadata must be an object")
    config = text_of(asked, "config", "", most=_CONFIG_CHARACTERS)
    return text_of(asked, "name", ""), text_of(asked, "description", ""), config, json.dumps(metadata)


def _json(config: TelegrafConfig) -> dict[str, Any]:
    return {
        "id": config.id,
        "orgID": ORGANIZATION_ID,
        "name": config.name,
        "description": config.description,
        "config": config.config,
        "metadata": json.loads(config.metadata),
        "labels": [],
        "links": {"self": f"{_PATH}/{config.id}"},
    }

"""``/api/identities/devices`` and ``/api/enrol``: devices, and how a board gets its key."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from heliograph.api.accounts.users import changing
from heliograph.api.auth import address_of, require_operator
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.identity.audit import ACTING, Acting
from heliograph.api.identity.devices import LONGEST_KEY, Device
from heliograph.api.influxdb.shapes import text_of
from heliograph.api.services import services
from heliograph.errors import AuthError, NotFound, QueryError
from heliograph.model.enrolment import join

_MS: Final = 1_000_000
DEFAULT_SECONDS: Final = 3_600
LONGEST_SECONDS: Final = 30 * 86_400
_SMALL_BODY: Final = 4_096


@speaks_v2
async def list_all(request: Request) -> Response:
    """``GET /api/identities/devices``: all of them, and how they reach the hub."""
    hub = services(request)
    require_operator(request, hub.identities)
    found = hub.reach()
    reach = {
        "url": found.url,
        "mqtt_port": found.mqtt_port,
        "tls": found.is_tls,
        "fingerprint": found.fingerprint,
    }
    devices = [_json(device) for device in hub.identities.devices.listed()]
    return JSONResponse({"devices": devices, "reach": reach})


@speaks_v2
async def add(request: Request) -> Response:
    """``POST /api/identities/devices`` with ``{"id": …}``; this answer alone has the key."""
    hub = changing(request)
    id_ = text_of(await read_json(request), "id")
    device, key = await asyncio.to_thread(hub.identities.devices.add, id_)
    return JSONResponse(_json(device) | {"key": key}, 201)


@speaks_v2
async def rotate(request: Request) -> Response:
    """``POST /api/identities/devices/{id}/rotate``: another key, the old one ends."""
    hub = changing(request)
    device, key = await asyncio.to_thread(hub.identities.devices.rotate, request.path_params["id"])
    return JSONResponse(_json(device) | {"key": key})


@speaks_v2
async def revoke(request: Request) -> Response:
    """``DELETE /api/identities/devices/{id}``: it is let in no more, its points stay."""
    hub = changing(request)
    device = await asyncio.to_thread(hub.identities.devices.revoke, request.path_params["id"])
    return JSONResponse(_json(device))


@speaks_v2
async def begin(request: Request) -> Response:
    """``POST /api/identities/devices/{id}/enrol``, perhaps with ``seconds`` and ``gateway``: a code."""
    hub = changing(request)
    asked = await read_json(request)
    seconds, is_gateway = asked.get("seconds", DEFAULT_SECONDS), asked.get("gateway", False)
    if not isinstance(is_gateway, bool):
        raise QueryError(f"gateway must be true or false, {is_gateway!r} came")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 1 <= seconds <= LONGEST_SECONDS:
        raise QueryError(f"seconds must be a whole number from 1 to {LONGEST_SECONDS}, {seconds!r} came")
    id_ = request.path_params["id"]
    code = await asyncio.to_thread(hub.identities.devices.code, id_, seconds, is_gateway=is_gateway)
    reach = hub.reach()
    return JSONResponse(
        {"id": id_, "url": reach.url, "code": join(code, reach.fingerprint), "seconds": seconds}
    )


@speaks_v2
async def enrol(request: Request) -> Response:
    """``POST /api/enrol`` with ``{"code": …, "key": …}``: a board's own request, without a login."""
    hub = services(request)
    address = address_of(request)
    hub.identities.throttle.check(f"enrol {address}")
    asked = await read_json(request, _SMALL_BODY)
    code, key = text_of(asked, "code", most=LONGEST_KEY), text_of(asked, "key", most=LONGEST_KEY)
    ACTING.set(Acting("enrolment code", address))
    try:
        device = await asyncio.to_thread(hub.identities.devices.enrol, code, key)
    except AuthError:
        hub.identities.throttle.failed(f"enrol {address}")
        raise
    reach = hub.reach()
    told = {"device": device.id, "gateway": device.is_gateway}
    return JSONResponse(told | {"mqtt_port": reach.mqtt_port, "tls": reach.is_tls})


@speaks_v2
async def ca(request: Request) -> Response:
    """``GET /ca.pem``: the certificate of this hub's own authority, which is no secret."""
    pem = services(request).reach().ca
    if not pem:
        raise NotFound("certificate authority", "of this hub")
    return PlainTextResponse(pem, media_type="application/x-pem-file")


def _json(device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "state": device.state,
        "mark": device.mark,
        "gateway": device.is_gateway,
        "created_ms": device.created_ns // _MS,
        "updated_ms": device.updated_ns // _MS,
    }

"""``/api/gateways``: what gateways tell of themselves, and what they send less of; the operator's alone."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.accounts.users import changing
from heliograph.api.auth import require_operator
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.identity.devices import Device
from heliograph.api.services import Services, services
from heliograph.errors import NotFound, QueryError
from heliograph.model.time import MAX_TIME_NS
from heliograph.transport.mqtt_client_message import Publication

_BODY_BYTES: Final = 64 * 1024
MOST_RULES: Final = 200
_LATER_COUNTS: Final = (
    *("waiting_bytes", "refused", "commands", "commands_refused"),
    *("qos0", "qos0_dropped", "devices"),
)
"""What a gateway of an older version may not tell."""


@speaks_v2
async def list_all(request: Request) -> Response:
    """``GET /api/gateways``: those that are enrolled, whether they are here, and their last reports."""
    hub = services(request)
    require_operator(request, hub.identities)
    gateways = [_json(hub, device) for device in hub.identities.devices.listed() if device.is_gateway]
    return JSONResponse({"gateways": gateways, "version": hub.hub["version"]})


@speaks_v2
async def set_rules(request: Request) -> Response:
    """``PUT /api/gateways/{id}/rules`` with ``{"thin": […]}``, or null for the gateway's own file again.

    It is left with the broker for the gateway, which checks it and answers by its report.
    """
    hub = changing(request)
    device = hub.identities.devices.get(request.path_params["id"])
    if not device.is_gateway:
        raise NotFound("gateway", device.id)
    asked = await read_json(request, _BODY_BYTES)
    thin = asked.get("thin", ())
    is_list = isinstance(thin, list) and all(isinstance(one, dict) for one in thin)
    if thin is not None and not (is_list and len(thin) <= MOST_RULES):
        raise QueryError(f"thin must be a list of at most {MOST_RULES} rules, or null; {thin!r:.80} came")
    report = _json(hub, device)["report"] or {}
    made_ms = max(time.time_ns() // 1_000_000, report.get("rules", {}).get("answers_ms", 0) + 1)
    payload = json.dumps({"made_ms": made_ms, "thin": thin}).encode()
    await hub.topics.publish(Publication(f"cmd/{device.id}/edge/config", payload, 1, retained=True))
    await asyncio.to_thread(hub.identities.audit.add, "gateway rules set", device.id)
    return JSONResponse({"id": device.id, "made_ms": made_ms})


def _json(hub: Services, device: Device) -> dict[str, Any]:
    state, topic = f"sta/{device.id}/edge", f"sta/{device.id}/edge/report"
    report = read_report(hub.topics.last(topic))
    told_ms = None if report is None else report["time_ms"]
    seen = (hub.topics.came_ms(state), hub.topics.came_ms(topic), told_ms)
    return {
        "id": device.id,
        "state": device.state,
        "online": hub.topics.last(state) == b"online",
        "seen_ms": max((each for each in seen if each is not None), default=None),
        "report": report,
    }


def read_report(kept: bytes | None) -> dict[str, Any] | None:
    """Return what a gateway told; None where that is nothing, or nothing that can be shown."""
    try:
        told = None if kept is None else json.loads(kept)
        json.dumps(told, allow_nan=False)  # else it could not be in an answer
    except (ValueError, RecursionError):
        return None
    return told if _is_report(told) else None


def _is_report(told: object) -> bool:
    """Whether it has what a gateway tells: a gateway may be of any version, or lie."""
    rules = told.get("rules") if isinstance(told, dict) else None
    return (
        isinstance(told, dict)
        and isinstance(rules, dict)
        and all(isinstance(told.get(name), int) for name in ("sent", "waiting", "missed", "time_ms"))
        and 0 <= told["time_ms"] <= MAX_TIME_NS // 1_000_000
        and all(isinstance(told.get(name, 0), int) for name in _LATER_COUNTS)
        and isinstance(told.get("per_second", 0), (int, float))
        and isinstance(told.get("oldest_ms"), int | None)
        and isinstance(told.get("version"), str)
        and _is_list(told.get("warnings"), str)
        and all(isinstance(rules.get(name), int) for name in ("count", "answers_ms"))
        and isinstance(rules.get("from"), str)
        and isinstance(rules.get("error"), str | None)
        and _is_list(rules.get("holds", []), dict)
        and (rules.get("thin") is None or _is_list(rules["thin"], dict))
    )


def _is_list(told: object, of: type) -> bool:
    return isinstance(told, list) and all(isinstance(each, of) for each in told)

"""``/api/rules`` and ``/api/alerts``: rules, what they found, silences and acknowledgements."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import caller_of, require_operator
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import require_own_origin
from heliograph.api.identity.rights import Action
from heliograph.api.questions.plans import expect
from heliograph.api.services import Services, services
from heliograph.config.values import parse_duration
from heliograph.errors import Forbidden, NotFound, QueryError

_DAY_MS: Final = 86_400_000
_LONGEST_NOTE: Final = 500
_LAST_MS: Final = 10**13


@speaks_v2
async def list_all(request: Request) -> Response:
    """``GET /api/rules``: the rules with their alerts, silences, and how notifications go."""
    hub = services(request)
    require_operator(request, hub.identities)
    return JSONResponse(hub.rules.report())


@speaks_v2
async def alerts(request: Request) -> Response:
    """``GET /api/alerts?start_ms&end_ms``: what fires, and what changed; of the buckets that one may read."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    return alerts_for(request, lambda bucket: hub.identities.require(caller, Action.READ, bucket))


def alerts_for(request: Request, may_read: Callable[[str], None]) -> Response:
    """Return the alerts of the buckets that may be read, in the times of a request."""
    now_ms = time.time_ns() // 1_000_000
    end_ms = _time(request, "end_ms", now_ms + 1)
    found = services(request).rules.alerts(_time(request, "start_ms", end_ms - _DAY_MS), end_ms)

    def readable(bucket: str) -> bool:
        try:
            may_read(bucket)
        except Forbidden:
            return False
        return True

    buckets = {one["bucket"]: readable(one["bucket"]) for part in found.values() for one in part}
    return JSONResponse(
        {name: [one for one in part if buckets[one["bucket"]]] for name, part in found.items()}
    )


@speaks_v2
async def add(request: Request) -> Response:
    """``POST /api/rules`` with a rule; one of the same name is replaced."""
    hub = _changing(request)
    return JSONResponse(await hub.rules.add(await read_json(request)), 201)


@speaks_v2
async def remove(request: Request) -> Response:
    """``DELETE /api/rules/{name}``."""
    hub = _changing(request)
    return JSONResponse(await hub.rules.remove(request.path_params["name"]))


@speaks_v2
async def test(request: Request) -> Response:
    """``POST /api/rules/test`` with ``rule``, an object or a name, ``start_ms`` and ``end_ms``."""
    hub = _changing(request)
    asked = await read_json(request)
    rule = asked.get("rule")
    if not isinstance(rule, dict | str):
        raise QueryError(f"rule must be an object or a name, {rule!r} came")
    start_ms, end_ms = expect(asked, "start_ms", int), expect(asked, "end_ms", int)
    return JSONResponse(await hub.rules.test(rule, start_ms, end_ms))


@speaks_v2
async def silence(request: Request) -> Response:
    """``POST /api/silences`` with ``rule``, a pattern, perhaps ``tags``, ``for`` a time, and a ``note``.

    ``start_ms`` is when it begins, ``every`` the times of the week to which it is confined.
    """
    hub = _changing(request)
    asked = await read_json(request)
    every = expect(asked, "every", str, "")
    start_ms = expect(asked, "start_ms", int, 0)
    if not 0 <= start_ms < _LAST_MS:
        raise QueryError(f"start_ms must be a time in ms, {start_ms!r} came")
    length = expect(asked, "for", str, "" if every else "1h")
    made = await hub.rules.silence(
        expect(asked, "rule", str),
        _tags(asked) or {},
        parse_duration(length) if length or not every else None,
        _note(asked),
        start_ms=start_ms,
        every=every,
        zone=expect(asked, "zone", str, ""),
    )
    return JSONResponse(made, 201)


@speaks_v2
async def end_silence(request: Request) -> Response:
    """``DELETE /api/silences/{id}``."""
    hub = _changing(request)
    number = request.path_params["id"]
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise NotFound("silence", number)
    return JSONResponse(await hub.rules.end_silence(int(number)))


@speaks_v2
async def acknowledge(request: Request) -> Response:
    """``POST /api/rules/{name}/ack``, perhaps with the ``tags`` of one alert, and a ``note``."""
    hub = _changing(request)
    asked = await read_json(request)
    who = caller_of(request, hub.identities).user
    name = request.path_params["name"]
    return JSONResponse(await hub.rules.acknowledge(name, _tags(asked), who, _note(asked)))


def _tags(asked: dict[str, Any]) -> dict[str, str] | None:
    if "tags" not in asked:
        return None
    tags = expect(asked, "tags", dict)
    if not all(isinstance(text, str) for text in tags.values()):
        raise QueryError("tags must be texts by name")
    return {str(name): text for name, text in tags.items()}


def _note(asked: dict[str, Any]) -> str:
    return str(expect(asked, "note", str, ""))[:_LONGEST_NOTE]


def _time(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 13:
        raise QueryError(f"{name} must be a time in ms, {text!r} came")
    return int(text)


def _changing(request: Request) -> Services:
    hub = services(request)
    require_operator(request, hub.identities)
    require_own_origin(request)
    return hub

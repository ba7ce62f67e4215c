"""``/api/buckets``: which buckets there are, how long they keep what, and making and deleting them."""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import require_operator
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import require_own_origin
from heliograph.api.services import Services, services
from heliograph.errors import QueryError
from heliograph.model.time import HOUR_NS, MINUTE_NS, SECOND_NS
from heliograph.store.bucket_report import BucketReport
from heliograph.store.retention import FOREVER, WHOLE_BUCKET
from heliograph.store.rollups.summary import RAW

_NAME: Final = re.compile(r"[^\W_][^\x00-\x1f\x7f\\\"]{0,63}")
_PATTERN_CHARACTERS: Final = 256
SHORTEST_SECONDS: Final = 3_600
"""InfluxDB's own limit, too: less is a slip of the unit, and forgets almost everything."""
LONGEST_SECONDS: Final = 36_500 * 86_400
_MS: Final = 1_000_000
_KEYS: Final = {"keep_seconds": RAW, "keep_1m_seconds": MINUTE_NS, "keep_1h_seconds": HOUR_NS}
"""Which resolution each is about."""


@speaks_v2
async def list_all(request: Request) -> Response:
    """``GET /api/buckets``."""
    hub = services(request)
    require_operator(request, hub.identities)
    return JSONResponse({"buckets": [bucket_json(report) for report in await hub.buckets.report()]})


@speaks_v2
async def create(request: Request) -> Response:
    """``POST /api/buckets`` with ``{"name": …, "keep_seconds": …}``, and likewise for the summaries."""
    hub = _changing(request)
    asked = await read_json(request)
    name = check_name(asked.get("name"))
    await hub.buckets.create(name, _keeps(asked))
    return await _one(hub, name, 201)


@speaks_v2
async def change(request: Request) -> Response:
    """``PATCH /api/buckets/{name}`` with ``{"keep_seconds": …, "measurement": …}``, and likewise."""
    hub = _changing(request)
    asked = await read_json(request)
    keeps = _keeps(asked)
    if not keeps:
        raise QueryError(
            f"expected {', '.join(map(repr, _KEYS))} or several of them: seconds, 0 for ever, null to remove"
            " the rule"
        )
    pattern = asked.get("measurement", WHOLE_BUCKET)
    if not isinstance(pattern, str) or len(pattern) > _PATTERN_CHARACTERS:
        raise QueryError(
            f"measurement must be a name or a pattern of at most {_PATTERN_CHARACTERS} characters"
        )
    name = request.path_params["name"]
    await hub.buckets.set_rules(name, pattern, keeps)
    return await _one(hub, name, 200)


@speaks_v2
async def delete(request: Request) -> Response:
    """``DELETE /api/buckets/{name}``."""
    hub = _changing(request)
    name = request.path_params["name"]
    return JSONResponse({"deleted": name, "points": await hub.buckets.delete(name)})


def check_name(name: object) -> str:
    """Return a name that a new bucket may have.

    Raises:
        QueryError: it is no such name.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise QueryError(
            "name must be a text of 1 to 64 characters that begins with a letter or a digit and has no"
            f" control characters, backslashes or double quotes; {name!r} came"
        )
    return name


def bucket_json(report: BucketReport) -> dict[str, Any]:
    """Return a report as the answers show it: times in ms, durations in seconds, 0 for ever."""
    return {
        "name": report.name,
        "keep_seconds": report.keep_ns // SECOND_NS,
        "keep_is_default": not report.own,
        "keep_1m_seconds": report.rollups[MINUTE_NS].keep_ns // SECOND_NS,
        "keep_1h_seconds": report.rollups[HOUR_NS].keep_ns // SECOND_NS,
        "rules": _rules_json(report),
        "points": report.rows,
        "segments": report.segments,
        "bytes": report.size_bytes,
        "bytes_1m": report.rollups[MINUTE_NS].size_bytes,
        "bytes_1h": report.rollups[HOUR_NS].size_bytes,
        "oldest_ms": None if report.oldest_ns is None else report.oldest_ns // _MS,
        "next_expiry_ms": None if report.next_expiry_ns is None else report.next_expiry_ns // _MS,
    }


def _rules_json(report: BucketReport) -> list[dict[str, Any]]:
    rules: dict[str, dict[str, Any]] = {}
    kinds = (report.rules, report.rollups[MINUTE_NS].rules, report.rollups[HOUR_NS].rules)
    for key, kind in zip(_KEYS, kinds, strict=True):
        for pattern, keep in kind.items():
            rules.setdefault(pattern, {"measurement": pattern})[key] = keep // SECOND_NS
    return [rules[pattern] for pattern in sorted(rules)]


def _changing(request: Request) -> Services:
    hub = services(request)
    require_operator(request, hub.identities)
    require_own_origin(request)
    return hub


async def _one(hub: Services, name: str, status: int) -> Response:
    found = [bucket_json(report) for report in await hub.buckets.report() if report.name == name]
    return JSONResponse(found[0] if found else {}, status)


def _keeps(asked: dict[str, Any]) -> dict[int, int | None]:
    """Return by resolution how long something is to be kept, as far as the request says it."""
    return {r: _keep_ns(key, asked[key]) for key, r in _KEYS.items() if key in asked}


def _keep_ns(key: str, seconds: object) -> int | None:
    if seconds is None:
        return None
    if (
        not isinstance(seconds, int)
        or isinstance(seconds, bool)
        or (seconds != FOREVER and not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS)
    ):
        raise QueryError(
            f"{key} must be a whole number from {SHORTEST_SECONDS} (an hour) to {LONGEST_SECONDS}"
            f" (100 years), 0 for ever, or null for the default; {seconds!r} came"
        )
    return seconds * SECOND_NS

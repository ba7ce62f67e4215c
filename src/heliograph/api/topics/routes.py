"""``/api/topics``: the broker's topics as a tree, and publishing. All of it is the operator's alone."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import require_operator
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import require_own_origin
from heliograph.api.services import services
from heliograph.api.topics.window import LIMIT, SEARCH_LETTERS
from heliograph.errors import QueryError
from heliograph.transport.mqtt_client_message import Publication


@speaks_v2
async def topics(request: Request) -> Response:
    """``GET /api/topics``: a level with ``level``, ``after``, ``limit``; or ``search``; or one ``topic``."""
    hub = services(request)
    require_operator(request, hub.identities)
    asked = request.query_params
    limit = whole_number(asked.get("limit"), "limit", LIMIT)
    if "topic" in asked:
        return JSONResponse(hub.topics.topic(asked["topic"]))
    if "search" in asked:
        offset = whole_number(asked.get("offset"), "offset", 1_000_000) if "offset" in asked else 0
        return JSONResponse(await hub.topics.view([], offset, limit, asked["search"][:SEARCH_LETTERS]))
    level = hub.topics.level(asked.get("level"), asked.get("after", ""), limit)
    return JSONResponse(level | {"counts": hub.topics.report()})


@speaks_v2
async def publish(request: Request) -> Response:
    """``POST /api/topics/publish``: ``topic``, ``payload`` or ``payload_base64``, ``qos``, ``retained``."""
    hub = services(request)
    require_operator(request, hub.identities)
    require_own_origin(request)
    asked = await read_json(request)
    topic, qos, retained = asked.get("topic"), asked.get("qos", 0), asked.get("retained", False)
    if not isinstance(topic, str) or qos not in (0, 1, 2) or not isinstance(retained, bool):
        raise QueryError("topic must be a text, qos 0, 1 or 2, and retained true or false")
    publication = Publication(topic, _payload(asked), int(qos), retained)
    await hub.topics.publish(publication)
    return JSONResponse({"topic": topic, "bytes": len(publication.payload)})


def _payload(asked: dict[str, Any]) -> bytes:
    text, coded = asked.get("payload"), asked.get("payload_base64")
    if isinstance(text, str) and coded is None:
        return text.encode(errors="replace")
    if isinstance(coded, str) and text is None:
        try:
            return base64.b64decode(coded, validate=True)
        except binascii.Error as error:
            raise QueryError(f"payload_base64 is not base64: {error}") from error
    raise QueryError(
        "either payload, a text, or payload_base64 is needed; an empty one clears what is retained"
    )


def whole_number(text: str | None, name: str, largest: int) -> int:
    """Return a number of a request's address; without one the largest."""
    if text is None:
        return largest
    if not text.isdigit() or len(text) > len(str(largest)) or int(text) > largest:
        raise QueryError(f"{name} must be a whole number up to {largest}; {text!r} came")
    return int(text)

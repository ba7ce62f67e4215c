"""``/api/ingest``: the rules by which messages of any topic become points."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import require_operator
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import require_own_origin
from heliograph.api.services import Services, services
from heliograph.errors import ConfigError, QueryError, TopicError
from heliograph.model.topic_filter import check_topic


@speaks_v2
async def list_all(request: Request) -> Response:
    """``GET /api/ingest``: the rules in the order in which they are tried."""
    hub = services(request)
    require_operator(request, hub.identities)
    return JSONResponse({"rules": hub.ingest.report()})


@speaks_v2
async def add(request: Request) -> Response:
    """``POST /api/ingest`` with a rule; it holds for the messages that come from now on."""
    hub = _changing(request)
    with refusing_rules():
        return JSONResponse(await hub.ingest.add(await read_json(request)), 201)


@speaks_v2
async def remove(request: Request) -> Response:
    """``DELETE /api/ingest/{name}``."""
    hub = _changing(request)
    with refusing_rules():
        return JSONResponse(await hub.ingest.remove(request.path_params["name"]))


@speaks_v2
async def test(request: Request) -> Response:
    """``POST /api/ingest/test`` with ``topic``, ``payload`` or ``payload_base64``, and perhaps ``rule``."""
    hub = _changing(request)
    asked = await read_json(request)
    topic, rule = asked.get("topic"), asked.get("rule")
    if not isinstance(topic, str) or not (rule is None or isinstance(rule, dict)):
        raise QueryError("topic must be a text, and rule, where there is one, an object")
    try:
        check_topic(topic)
    except TopicError as error:
        raise QueryError(str(error)) from error
    with refusing_rules():
        return JSONResponse(await hub.ingest.test(topic, _payload(asked), rule))


@contextmanager
def refusing_rules() -> Iterator[None]:
    """A block in which a rule that is none is the request's fault, not that of the hub's configuration."""
    try:
        yield
    except ConfigError as error:
        raise QueryError(str(error)) from error


def _payload(asked: dict[str, Any]) -> bytes:
    text, coded = asked.get("payload"), asked.get("payload_base64")
    if isinstance(text, str) and coded is None:
        return text.encode(errors="surrogatepass")
    if isinstance(coded, str) and text is None:
        try:
            return base64.b64decode(coded, validate=True)
        except binascii.Error as error:
            raise QueryError(f"payload_base64 is not base64: {error}") from error
    raise QueryError("either payload, a text, or payload_base64 is needed")


def _changing(request: Request) -> Services:
    hub = services(request)
    require_operator(request, hub.identities)
    require_own_origin(request)
    return hub

"""``/api/streams`` and ``/api/consumers``: reading what came, at one's own speed.

A token reads the batches of its buckets and the messages of its topics, and has consumers of its own.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import caller_of
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import require_own_origin
from heliograph.api.identity.stream_rights import StreamRights, stream_rights
from heliograph.api.questions.plans import expect
from heliograph.api.services import Services, services
from heliograph.errors import QueryError, TopicError
from heliograph.model.topic_filter import check_filter

_MAX_MESSAGES: Final = 5_000
_MAX_WAIT: Final = 30


@speaks_v2
async def list_all(request: Request) -> Response:
    """``GET /api/streams``: what the streams hold, and how far each consumer is."""
    hub, rights = _reading(request)
    return JSONResponse(await hub.streams.report(rights))


@speaks_v2
async def messages(request: Request) -> Response:
    """``GET /api/streams/{name}/messages``: from ``from_seq`` or ``since_ms`` on, up to ``limit``.

    With ``wait`` it is answered when there are some, or after so many seconds.
    """
    (hub, rights), name = _reading(request), request.path_params["name"]
    from_seq = _number(request, "from_seq", 0)
    if "since_ms" in request.query_params:
        from_seq = await hub.streams.position(name, _number(request, "since_ms", 0) * 1_000_000)
    topic, bucket = _filters(request)
    limit, wait = _number(request, "limit", 500, _MAX_MESSAGES), _number(request, "wait", 0, _MAX_WAIT)
    answer = await hub.streams.read(
        name, from_seq, limit=max(1, limit), wait=wait, topic=topic, bucket=bucket, rights=rights
    )
    caller_of(request, hub.identities)  # who waited may have been revoked meanwhile
    return JSONResponse(answer)


@speaks_v2
async def make(request: Request) -> Response:
    """``POST /api/consumers`` with ``name``, ``stream``, and perhaps ``from_seq`` or ``since_ms``."""
    hub, rights = _changing(request)
    asked = await read_json(request)
    stream = expect(asked, "stream", str, "mqtt")
    from_seq = expect(asked, "from_seq", int) if "from_seq" in asked else None
    if "since_ms" in asked:
        from_seq = await hub.streams.position(stream, expect(asked, "since_ms", int) * 1_000_000)
    name = expect(asked, "name", str)
    return JSONResponse(await hub.streams.make_consumer(name, stream, from_seq, rights), 201)


@speaks_v2
async def remove(request: Request) -> Response:
    """``DELETE /api/consumers/{name}``."""
    hub, rights = _changing(request)
    return JSONResponse(await hub.streams.remove_consumer(request.path_params["name"], rights))


@speaks_v2
async def consumed(request: Request) -> Response:
    """``GET /api/consumers/{name}/messages``: what it has not acknowledged, behind ``after_seq`` if given."""
    hub, rights = _reading(request)
    after_seq = _number(request, "after_seq", 0) if "after_seq" in request.query_params else None
    topic, bucket = _filters(request)
    limit, wait = _number(request, "limit", 500, _MAX_MESSAGES), _number(request, "wait", 0, _MAX_WAIT)
    name = request.path_params["name"]
    answer = await hub.streams.read_consumer(
        name, after_seq, limit=max(1, limit), wait=wait, topic=topic, bucket=bucket, rights=rights
    )
    caller_of(request, hub.identities)
    return JSONResponse(answer)


@speaks_v2
async def acknowledge(request: Request) -> Response:
    """``POST /api/consumers/{name}/ack`` with ``seq``: everything up to there is done."""
    hub, rights = _changing(request)
    seq = expect(await read_json(request), "seq", int)
    return JSONResponse(await hub.streams.acknowledge(request.path_params["name"], seq, rights))


def _filters(request: Request) -> tuple[str, str]:
    topic = request.query_params.get("topic", "")
    if topic:
        try:
            check_filter(topic)
        except TopicError as error:
            raise QueryError(str(error)) from error
    return topic, request.query_params.get("bucket", "")


def _number(request: Request, name: str, default: int, most: int = 2**53) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 16 or int(text) > most:
        raise QueryError(f"{name} must be a whole number from 0 to {most}, {text!r} came")
    return int(text)


def _reading(request: Request) -> tuple[Services, StreamRights]:
    hub = services(request)
    return hub, stream_rights(hub.identities, caller_of(request, hub.identities))


def _changing(request: Request) -> tuple[Services, StreamRights]:
    found = _reading(request)
    require_own_origin(request)
    return found

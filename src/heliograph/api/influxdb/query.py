"""``/query`` of InfluxDB 1.x: InfluxQL in, series out.

Source: COMPAT.md's transcripts of influxd 1.6.7, condensed in docs/http.md.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from email import message_from_bytes
from email.message import Message
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from heliograph.api.auth import caller_of_v1, token_of
from heliograph.api.body import JSON_BYTES, read_body
from heliograph.api.errors import speaks_v1, v1_error
from heliograph.api.guard import require_own_origin
from heliograph.api.health import VERSION
from heliograph.api.identity.identities import Caller
from heliograph.api.influxdb.asking import CallerAccess, HubChanges
from heliograph.api.influxdb.results import (
    EPOCHS,
    Form,
    Moment,
    chunks,
    csv_error,
    csv_text,
    json_text,
    packed,
)
from heliograph.api.services import Services, services
from heliograph.errors import QueryError
from heliograph.query.influxql.cursor import Parameter
from heliograph.query.influxql.engine import Asked
from heliograph.query.influxql.memory.kept import Kept
from heliograph.query.influxql.plan.shapes import Result, Series

_CHUNK_ROWS: Final = 10_000
_MAX_CHUNK_ROWS: Final = 1_000_000
_LONG_ROWS: Final = 1_000
_CSV: Final = ("application/csv", "text/csv")
_MOST_PARTS: Final = 32
_HEAD_BYTES: Final = 1_024
"""Of a part; the type of a form is no longer, either."""
_MSGPACK: Final = "application/x-msgpack"
_VERSION: Final = [(name.lower().encode(), value.encode()) for name, value in VERSION.items()]


class Answer(Response):
    """A whole answer."""

    made_of: tuple[Asked, Kept] | None = None
    """What it was asked with, and by what it is told whether it would be the same again; None of others."""


@speaks_v1
async def query(request: Request) -> Response:
    """``/query?q=…[&db=…][&rp=…][&epoch=…][&params=…][&chunked=true][&chunk_size=…][&pretty=true]``."""
    hub = services(request)
    caller = await caller_of_v1(request, hub.identities)
    given = await _parameters(request)
    accept = request.headers.get("accept", "").split(",")[0].split(";")[0].strip()
    try:
        response = await _answer(request, hub, caller, given, accept)
    except QueryError as error:
        response = _refused(str(error), accept)
    response.raw_headers.extend(_VERSION)
    return response


def _refused(message: str, accept: str) -> Response:
    if accept in _CSV:
        return Response(csv_error(message), 400, media_type="text/csv")
    return v1_error(400, message)


async def _answer(
    request: Request, hub: Services, caller: Caller, given: Mapping[str, str], accept: str
) -> Response:
    text = given.get("q", "").strip()
    if not text:
        raise QueryError('missing required parameter "q"')
    reading, has_token = request.method == "GET", token_of(request) is not None
    if not reading and not has_token:
        require_own_origin(request)
    chunked = given.get("chunked") == "true" and accept not in (*_CSV, _MSGPACK)
    asked = Asked(
        text=text,
        access=CallerAccess(hub, caller, may_change=not reading or has_token),
        database=given.get("db", ""),
        policy=given.get("rp", ""),
        parameters=_bound(given.get("params", "")),
        whole=not chunked,
        warn=reading,
    )
    form = Form(
        epoch=EPOCHS.get(given["epoch"], 1) if given.get("epoch") else 0,
        pretty=given.get("pretty") == "true",
        chunk_rows=_chunk_rows(given) if given.get("chunked") == "true" else 0,
    )
    panel = hub.influxql.at_once(asked) if not chunked else None
    if panel is not None:
        response = _whole([panel], form, accept)
        if has_token and not caller.is_user and panel.kept is not None:
            response.made_of = asked, panel.kept
        return response
    results = hub.influxql.answers(asked, HubChanges(hub))
    if chunked:
        first = await anext(results, None)  # what is no InfluxQL shows before the answer begins
        return StreamingResponse(_lines(first, results, form), media_type="application/json")
    found = [result async for result in results]
    if sum(len(series.rows) for result in found for series in result.series) < _LONG_ROWS:
        response = _whole(found, form, accept)
        kept = found[0].kept if len(found) == 1 else None
        if has_token and not caller.is_user and kept is not None:
            response.made_of = asked, kept
        return response
    return await asyncio.to_thread(_whole, found, form, accept)  # others need not wait for a long text


async def _lines(first: Result | None, results: AsyncIterator[Result], form: Form) -> AsyncIterator[bytes]:
    number = 0
    while first is not None:
        long = sum(len(series.rows) for series in first.series) >= _LONG_ROWS
        parts = (json_text({"results": [chunk]}, pretty=form.pretty) for chunk in chunks(number, first, form))
        while part := await asyncio.to_thread(next, parts, b"") if long else next(parts, b""):
            yield part
        number += 1
        first = await anext(results, None)


def _whole(results: list[Result], form: Form, accept: str) -> Answer:
    if accept in _CSV:
        return Answer(csv_text(results, form), media_type="text/csv")
    if accept == _MSGPACK:
        moments = [_with_moments(result) for result in results] if not form.epoch else results
        shown = [
            c for number, one in enumerate(moments) for c in chunks(number, one, Form(form.epoch, exact=True))
        ]
        return Answer(packed({"results": shown}), media_type=_MSGPACK)
    answers = [chunk for number, result in enumerate(results) for chunk in chunks(number, result, form)]
    return Answer(json_text({"results": answers}, pretty=form.pretty), media_type="application/json")


def _with_moments(result: Result) -> Result:
    """Put times into MessagePack's own form; the rows are then shown as they are."""
    series = [
        Series(s.name, s.tags, s.columns, [[Moment(row[0]), *row[1:]] for row in s.rows], timed=False)
        if s.timed
        else s
        for s in result.series
    ]
    return Result(series, result.messages, result.error)


def _address(text: str) -> dict[str, str]:
    """Return the parameters of an address; of those that stand there twice the last ones."""
    pairs = [part.partition("=") for part in text.split("&") if part]
    return {_plain(name): _plain(value) for name, _, value in pairs}


def _plain(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text


async def _parameters(request: Request) -> dict[str, str]:
    """Return the parameters of the address, and those of a form; a body of InfluxQL is ``q``."""
    given = _address(request.scope["query_string"].decode("latin-1"))
    if request.method != "POST":
        return given
    whole_kind = request.headers.get("content-type", "")
    kind = whole_kind.partition(";")[0].strip().lower()
    body = await read_body(request, JSON_BYTES)
    if not body:
        return given
    if kind == "multipart/form-data":
        return _parts(whole_kind, body) | given
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise QueryError("the body must be UTF-8") from error
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(text, keep_blank_values=True)) | given
    return {"q": text} | given if kind == "application/vnd.influxql" else given


def _parts(kind: str, body: bytes) -> dict[str, str]:
    """Return the parts of a form as ``curl -F`` sends it.

    Only heads are given to the standard library: it looks for parts within parts, each line in all of them.
    """
    head = b"Content-Type: " + kind.encode("latin-1")
    boundary = _head(head).get_boundary() if len(head) < _HEAD_BYTES else None
    if not boundary:
        return {}
    begin = b"--" + boundary.encode("latin-1", "replace")
    end = b"\n" if body.startswith(begin + b"\n") else b"\r\n"
    _, *parts = (end + body).split(end + begin, _MOST_PARTS + 1)
    if len(parts) > _MOST_PARTS:
        raise QueryError(f"a form of more than {_MOST_PARTS} parts came; send the parameters alone")
    found = {}
    for part in parts:
        head, _, content = part.removeprefix(end).partition(end + end)
        told = _head(head[:_HEAD_BYTES])
        name = told.get_param("name", header="content-disposition")
        if isinstance(name, str):
            try:
                found[name] = content.decode()
            except UnicodeDecodeError as error:
                raise QueryError("the body must be UTF-8") from error
    return found


def _head(lines: bytes) -> Message:
    return message_from_bytes(lines + b"\r\n\r\n")


def _chunk_rows(given: Mapping[str, str]) -> int:
    size = given.get("chunk_size", "")
    if not size.isdecimal() or int(size[:10]) < 1:
        return _CHUNK_ROWS
    return min(int(size[:10]), _MAX_CHUNK_ROWS)


def _bound(text: str) -> dict[str, Parameter]:
    """Return the values of ``params``."""
    if not text:
        return {}
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QueryError(f"error parsing query parameters: {error}") from error
    if not isinstance(values, dict):
        raise QueryError("error parsing query parameters: expected a JSON object")
    return {name: _parameter(name, value) for name, value in values.items()}


_KINDS: Final = {
    "regex": "REGEX",
    "ident": "IDENT",
    "identifier": "IDENT",
    "string": "STRING",
    "duration": "DURATIONVAL",
}


def _parameter(name: str, value: Any) -> Parameter:
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, dict) and len(value) == 1:
        kind, inner = next(iter(value.items()))
        if kind in _KINDS and isinstance(inner, str):
            return _KINDS[kind], inner
        if kind == "duration" and isinstance(inner, int):
            return _KINDS[kind], f"{inner}ns"
        if kind in ("float", "number") and isinstance(inner, int | float):
            return float(inner)
        if kind in ("integer", "int", "boolean") and isinstance(inner, int):
            return inner
    raise QueryError(f"error parsing query parameters: {name} must be a string, a number or true or false")

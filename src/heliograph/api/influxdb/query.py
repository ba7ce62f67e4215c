"""``/query`` of InfluxDB 1.x: InfluxQL in, series out.

Source: COMPAT.md's transcripts of influxd 1.6.7, condensed in docs/http.md.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from heliograph.api.auth import caller_of, token_of
from heliograph.api.body import JSON_BYTES, read_body
from heliograph.api.errors import speaks_v1, v1_error
from heliograph.api.guard import require_own_origin
from heliograph.api.health import COMPATIBLE
from heliograph.api.identity.identities import Caller
from heliograph.api.identity.rights import Action
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
from heliograph.api.services import Services, WriteRequest, services
from heliograph.errors import Forbidden, QueryError, QuerySyntaxError
from heliograph.model.predicate import Predicate
from heliograph.model.time import Precision
from heliograph.query.influxql.cursor import Parameter
from heliograph.query.influxql.engine import Asked
from heliograph.query.influxql.plan.shapes import Result, Series
from heliograph.store.retention import WHOLE_BUCKET
from heliograph.store.rollups.summary import RAW

_CHUNK_ROWS: Final = 10_000
_MAX_CHUNK_ROWS: Final = 1_000_000
_LONG_ROWS: Final = 1_000
_HEADERS: Final = {"X-Influxdb-Version": COMPATIBLE, "X-Influxdb-Build": "OSS"}
_CSV: Final = ("application/csv", "text/csv")
_MSGPACK: Final = "application/x-msgpack"


class _Access:
    """What the one who asks may do, for the engine."""

    def __init__(self, hub: Services, caller: Caller, *, may_change: bool) -> None:
        self._hub = hub
        self._caller = caller
        self._may_change = may_change

    def read(self, bucket: str) -> None:
        """Let nobody pass who may not read a bucket."""
        self._hub.identities.require(self._caller, Action.READ, bucket)

    def write(self, bucket: str) -> None:
        """Let nobody pass who may not write to a bucket."""
        self._check_way()
        self._hub.identities.require(self._caller, Action.WRITE, bucket)

    def change(self) -> None:
        """Let only the operator make and drop databases."""
        self._check_way()
        if not self._caller.is_operator:
            raise Forbidden(
                "only the operator may do this; helio token on the hub's host prints the right token"
            )

    def _check_way(self) -> None:
        if not self._may_change:
            raise Forbidden(
                "what changes something must be sent by POST, with a token or from the hub's own page"
            )


class _Changes:
    """The hub's buckets and intake, for the engine."""

    def __init__(self, hub: Services) -> None:
        self._hub = hub

    async def create_bucket(self, name: str, keep_ns: int) -> None:
        """Make a bucket."""
        await self._hub.buckets.create(name, {RAW: keep_ns})

    async def set_keep(self, name: str, keep_ns: int) -> None:
        """Set how long a bucket keeps its points."""
        await self._hub.buckets.set_rules(name, WHOLE_BUCKET, {RAW: keep_ns})

    async def delete_bucket(self, name: str) -> None:
        """Delete a bucket."""
        await self._hub.buckets.delete(name)

    async def delete(self, bucket: str, predicate: Predicate, start_ns: int, end_ns: int) -> None:
        """Delete points."""
        await self._hub.deletes.delete(bucket, predicate, start_ns, end_ns)

    async def write(self, bucket: str, body: bytes) -> None:
        """Write lines.

        Raises:
            QueryError: some were refused.
        """
        result = await self._hub.intake.write(WriteRequest(bucket, body, None, Precision.NS))
        if result.errors:
            raise QueryError(f"partial write: {result.errors[0].reason}")


@speaks_v1
async def query(request: Request) -> Response:
    """``/query?q=…[&db=…][&rp=…][&epoch=…][&params=…][&chunked=true][&chunk_size=…][&pretty=true]``."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    given = await _parameters(request)
    accept = request.headers.get("accept", "").split(",")[0].split(";")[0].strip()
    try:
        response = await _answer(request, hub, caller, given, accept)
    except QuerySyntaxError as error:
        response = _refused(str(error), accept)
    except QueryError as error:
        response = _refused(str(error), accept)
    response.headers.update(_HEADERS)
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
    reading = request.method == "GET"
    if not reading and token_of(request) is None:
        require_own_origin(request)
    asked = Asked(
        text=text,
        access=_Access(hub, caller, may_change=not reading or token_of(request) is not None),
        database=given.get("db", ""),
        policy=given.get("rp", ""),
        parameters=_bound(given.get("params", "")),
        warn=reading,
    )
    form = Form(
        epoch=EPOCHS.get(given["epoch"], 1) if given.get("epoch") else 0,
        pretty=given.get("pretty") == "true",
        chunk_rows=_chunk_rows(given) if given.get("chunked") == "true" else 0,
    )
    results = hub.influxql.answers(asked, _Changes(hub))
    if form.chunk_rows and accept not in (*_CSV, _MSGPACK):
        first = await anext(results, None)  # what is no InfluxQL shows before the answer begins
        return StreamingResponse(_lines(first, results, form), media_type="application/json")
    found = [result async for result in results]
    if sum(len(series.rows) for result in found for series in result.series) < _LONG_ROWS:
        return _whole(found, form, accept)
    return await asyncio.to_thread(_whole, found, form, accept)  # others need not wait for a long text


async def _lines(first: Result | None, results: AsyncIterator[Result], form: Form) -> AsyncIterator[str]:
    number = 0
    while first is not None:
        for chunk in chunks(number, first, form):
            yield json_text({"results": [chunk]}, pretty=form.pretty)
        number += 1
        first = await anext(results, None)


def _whole(results: list[Result], form: Form, accept: str) -> Response:
    if accept in _CSV:
        return Response(csv_text(results, form), media_type="text/csv")
    if accept == _MSGPACK:
        moments = [_with_moments(result) for result in results] if not form.epoch else results
        shown = [
            c for number, one in enumerate(moments) for c in chunks(number, one, Form(form.epoch, exact=True))
        ]
        return Response(packed({"results": shown}), media_type=_MSGPACK)
    answers = [chunk for number, result in enumerate(results) for chunk in chunks(number, result, form)]
    return Response(json_text({"results": answers}, pretty=form.pretty), media_type="application/json")


def _with_moments(result: Result) -> Result:
    """Put times into MessagePack's own form; the rows are then shown as they are."""
    series = [
        Series(s.name, s.tags, s.columns, [[Moment(row[0]), *row[1:]] for row in s.rows], timed=False)
        if s.timed
        else s
        for s in result.series
    ]
    return Result(series, result.messages, result.error)


async def _parameters(request: Request) -> dict[str, str]:
    """Return the parameters of the address, and those of a form; a body of InfluxQL is ``q``."""
    given = dict(request.query_params)
    if request.method != "POST":
        return given
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await read_body(request, JSON_BYTES)
    if not body:
        return given
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise QueryError("the body must be UTF-8") from error
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(text, keep_blank_values=True)) | given
    return {"q": text} | given if kind == "application/vnd.influxql" else given


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
    "duration": "DURATION",
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

"""``POST /api/v2/query`` of InfluxDB 2.x: Flux in, annotated CSV out.

Source: InfluxDB's annotated CSV reference, and what its clients send (docs/http.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from heliograph.api.auth import caller_of, token_of
from heliograph.api.body import JSON_BYTES, read_body, read_json
from heliograph.api.errors import speaks_influx_v2
from heliograph.api.guard import require_own_origin
from heliograph.api.identity.identities import Caller
from heliograph.api.identity.ids import ORGANIZATION_ID
from heliograph.api.identity.rights import BUCKETS, Action
from heliograph.api.influxdb.directory import AUTOGEN, BucketEntry
from heliograph.api.services import Services, services
from heliograph.errors import Forbidden, QueryError
from heliograph.query.flux.annotated import ANNOTATIONS, Dialect, csv_parts
from heliograph.query.flux.engine import Asked
from heliograph.query.flux.session import BucketRow
from heliograph.query.flux.syntax.extern import given_program
from heliograph.query.flux.tables import Tables
from heliograph.query.flux.values import parse_time

_FLUX: Final = "application/vnd.flux"
_PIECE_CHARACTERS: Final = 64 * 1024
_DATE_FORMATS: Final = ("RFC3339", "RFC3339Nano")


@dataclass(frozen=True, slots=True)
class _Access:
    """What the one who asks may read, for the engine."""

    hub: Services
    caller: Caller
    entries: Sequence[BucketEntry]
    keeps_ns: dict[str, int]

    def bucket(self, name: str) -> str:
        """Return the bucket of a name or an id."""
        names = {entry.name for entry in self.entries}
        found = (
            {entry.id: entry.name for entry in self.entries}.get(name, name) if name not in names else name
        )
        base = name.removesuffix(f"/{AUTOGEN}")
        if found not in names and base in names:
            found = base
        try:
            self.hub.identities.require(self.caller, Action.READ, found)
        except Forbidden:
            self.hub.identities.require(self.caller, Action.READ, name)  # what they named, and no more
            raise
        return found

    def buckets(self) -> list[BucketRow]:
        """Return the buckets that may be read."""
        return [
            BucketRow(entry.name, entry.id, ORGANIZATION_ID, self.keeps_ns.get(entry.name, 0))
            for entry in self.entries
            if self.caller.may(Action.READ, BUCKETS, entry.id)
        ]


@speaks_influx_v2
async def query_v2(request: Request) -> Response:
    """``{"query": …, "dialect": {…}, "type": "flux", "extern": {…}, "now": …}``, or Flux as it is."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    if token_of(request) is None:
        require_own_origin(request)
    sent = await _sent(request)
    reports = await hub.buckets.report()
    access = _Access(hub, caller, hub.directory.buckets(), {one.name: one.keep_ns for one in reports})
    now = {"now_ns": sent.now_ns} if sent.now_ns is not None else {}
    results = await hub.flux.answer(Asked(sent.text, access, given=given_program(sent.extern), **now))
    return StreamingResponse(_pieces(results, sent.dialect), media_type="text/csv; charset=utf-8")


def _pieces(results: Mapping[str, Tables], dialect: Dialect) -> Iterator[str]:
    """Yield the answer in pieces that are worth sending."""
    waiting: list[str] = []
    size = 0
    for part in csv_parts(results, dialect):
        waiting.append(part)
        size += len(part)
        if size >= _PIECE_CHARACTERS:
            yield "".join(waiting)
            waiting, size = [], 0
    yield "".join(waiting)


@dataclass(frozen=True, slots=True)
class _Sent:
    text: str
    dialect: Dialect = field(default_factory=Dialect)
    extern: Any = None
    now_ns: int | None = None


async def _sent(request: Request) -> _Sent:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _FLUX:
        body = await read_body(request, JSON_BYTES)
        try:
            return _Sent(_not_empty(body.decode()))
        except UnicodeDecodeError as error:
            raise QueryError("the body must be UTF-8") from error
    asked = await read_json(request)
    if asked.get("type") not in (None, "", "flux"):
        raise QueryError(f'type must be "flux"; {asked["type"]!r} came. InfluxQL is asked for at /query')
    if asked.get("query") is None and asked.get("ast") is not None:
        raise QueryError("a syntax tree is not supported; send the text as query")
    return _Sent(
        _not_empty(asked.get("query")), _dialect(asked.get("dialect")), asked.get("extern"), _now(asked)
    )


def _not_empty(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise QueryError("query is missing; expected a text of Flux")
    return text


def _now(asked: dict[str, Any]) -> int | None:
    now = asked.get("now")
    if not now:
        return None
    try:
        return parse_time(now).ns
    except (TypeError, ValueError) as error:
        raise QueryError(f"now must be a time as in 2030-01-01T00:00:00Z; {now!r} came") from error


def _dialect(asked: Any) -> Dialect:
    if asked is None:
        return Dialect()
    if not isinstance(asked, dict):
        raise QueryError("dialect must be a JSON object")
    annotations = asked.get("annotations") or []
    if not isinstance(annotations, list) or not all(one in ANNOTATIONS for one in annotations):
        raise QueryError(f"dialect.annotations must be a list of {', '.join(ANNOTATIONS)}")
    delimiter, comment = asked.get("delimiter") or ",", asked.get("commentPrefix") or "#"
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise QueryError("dialect.delimiter must be one character")
    if comment not in ("#", ""):
        raise QueryError('dialect.commentPrefix must be "#"')
    if asked.get("dateTimeFormat") not in (None, "", *_DATE_FORMATS):
        raise QueryError(f"dialect.dateTimeFormat must be one of {', '.join(_DATE_FORMATS)}")
    header = asked.get("header")
    return Dialect(header is None or header is True, delimiter, tuple(annotations), comment)

"""``/api/panels/query`` and ``/api/variables``: all queries of one refresh in one request."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import caller_of
from heliograph.api.body import read_json
from heliograph.api.dashboards.answers import (
    LANGUAGES,
    MayRead,
    PanelQuery,
    frames_of,
    influxql_results,
    told,
)
from heliograph.api.dashboards.frames import Frame
from heliograph.api.errors import speaks_v2
from heliograph.api.identity.identities import Caller
from heliograph.api.identity.rights import Action
from heliograph.api.json_text.response import dump
from heliograph.api.questions.plans import expect
from heliograph.api.services import Services, services
from heliograph.errors import Error, QueryError
from heliograph.store.catalogue import DEFAULT_BUCKET

MAX_QUERIES: Final = 500
_AT_ONCE: Final = 4
_REQUEST_BYTES: Final = 4 * 1024 * 1024
_MAX_VALUES: Final = 5_000
_FEW_VALUES: Final = 5_000
"""So many are written within a moment; more are in a thread."""


@speaks_v2
async def query(request: Request) -> Response:
    """``POST /api/panels/query``: each query answers or fails by itself."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    asked = await read_json(request, _REQUEST_BYTES)
    return await answer(request, hub, asked, reader(hub, caller), caller)


def reader(hub: Services, caller: Caller) -> MayRead:
    """Return what lets nobody pass who may not read a bucket."""
    return lambda bucket: hub.identities.require(caller, Action.READ, bucket)


async def answer(
    request: Request, hub: Services, asked: dict[str, Any], may_read: MayRead, who: Hashable
) -> Response:
    """Return the answers to all queries of a request; when its client goes, the work stops.

    Raises:
        QueryError: it is no such request.
    """
    entries = expect(asked, "queries", list)
    if not 1 <= len(entries) <= MAX_QUERIES:
        raise QueryError(f"queries must hold 1 to {MAX_QUERIES} entries, {len(entries)} came")
    results = [b""] * len(entries)
    turns = asyncio.Semaphore(_AT_ONCE)
    room = _Room(hub.engine.memory.limit_bytes // 4)

    async def one(place: int) -> None:
        async with turns:
            results[place] = await _result(hub, entries[place], may_read, who, room)

    async with asyncio.TaskGroup() as group:
        watching = group.create_task(_gone(request), name="client")
        working = [group.create_task(one(place)) for place in range(len(entries))]
        every = [*working, watching]
        for task in working:
            task.add_done_callback(lambda _: _finish(working, watching))
        watching.add_done_callback(lambda _: [task.cancel() for task in every])
    return Response(b'{"results":[%b]}' % b",".join(results), media_type="application/json")


@dataclass(slots=True)
class _Room:
    """What the answers of one request may take together, as they are sent."""

    size_bytes: int

    def take(self, answer: bytes) -> None:
        """Count an answer.

        Raises:
            QueryError: there is no room for it.
        """
        if len(answer) > self.size_bytes:
            raise QueryError(
                "the answers to this request take more than a quarter of limits.query_memory; show fewer"
                " panels at once, shorter ranges or longer intervals"
            )
        self.size_bytes -= len(answer)


def _finish(working: list[asyncio.Task[None]], watching: asyncio.Task[None]) -> None:
    if all(task.done() for task in working):
        watching.cancel()


async def _gone(request: Request) -> None:
    """Return when the client has gone away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _result(hub: Services, entry: object, may_read: MayRead, who: Hashable, room: _Room) -> bytes:
    """Return the answer to one query, or its error, as it is sent: so it takes the least memory."""
    if not isinstance(entry, dict):
        return dump({"id": "", "error": {"message": "each entry of queries must be an object"}})
    name = str(entry.get("id", ""))
    try:
        asked = PanelQuery.of(entry)
        key = (who, asked.language, asked.bucket, asked.text, asked.format)
        frames = hub.panel_answers.get(key)
        if frames is None:
            frames = await _written(await frames_of(hub, asked, may_read))
            hub.panel_answers.keep(key, frames, asked.interval_ms)
        room.take(frames)
    except Error as error:
        return dump({"id": name, "error": told(error)})
    return b'{"id":%b,"frames":%b}' % (dump(name), frames)


async def _written(frames: list[Frame]) -> bytes:
    if sum(len(field["values"]) for frame in frames for field in frame["fields"]) <= _FEW_VALUES:
        return dump(frames)
    return await asyncio.to_thread(dump, frames)


@speaks_v2
async def variables(request: Request) -> Response:
    """``GET /api/variables?language=…&bucket=…&text=…``: the values of a variable's query."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    return await variable_values(request, hub, reader(hub, caller))


async def variable_values(request: Request, hub: Services, may_read: MayRead) -> Response:
    """Return the values that the query in a request's address gives.

    Raises:
        Error: why there are none.
    """
    given = request.query_params
    language = given.get("language", LANGUAGES[0])
    entry = {
        "language": language,
        "bucket": given.get("bucket", DEFAULT_BUCKET),
        "text": given.get("text", ""),
    }
    asked = PanelQuery.of(entry | {"format": "table"})
    if language == "influxql":
        may_read(asked.bucket)
        found = [value for result in await influxql_results(hub, asked, may_read) for value in _shown(result)]
    else:
        found = _of_frames(await frames_of(hub, asked, may_read))
    unique = list(dict.fromkeys(found))
    shown = [{"text": value, "value": value} for value in unique[:_MAX_VALUES]]
    return JSONResponse({"values": shown, "truncated": len(unique) > _MAX_VALUES})


def _shown(result: Any) -> list[str]:
    """Return the values of a result: of SHOW TAG VALUES the second column, of a SELECT all but the time."""
    found: list[str] = []
    for series in result.series:
        first = 1 if series.timed or series.columns[:2] == ["key", "value"] else 0
        columns = range(first, len(series.columns)) if series.timed else (first,)
        found += [_word(row[place]) for row in series.rows for place in columns if row[place] is not None]
    return found


def _of_frames(frames: list[dict[str, Any]]) -> list[str]:
    """Return the values of the column that means them: ``_value`` or ``name``, else the first."""
    found: list[str] = []
    for frame in frames:
        fields = [field for field in frame["fields"] if field["type"] != "time"]
        named = [field for field in fields if field["name"] in ("_value", "value", "name", "__text")]
        for field in (named or fields)[:1]:
            found += [_word(value) for value in field["values"] if value is not None]
    return found


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

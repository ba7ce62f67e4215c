"""One query of a panel, in any of the three languages, answered as frames or by an error with its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from heliograph.api.dashboards.frames import FORMATS, Frame, flux_frames, influxql_frames, sql_frames
from heliograph.api.identity.ids import ORGANIZATION_ID
from heliograph.api.influxdb.asking import HubChanges
from heliograph.api.questions.plans import expect
from heliograph.api.services import Services
from heliograph.errors import Error, Forbidden, QueryError, QuerySyntaxError
from heliograph.query.flux.engine import Asked as FluxAsked
from heliograph.query.flux.session import BucketRow
from heliograph.query.influxql.engine import Asked as InfluxqlAsked
from heliograph.query.influxql.plan.shapes import Result
from heliograph.store.catalogue import DEFAULT_BUCKET

LANGUAGES: Final = ("influxql", "flux", "sql")
MayRead = Callable[[str], None]
"""Lets nobody pass who may not read a bucket."""


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """What a panel asks, its variables filled in."""

    id: str
    language: str
    bucket: str
    text: str
    interval_ms: int
    format: str

    @staticmethod
    def of(entry: dict[str, Any]) -> PanelQuery:
        """Return the query of a request's entry.

        Raises:
            QueryError: something is missing, or of another kind than expected.
        """
        language = expect(entry, "language", str, LANGUAGES[0])
        if language not in LANGUAGES:
            raise QueryError(f"language must be one of {', '.join(LANGUAGES)}; {language!r} came")
        form = expect(entry, "format", str, FORMATS[0])
        if form not in FORMATS:
            raise QueryError(f"format must be one of {', '.join(FORMATS)}; {form!r} came")
        text = expect(entry, "text", str)
        if not text.strip():
            raise QueryError("the query is empty; write one, or hide it")
        bucket = entry.get("bucket") or DEFAULT_BUCKET
        if not isinstance(bucket, str):
            raise QueryError(f"bucket must be a text, {bucket!r} came")
        interval_ms = expect(entry, "interval_ms", int, 0)
        return PanelQuery(str(entry.get("id", "")), language, bucket, text, interval_ms, form)


class _Reading:
    """Rights of one who only reads, as the engine of InfluxQL asks for them."""

    user = "panel"

    def __init__(self, may_read: MayRead) -> None:
        self.read = may_read

    def sees(self, bucket: str) -> bool:
        """Return whether a bucket may be read."""
        try:
            self.read(bucket)
        except Error:
            return False
        return True

    def write(self, bucket: str) -> None:
        """Let nobody pass."""
        raise Forbidden(f"a panel only reads; a statement that changes the bucket {bucket!r} is for /query")

    def oversee(self) -> None:
        """Let nobody pass."""
        raise Forbidden("a panel only reads points; statements about the whole hub are for /query")

    def change(self) -> None:
        """Let nobody pass."""
        raise Forbidden("a panel only reads; statements that change something are for /query")


class _FluxReading:
    """Rights of one who only reads, as the engine of Flux asks for them."""

    def __init__(self, hub: Services, may_read: MayRead) -> None:
        self._hub = hub
        self._may_read = may_read

    def bucket(self, name: str) -> str:
        """Return the bucket of a name or an id."""
        found = self._hub.directory.bucket_name(name)
        try:
            self._may_read(found)
        except Forbidden:
            self._may_read(name)  # what they named, and no more
            raise
        return found

    def buckets(self) -> list[BucketRow]:
        """Return the buckets that may be read."""
        found = []
        for entry in self._hub.directory.buckets():
            try:
                self._may_read(entry.name)
            except Error:
                continue
            found.append(BucketRow(entry.name, entry.id, ORGANIZATION_ID, 0))
        return found


async def frames_of(hub: Services, query: PanelQuery, may_read: MayRead) -> list[Frame]:
    """Return the answer to a query. On cancellation the work is interrupted.

    Raises:
        Error: why there is none.
    """
    may_read(query.bucket)
    if query.language == "flux":
        return flux_frames(await hub.flux.answer(FluxAsked(query.text, _FluxReading(hub, may_read))))
    if query.language == "sql":
        return sql_frames(await hub.user_sql.run(query.bucket, query.text))
    return influxql_frames(await influxql_results(hub, query, may_read), query.format)


async def influxql_results(hub: Services, query: PanelQuery, may_read: MayRead) -> list[Result]:
    """Return the results of a text of InfluxQL.

    Raises:
        Error: why there are none.
    """
    asked = InfluxqlAsked(text=query.text, access=_Reading(may_read), database=query.bucket)
    results = [result async for result in hub.influxql.answers(asked, HubChanges(hub))]
    for result in results:
        if result.error is not None:
            raise QueryError(result.error)
    return results


def told(error: Error) -> dict[str, Any]:
    """Return an error as a panel shows it."""
    if isinstance(error, QuerySyntaxError) and error.line:
        return {"message": error.reason, "line": error.line, "column": error.column}
    return {"message": str(error)}

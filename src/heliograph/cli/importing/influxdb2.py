"""Points of an InfluxDB 2.x, by its query API: Flux, answered in annotated CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final
from urllib.parse import quote

from heliograph.cli.endpoint import Endpoint
from heliograph.cli.importing.influxql import TIMEOUT
from heliograph.cli.importing.source import Place
from heliograph.cli.questions import annotated
from heliograph.cli.questions.times import format_time
from heliograph.errors import HubError, QueryError
from heliograph.model.point import FieldValue, Point, UInt
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS, SECOND_NS

_PAGE: Final = 100
_FIRST_COLUMN: Final = 3
"""Behind those of the annotation, the result and the table, which a tag may be called too."""
_OWN_COLUMNS: Final = frozenset({"_start", "_stop", "_time", "_value", "_field", "_measurement"})
Row = dict[str, Any]


class InfluxDb2:
    """A running server of InfluxDB 2.x."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.url = endpoint.url
        self._server = endpoint
        self._org = ""

    def places(self) -> list[Place]:
        """Return the buckets, but for those that the server keeps for itself."""
        found: list[Place] = []
        offset = 0
        while True:
            page = self._server.json("GET", f"/api/v2/buckets?limit={_PAGE}&offset={offset}")["buckets"]
            for bucket in page:
                if bucket.get("type") == "system":
                    continue
                self._org = bucket.get("orgID", "")
                rules = bucket.get("retentionRules") or [{}]
                keep = int(rules[0].get("everySeconds", 0))
                found.append(Place(bucket["name"], "", bucket["name"], keep))
            if len(page) < _PAGE:
                return found
            offset += _PAGE

    def measurements(self, place: Place) -> list[str]:
        """Return the measurements of a bucket, whatever their time."""
        text = (
            'import "influxdata/influxdb/schema"\n'
            f"schema.measurements(bucket: {_text(place.database)}, start: {format_time(MIN_TIME_NS)})"
        )
        return [row["_value"] for row in self._rows(text)]

    def bounds(self, place: Place, measurement: str, start_ns: int, end_ns: int) -> tuple[int, int] | None:
        """Return the times of the first and the last point, told by those of each series."""
        read = _from(place, measurement, start_ns, end_ns)
        first = min((row["_time"] for row in self._rows(f"{read} |> first()")), default=None)
        last = max((row["_time"] for row in self._rows(f"{read} |> last()")), default=None)
        return None if first is None or last is None else (first, last)

    def points(self, place: Place, measurement: str, start_ns: int, end_ns: int) -> Iterator[Point]:
        """Yield the values one by one, each as a point of its own."""
        for row in self._rows(_from(place, measurement, start_ns, end_ns)):
            tags = {name: value for name, value in row.items() if name not in _OWN_COLUMNS and value}
            value: FieldValue | None = row["_value"]
            if value is not None:
                yield Point(measurement, {row["_field"]: value}, tags, row["_time"])

    def counts(self, place: Place, measurement: str, start_ns: int, end_ns: int) -> Counter[str]:
        """Return how many values each field has; a range that is too much is counted in halves."""
        try:
            found: Counter[str] = Counter()
            for row in self._rows(f"{_from(place, measurement, start_ns, end_ns)} |> count()"):
                found[row["_field"]] += row["_value"]
            return +found
        except QueryError:
            if end_ns - start_ns < SECOND_NS:
                raise
        middle_ns = (start_ns + end_ns) // 2
        first = self.counts(place, measurement, start_ns, middle_ns)
        return first + self.counts(place, measurement, middle_ns, end_ns)

    def warnings(self) -> list[str]:
        """Return nothing: what cannot be copied is refused."""
        return []

    def _rows(self, flux: str) -> Iterator[Row]:
        """Yield the rows of an answer.

        Raises:
            QueryError: the server refuses the question.
            HubError: it does not answer.
        """
        path = f"/api/v2/query?orgID={quote(self._org)}" if self._org else "/api/v2/query"
        body: dict[str, Any] = {"query": flux, "type": "flux", "dialect": annotated.DIALECT}
        try:
            answer = self._server.open("POST", path, body, timeout=TIMEOUT)
        except HubError as error:
            if error.status in (400, 422):
                raise QueryError(error.reason) from error
            raise
        for heading, cells in annotated.rows(self._server.pieces(answer)):
            yield {
                name: _unsigned(heading, column, cells[column])
                for column, name in islice(enumerate(heading.names), _FIRST_COLUMN, None)
            }


def _unsigned(heading: annotated.Heading, column: int, text: str) -> Any:
    value = heading.value(column, text)
    return UInt(value) if heading.types[column] == "unsignedLong" and value is not None else value


def _from(place: Place, measurement: str, start_ns: int, end_ns: int) -> str:
    stop = format_time(min(end_ns, MAX_TIME_NS))
    return (
        f"from(bucket: {_text(place.database)}) |> range(start: {format_time(start_ns)}, stop: {stop})"
        f" |> filter(fn: (r) => r._measurement == {_text(measurement)})"
    )


def _text(text: str) -> str:
    """Return a text as Flux quotes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("${", "\\${")
    return f'"{escaped}"'

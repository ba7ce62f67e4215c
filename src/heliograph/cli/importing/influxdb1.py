"""Points of an InfluxDB 1.x, by its query API."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from heliograph.cli.endpoint import Endpoint
from heliograph.cli.importing.influxql import InfluxQl, between, name
from heliograph.cli.importing.source import Place
from heliograph.errors import QueryError
from heliograph.model.point import FieldValue, Point, UInt

_OWN: Final = "_internal"
_FIELDS_AT_ONCE: Final = 100
_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_READ: Final[dict[str, Callable[[Any], FieldValue]]] = {
    "float": float,
    "integer": int,
    "unsigned": UInt,
    "string": str,
    "boolean": bool,
}
"""How the value of a field is read from JSON, which does not tell 1.0 from 1."""


class InfluxDb1:
    """A running server of InfluxDB 1.x."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.url = endpoint.url
        self._server = InfluxQl(endpoint)
        self._types: tuple[tuple[Place, str], dict[str, str]] | None = None
        self._warnings: dict[str, None] = {}

    def places(self) -> list[Place]:
        """Return every policy of every database; the default one is the bucket of the database's name."""
        found: list[Place] = []
        for (database,) in self._server.rows("SHOW DATABASES"):
            if database == _OWN:
                continue
            for one in self._server.series(f"SHOW RETENTION POLICIES ON {name(database)}"):
                for row in (dict(zip(one["columns"], values, strict=True)) for values in one["values"]):
                    policy = row["name"]
                    bucket = database if row["default"] else f"{database}/{policy}"
                    found.append(Place(database, policy, bucket, _seconds(row["duration"])))
        return found

    def measurements(self, place: Place) -> list[str]:
        """Return the measurements of the database; some may have no points in this policy."""
        rows = self._server.rows(f"SHOW MEASUREMENTS ON {name(place.database)}", place.database)
        return [str(row[0]) for row in rows]

    def bounds(self, place: Place, measurement: str, start_ns: int, end_ns: int) -> tuple[int, int] | None:
        """Return the times of the first and the last point."""
        times: list[int] = []
        for selected in self._selections(place, measurement):
            for order in ("ASC", "DESC"):
                text = (
                    f"SELECT {selected} FROM {_from(place, measurement)} WHERE {between(start_ns, end_ns)}"
                    f" ORDER BY time {order} LIMIT 1"
                )
                times += [row[0] for row in self._server.rows(text, place.database)]
        return (min(times), max(times)) if times else None

    def points(self, place: Place, measurement: str, start_ns: int, end_ns: int) -> Iterator[Point]:
        """Yield the points series by series; of many fields a hundred at a time."""
        types = self._field_types(place, measurement)
        for selected in self._selections(place, measurement):
            text = (
                f"SELECT {selected} FROM {_from(place, measurement)} WHERE {between(start_ns, end_ns)}"
                " GROUP BY *"
            )
            for one in self._server.series(text, place.database):
                yield from _points(measurement, one, types)

    def counts(self, place: Place, measurement: str, start_ns: int, end_ns: int) -> Counter[str]:
        """Return how many values each field has."""
        return self._server.counts(place.database, place.policy, measurement, start_ns, end_ns)

    def warnings(self) -> list[str]:
        """Return which fields have values of several types."""
        return list(self._warnings)

    def _field_types(self, place: Place, measurement: str) -> dict[str, str]:
        if self._types is None or self._types[0] != (place, measurement):
            text = f"SHOW FIELD KEYS ON {name(place.database)} FROM {name(place.policy)}.{name(measurement)}"
            found: dict[str, set[str]] = {}
            for field, type_ in self._server.rows(text, place.database):
                found.setdefault(field, set()).add(type_)
            chosen = {field: self._type(measurement, field, types) for field, types in found.items()}
            self._types = ((place, measurement), chosen)
        return self._types[1]

    def _type(self, measurement: str, field: str, types: set[str]) -> str:
        """Return the type that a field is read with, where shards disagree: that which most values fit."""
        chosen = next((known for known in _READ if known in types), None)
        if chosen is None:
            raise QueryError(f"field {field!r} of {measurement!r} is of the unknown type {types}")
        if not types <= {"float", "integer", "unsigned"} and len(types) > 1:
            left = ", ".join(sorted(types - {chosen}))
            self._warnings[
                f'the field "{field}" of "{measurement}" has values of several types: those of type {chosen}'
                f" were copied, those of type {left} not"
            ] = None
        return chosen

    def _selections(self, place: Place, measurement: str) -> Iterator[str]:
        columns = [f"{name(f)}::{type_}" for f, type_ in self._field_types(place, measurement).items()]
        for first in range(0, len(columns), _FIELDS_AT_ONCE):
            yield ", ".join(columns[first : first + _FIELDS_AT_ONCE])


def _from(place: Place, measurement: str) -> str:
    return f"{name(place.database)}.{name(place.policy)}.{name(measurement)}"


def _points(measurement: str, series: Mapping[str, Any], types: Mapping[str, str]) -> Iterator[Point]:
    tags = series.get("tags", {})
    names: list[str] = series["columns"][1:]
    read = [_READ[types[field]] for field in names]
    for time_ns, *values in series.get("values", []):
        fields = {
            field: make(value)
            for field, make, value in zip(names, read, values, strict=True)
            if value is not None
        }
        if fields:
            yield Point(measurement, fields, tags, time_ns)


def _seconds(duration: str) -> int:
    """Return the seconds of a duration as Go writes it, such as ``168h0m0s``."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise QueryError(f"a retention policy is kept for {duration!r}; expected hours, minutes and seconds")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return 3_600 * hours + 60 * minutes + seconds

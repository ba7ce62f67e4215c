"""What there is: buckets(), and the package schema, from the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from heliograph.model.point import SeriesKey
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.functions.shaping import FIELDS_AS_COLUMNS
from heliograph.query.flux.predicates import SeriesTest, conjuncts, of_series
from heliograph.query.flux.session import Session
from heliograph.query.flux.syntax import tree
from heliograph.query.flux.tables import FIELD, MEASUREMENT, START, STOP, VALUE, Column, Table, Tables
from heliograph.query.flux.values import Duration, Time

_MONTH: Final = Duration(0, -30 * 86_400 * 1_000_000_000)


@dataclass(frozen=True, slots=True)
class _Series:
    """One series and field that a question means."""

    measurement: str
    field: str
    tags: SeriesKey

    def value(self, tag: str) -> str | None:
        """Return the value of a tag, or of what stands beside them."""
        if tag in (MEASUREMENT, FIELD):
            return self.measurement if tag == MEASUREMENT else self.field
        return dict(self.tags).get(tag)


def _buckets(session: Session, _: Arguments) -> Tables:
    rows = sorted(session.access.buckets(), key=lambda one: one.name)
    columns = {
        "name": Column("string", [one.name for one in rows]),
        "id": Column("string", [one.id for one in rows]),
        "organizationID": Column("string", [one.organization_id for one in rows]),
        "retentionPolicy": Column("string", ["" for _ in rows]),
        "retentionPeriod": Column("int", [one.keep_ns for one in rows]),
    }
    return Tables([Table({"organizationID": rows[0].organization_id}, columns)] if rows else [])


def _series(session: Session, arguments: Arguments, *, measurement: str | None) -> list[_Series]:
    """Return the series that a call asks about: those with points since its start."""
    bucket = session.access.bucket(arguments.text("bucket"))
    start_ns = arguments.moment(session, "start", _MONTH)
    arguments.moment(session, "stop", Time(session.now_ns))
    tests = _tests(arguments)
    found: list[_Series] = []
    with session.store.reading() as catalogue:
        for name, known in sorted(catalogue.bucket(bucket).items()):
            if measurement in (None, name):
                keys = [k for k, last in catalogue.series.get((bucket, name), {}).items() if last >= start_ns]
                found += [_Series(name, field, key) for field in sorted(known.fields) for key in sorted(keys)]
    session.check_rows(len(found))
    return [one for one in found if _holds(session, tests, one)]


def _tests(arguments: Arguments) -> list[SeriesTest]:
    function = arguments.function_value("predicate", None)
    if function is None or isinstance(function, Builtin):
        return []
    row, body = function.node.parameters[0].name, function.node.body
    if isinstance(body, tree.Literal | tree.Name) and function() is True:
        return []
    found = []
    for part in conjuncts(body):
        if isinstance(part, tree.Name) and part.name == "true":
            continue
        test = of_series(part, row, lambda node: function.interpreter.value(node, function.scope))
        if test is None:
            raise arguments.refuse(
                'argument "predicate" may only compare tags, _measurement and _field with strings'
            )
        found.append(test)
    return found


def _holds(session: Session, tests: Iterable[SeriesTest], one: _Series) -> bool:
    session.tick()
    tags = {**dict(one.tags), MEASUREMENT: one.measurement, FIELD: one.field}
    return all(test.holds(session, tags) for test in tests)


def _list(values: Iterable[str | None]) -> Tables:
    found = sorted({value for value in values if value is not None})
    return Tables([Table({}, {VALUE: Column("string", list(found))})] if found else [])


Listing = Callable[[Arguments, list[_Series]], Iterable[str | None]]


def _listing(name: str, values: Listing, *, of_measurement: bool = False) -> Builtin:
    def call(session: Session, arguments: Arguments) -> Tables:
        measurement = arguments.text("measurement") if of_measurement else None
        return _list(values(arguments, _series(session, arguments, measurement=measurement)))

    return Builtin(name, call)


def _tag_keys(_: Arguments, series: list[_Series]) -> Iterable[str]:
    tags = {tag for one in series for tag, _ in one.tags}
    return {START, STOP, FIELD, MEASUREMENT, *tags} if series else ()


def _tag_values(arguments: Arguments, series: list[_Series]) -> Iterable[str | None]:
    tag = arguments.text("tag")
    return {one.value(tag) for one in series}


SCHEMA: Final = {
    one.name: one
    for one in (
        _listing("measurements", lambda _, series: (one.measurement for one in series)),
        _listing("tagKeys", _tag_keys),
        _listing("tagValues", _tag_values),
        _listing("fieldKeys", lambda _, series: (one.field for one in series)),
        _listing("measurementTagKeys", _tag_keys, of_measurement=True),
        _listing("measurementTagValues", _tag_values, of_measurement=True),
        _listing(
            "measurementFieldKeys", lambda _, series: (one.field for one in series), of_measurement=True
        ),
        FIELDS_AS_COLUMNS,
    )
}
FUNCTIONS: Final = (Builtin("buckets", _buckets),)

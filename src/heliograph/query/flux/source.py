"""from() with the range() and filters behind it: what is read is decided before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.model.point import FieldType, SeriesKey
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.query.bounded import WIDEST
from heliograph.query.flux.predicates import Compared, SeriesTest
from heliograph.query.flux.session import Session
from heliograph.query.flux.tables import (
    COLUMN_TYPES,
    FIELD,
    MEASUREMENT,
    START,
    STOP,
    TIME,
    VALUE,
    Column,
    Grouping,
    Table,
    Tables,
)
from heliograph.store.relation import Snapshot, render
from heliograph.store.sql_text import quote

_MOST_VALUES: Final = 1_000
"""Of a tag that may have more values than this all are read, and left out afterwards."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be read of one bucket."""

    bucket: str
    start_ns: int | None = None
    """None until range() says."""
    stop_ns: int = 0
    tests: tuple[SeriesTest, ...] = ()
    """What every series must fulfil."""
    compared: tuple[Compared, ...] = ()
    """What every value must fulfil."""
    groups: tuple[str, ...] | None = None
    """What group() put straight behind it wants; None where each series is a table."""

    def filtered(self, tests: Iterable[SeriesTest], compared: Iterable[Compared]) -> Source:
        """Return the source with more to fulfil."""
        return replace(self, tests=(*self.tests, *tests), compared=(*self.compared, *compared))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is read of one measurement: by field the series."""

    snapshot: Snapshot
    fields: Mapping[str, frozenset[SeriesKey]]

    @property
    def tags(self) -> list[str]:
        """The tags of the measurement, by name."""
        return sorted(self.snapshot.measurement.tags)

    def kind(self, name: str) -> FieldType:
        """Return the type of a field."""
        return self.snapshot.measurement.fields[name][1]

    def physical(self, name: str) -> str:
        """Return the column of a field."""
        return quote(self.snapshot.measurement.fields[name][0])

    def parts(self) -> Iterator[Chosen]:
        """Yield it in parts of no more fields than one statement gives."""
        names = list(self.fields)
        for first in range(0, len(names), WIDEST):
            yield replace(self, fields={name: self.fields[name] for name in names[first : first + WIDEST]})


def chosen(session: Session, source: Source) -> Iterator[tuple[str, Chosen]]:
    """Yield the measurements that have series which are asked for, by name.

    Raises:
        BucketNotFound: there is no such bucket.
    """
    with session.store.reading() as catalogue:
        known = {
            name: (dict(measurement.fields), list(catalogue.series.get((source.bucket, name), ())))
            for name, measurement in catalogue.bucket(source.bucket).items()
        }
    for name in sorted(known):
        fields, keys = known[name]
        found = _matching(session, source.tests, name, fields, keys)
        snapshot = session.store.snapshot(source.bucket, name) if found else None
        if snapshot is not None:
            session.read.add((source.bucket, name))
            yield name, Chosen(snapshot, found)


def _matching(
    session: Session, tests: Sequence[SeriesTest], name: str, fields: Iterable[str], keys: Sequence[SeriesKey]
) -> dict[str, frozenset[SeriesKey]]:
    """Return by field the series that fulfil all tests; each test looks at no more than it names."""
    context = {MEASUREMENT: name}
    if not all(test.holds(session, context) for test in tests if test.names <= {MEASUREMENT}):
        return {}
    tests = [test for test in tests if not test.names <= {MEASUREMENT}]
    of_field = [test for test in tests if test.names <= {MEASUREMENT, FIELD}]
    wanted = [
        f for f in sorted(fields) if all(test.holds(session, {**context, FIELD: f}) for test in of_field)
    ]
    of_series = [test for test in tests if FIELD not in test.names]
    mixed = [test for test in tests if FIELD in test.names and test not in of_field]
    matched = []
    for key in keys if wanted else ():
        session.tick()
        if all(test.holds(session, context | dict(key)) for test in of_series):
            matched.append(key)
    found = {}
    for field in wanted:
        some = [
            k for k in matched if all(t.holds(session, {**context, FIELD: field, **dict(k)}) for t in mixed)
        ]
        if some:
            found[field] = frozenset(some)
    return found


def check_range(source: Source) -> tuple[int, int]:
    """Return the range of a source.

    Raises:
        QueryError: range() is missing.
    """
    if source.start_ns is None:
        raise QueryError(
            f"cannot submit unbounded read to \"{source.bucket}\"; try bounding 'from' with a call to 'range'"
        )
    return source.start_ns, source.stop_ns


def relation(session: Session, source: Source, one: Chosen) -> tuple[str, list[Any]]:
    """Return SQL and parameters of the rows that may be wanted, all columns by their physical names."""
    start_ns, stop_ns = check_range(source)
    rows = render(
        one.snapshot,
        session.cursor.register,
        start_ns=max(start_ns, MIN_TIME_NS),
        end_ns=min(stop_ns, MAX_TIME_NS + 1),
        fields=list(one.fields),
    )
    where, parameters = series_conditions(
        session, source, one, lambda tag: quote(one.snapshot.measurement.tags[tag])
    )
    return f"SELECT * FROM ({rows}){where}", parameters


def series_conditions(
    session: Session, source: Source, one: Chosen, column: Callable[[str], str]
) -> tuple[str, list[Any]]:
    """Return a WHERE of what the tags of wanted series are, with parameters; ``column`` is a tag's in SQL."""
    conditions: list[str] = []
    parameters: list[Any] = []
    for tag, values in _wanted_values(one, _all_series(session, source, one)).items():
        conditions.append(f"list_contains(${len(parameters) + 1}::VARCHAR[], coalesce({column(tag)}, ''))")
        parameters.append(sorted(values))
    return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), parameters


def picks_exactly(session: Session, source: Source, one: Chosen) -> bool:
    """Return whether the rows of :func:`relation` are those of the wanted series, and no others."""
    every = _all_series(session, source, one)
    wanted = _wanted_values(one, every)
    keys = frozenset().union(*one.fields.values())
    others = (dict(key) for key in every if key not in keys)
    return not any(all(tags.get(tag, "") in values for tag, values in wanted.items()) for tags in others)


def _all_series(session: Session, source: Source, one: Chosen) -> list[SeriesKey]:
    with session.store.reading() as catalogue:
        return list(catalogue.series.get((source.bucket, one.snapshot.measurement.name), {}))


def _wanted_values(one: Chosen, every: Iterable[SeriesKey]) -> dict[str, set[str]]:
    """Return the values of tags that tell wanted series from others, where they are not too many."""
    keys = frozenset().union(*one.fields.values())
    found = {}
    for tag in one.snapshot.measurement.tags:
        values = {dict(key).get(tag, "") for key in keys}
        if len(values) <= _MOST_VALUES and not values >= {dict(key).get(tag, "") for key in every}:
            found[tag] = values
    return found


def value_sql(source: Source, one: Chosen, field: str, parameters: list[Any]) -> str:
    """Return SQL of a field's value where it fulfils what is asked of values, else NULL."""
    column = one.physical(field)
    numeric = one.kind(field) not in (FieldType.STRING, FieldType.BOOLEAN)
    tests = []
    for compared in source.compared:
        if not numeric:
            tests.append("false")
            continue
        parameters.append(compared.value)
        left = (
            column
            if isinstance(compared.value, int) and one.kind(field) is not FieldType.FLOAT
            else f"{column}::DOUBLE"
        )
        kind = "HUGEINT" if left == column else "DOUBLE"
        tests.append(f"{left} {compared.sql_operator} ${len(parameters)}::{kind}")
    return f"CASE WHEN {' AND '.join(tests)} THEN {column} END" if tests else column


def tags_sql(one: Chosen) -> str:
    """Return SQL of the tags as g0, g1…, "" where a series has none, each with a comma."""
    tags = one.snapshot.measurement.tags
    return "".join(f"coalesce({quote(tags[tag])}, '') AS g{n}, " for n, tag in enumerate(one.tags))


def series_key(tags: Sequence[str], values: Sequence[str]) -> SeriesKey:
    """Return the series of some tag values."""
    return tuple((tag, value) for tag, value in zip(tags, values, strict=True) if value)


def group_key(source: Source, measurement: str, field: str, series: SeriesKey) -> dict[str, Any]:
    """Return the group key of one series and field, in the order of InfluxDB's columns."""
    start_ns, stop_ns = check_range(source)
    tags = dict(sorted([(FIELD, field), (MEASUREMENT, measurement), *series]))
    return {START: start_ns, STOP: stop_ns, **tags}


def series_table(
    key: Mapping[str, Any], times_ns: list[int | None] | None, kind: str, values: list[Any]
) -> Table:
    """Return a table of one series; without times it has no column of them."""
    count = len(values)
    columns = {name: Column("time", [key[name]] * count) for name in (START, STOP)}
    if times_ns is not None:
        columns[TIME] = Column("time", list(times_ns))
    columns[VALUE] = Column(kind, values)
    for name, value in key.items():
        if name not in columns:
            columns[name] = Column("string", [value] * count)
    return Table(key, columns)


def read(session: Session, stream: Source | Tables) -> Tables:
    """Return the tables of a stream: of a source one for each series and field, with its points by time.

    Raises:
        QueryError: a limit was reached, or range() is missing.
    """
    if isinstance(stream, Tables):
        return stream
    if stream.groups is not None:
        groups = Grouping()
        whole = read(session, replace(stream, groups=None))
        for table in whole.tables:
            groups.add(table, stream.groups)
        return Tables(groups.tables(ordered=True), whole.bounds, by_time=True)
    bounds = check_range(stream)
    tables: list[Table] = []
    rows = 0
    for name, one in chosen(session, stream):
        found: dict[tuple[SeriesKey, str], Table] = {}
        for part in one.parts():
            for place, table in _tables(session, stream, name, part):
                found[place] = table
                rows += len(table)
            session.check_rows(rows)
        tables += [found[place] for place in sorted(found)]
    return Tables(tables, bounds, fresh=True)


def _tables(
    session: Session, source: Source, name: str, one: Chosen
) -> Iterator[tuple[tuple[SeriesKey, str], Table]]:
    """Yield series and field of each table, and the table."""
    sql, parameters = relation(session, source, one)
    fields = list(one.fields)
    values = [value_sql(source, one, field, parameters) for field in fields]
    named = ", ".join(f"{value} AS v{number}" for number, value in enumerate(values))
    present = " OR ".join(f"v{number} IS NOT NULL" for number in range(len(fields)))
    width = len(one.tags)
    order = ", ".join(str(number + 1) for number in range(width + 1))
    inner = f"SELECT {tags_sql(one)}time AS t, {named} FROM ({sql})"
    statement = f"SELECT * FROM ({inner}) WHERE {present} ORDER BY {order}"
    found = session.rows(statement, parameters)
    by_series = {key: list(some) for key, some in groupby(found, key=lambda row: row[:width])}
    for values_of, some in by_series.items():
        key = series_key(one.tags, values_of)
        for number, field in enumerate(fields):
            if key not in one.fields[field]:
                continue
            at = width + 1 + number
            points = [(row[width], row[at]) for row in some if row[at] is not None]
            if points:
                group = group_key(source, name, field, key)
                kind = COLUMN_TYPES[one.kind(field)]
                table = series_table(group, [t for t, _ in points], kind, [v for _, v in points])
                yield (key, field), table

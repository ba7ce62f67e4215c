"""A SELECT and everything that it means where it is asked: sources, columns, groups, range."""

from __future__ import annotations

from dataclasses import dataclass, replace

from heliograph.errors import QueryError
from heliograph.model.point import FieldType
from heliograph.query.influxql.answer.relations import Stored
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.plan.checks import check
from heliograph.query.influxql.plan.columns import (
    Schema,
    expand_dimensions,
    expand_fields,
    field_name,
    union,
    unique_names,
    value_type,
)
from heliograph.query.influxql.plan.shapes import UNKNOWN, TimeRange
from heliograph.query.influxql.plan.times import parse_time, split_condition
from heliograph.query.influxql.plan.values import reduced
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.tree import (
    Call,
    Duration,
    Expression,
    Field,
    Measurement,
    Ref,
    Regex,
    Select,
    Text,
    Wildcard,
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A SELECT whose names have been looked up."""

    select: Select
    fields: tuple[Field, ...]
    names: tuple[str, ...]
    """The columns, without the time."""
    time_name: str
    sources: tuple[Stored | Prepared, ...]
    schema: Schema
    """What may be selected from the sources."""
    condition: Expression | None
    span: TimeRange
    interval: Interval | None
    dimensions: tuple[str, ...]
    ascending: bool
    fill: str
    aggregated: bool
    inner: bool
    """Whether it is a subquery."""

    def output_names(self) -> list[str]:
        """Return how a query around this one calls its columns."""
        return [entry.alias or field_name(entry.expression) for entry in self.fields]

    def output(self) -> Schema:
        """Return what a query around this one may select."""
        fields: dict[str, str] = {}
        for name, entry in zip(self.output_names(), self.fields, strict=True):
            kind = value_type(entry.expression, self.schema)
            if kind != UNKNOWN:
                fields.setdefault(name, kind)
        return Schema(fields, frozenset(self.dimensions))


@dataclass(frozen=True, slots=True)
class _Outer:
    """What a subquery takes over from the query around it."""

    span: TimeRange
    interval: Interval | None
    ascending: bool


def prepare(session: Session, select: Select, outer: _Outer | None = None) -> Prepared:
    """Look up what a SELECT names.

    Raises:
        QueryError: it makes no sense, with InfluxDB's words.
    """
    own = _interval(select, session.now_ns)
    condition, span = split_condition(select.condition, session.now_ns, select.zone)
    if own is not None and span.max_ns is None:
        span = replace(span, max_ns=session.now_ns)
    ascending = not select.descending
    if outer is not None:
        if select.order and ascending != outer.ascending:
            raise QueryError("subqueries must be ordered in the same direction as the query itself")
        ascending = outer.ascending
        span = span.intersect(outer.span)
    interval = own or (outer.interval if outer else None)
    listed = tuple(replace(entry, expression=reduced(entry.expression)) for entry in select.fields)
    checked, time_name = check(
        listed,
        select.fill,
        grouped=interval is not None,
        inherited=own is None and interval is not None,
        limit=select.window.limit,
    )
    inner = _Outer(span, interval, ascending)
    sources = [source for one in select.sources for source in _sources(session, one, inner)]
    schema = union(source.schema if isinstance(source, Stored) else source.output() for source in sources)
    fields = _with_top_columns(
        [
            entry
            for entry in expand_fields(listed, select.dimensions, schema, session.matches)
            if not (isinstance(entry.expression, Ref) and entry.expression.name == "time")
        ]
    )
    return Prepared(
        select=select,
        fields=tuple(fields),
        names=tuple(unique_names(fields)),
        time_name=time_name,
        sources=tuple(sources),
        schema=schema,
        condition=condition,
        span=span,
        interval=interval,
        dimensions=expand_dimensions(select.dimensions, schema, session.matches),
        ascending=ascending,
        fill=_fill(select, inner=outer is not None),
        aggregated=bool(checked.calls),
        inner=outer is not None,
    )


def _fill(select: Select, *, inner: bool) -> str:
    """What would be null is not even made where nobody sees it."""
    unseen = inner or select.target is not None
    return "none" if unseen and select.fill == "null" else select.fill


def _with_top_columns(fields: list[Field]) -> list[Field]:
    """The tags inside of top() and bottom() are columns behind it."""
    found: list[Field] = []
    for entry in fields:
        found.append(entry)
        call = entry.expression
        if isinstance(call, Call) and call.name in ("top", "bottom"):
            found += [Field(arg) for arg in call.args[1:] if isinstance(arg, Ref)]
    return found


def _sources(session: Session, source: Measurement | Select, inner: _Outer) -> list[Stored | Prepared]:
    if isinstance(source, Select):
        return [prepare(session, source, inner)]
    database = source.database or session.database
    policy = source.policy or ("" if source.database else session.policy)
    if not database:
        raise QueryError("database name required")
    bucket = session.places.bucket(database, policy)
    session.may_read(bucket)
    with session.store.reading() as catalogue:
        known = sorted(name for name in catalogue.bucket(bucket) if (bucket, name) in catalogue.series)
    if source.regex is not None:
        names = session.matches(source.regex, known)
    else:
        names = [source.name] if source.name in known else []
    return [stored for name in names if (stored := _stored(session, bucket, name)) is not None]


def _stored(session: Session, bucket: str, name: str) -> Stored | None:
    snapshot = session.store.snapshot(bucket, name)
    if snapshot is None:
        return None
    measurement = snapshot.measurement
    fields = {field: _type_name(kind) for field, (_, kind) in measurement.fields.items()}
    return Stored(name, bucket, snapshot, Schema(fields, frozenset(measurement.tags)))


def _type_name(kind: FieldType) -> str:
    return kind.value


def _interval(select: Select, now_ns: int) -> Interval | None:
    """Return the intervals of GROUP BY time()."""
    found: Interval | None = None
    for node in select.dimensions:
        if isinstance(node, Wildcard | Regex):
            continue
        if isinstance(node, Ref):
            if node.name.lower() == "time":
                raise QueryError("time() is a function and expects at least one argument")
            continue
        if not isinstance(node, Call):
            raise QueryError("only time and tag dimensions allowed")
        if node.name != "time":
            raise QueryError("only time() calls allowed in dimensions")
        if not 1 <= len(node.args) <= 2:
            raise QueryError("time dimension expected 1 or 2 arguments")
        length = node.args[0]
        if not isinstance(length, Duration):
            raise QueryError("time dimension must have duration argument")
        if found is not None:
            raise QueryError("multiple time dimensions not allowed")
        if length.value_ns > 0:
            offset_ns = _offset(node.args[1], length.value_ns, now_ns) if len(node.args) == 2 else 0
            found = Interval(length.value_ns, offset_ns, select.zone)
    return found


def _offset(node: Expression, length_ns: int, now_ns: int) -> int:
    if isinstance(node, Duration):
        return node.value_ns % length_ns if node.value_ns >= 0 else -(-node.value_ns % length_ns)
    if isinstance(node, Call):
        if node.name != "now":
            raise QueryError("time dimension offset function must be now()")
        if node.args:
            raise QueryError("time dimension offset now() function requires no arguments")
        return now_ns % length_ns
    at_ns = parse_time(node.value) if isinstance(node, Text) else None
    if at_ns is None:
        raise QueryError("time dimension offset must be duration or now()")
    return at_ns % length_ns

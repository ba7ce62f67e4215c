"""A SELECT and everything that it means where it is asked: sources, columns, groups, range."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from heliograph.errors import QueryError
from heliograph.query.influxql.answer.relations import Stored
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.plan.checks import ANY_ORDER, Checked, check
from heliograph.query.influxql.plan.columns import (
    Schema,
    expand_dimensions,
    expand_fields,
    field_name,
    union,
    unique_names,
    value_type,
)
from heliograph.query.influxql.plan.operands import check_operands
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
    Window,
)

_NO_TYPES: Final = Schema({}, frozenset())


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
    ordered: bool
    """Whether it shows in which order rows of equal times come."""
    shards: TimeRange
    """The range of the outermost query: InfluxDB looks at the shards in it."""
    series_window: Window
    """How many series are shown, from which on; in ``limit`` and ``offset``."""

    def output_names(self) -> list[str]:
        """Return how a query around this one calls its columns."""
        return [entry.alias or field_name(entry.expression) for entry in self.fields]

    def output(self) -> Schema:
        """Return what a query around this one may select."""
        fields: dict[str, str] = {}
        for name, entry in zip(self.output_names(), self.fields, strict=True):
            if fields.get(name, UNKNOWN) == UNKNOWN:
                fields[name] = self._type_of(entry.expression)
        return Schema(fields, frozenset(self.dimensions))

    def _type_of(self, node: Expression) -> str:
        """Return the type of a column; unknown, it is one of nulls."""
        try:
            check_operands(node, self.schema)
        except QueryError:
            return UNKNOWN
        return value_type(node, self.schema)


@dataclass(frozen=True, slots=True)
class _Outer:
    """What a subquery takes over from the query around it."""

    span: TimeRange
    interval: Interval | None
    ascending: bool
    series_window: Window
    shards: TimeRange
    ordered: bool


def prepare(session: Session, select: Select, outer: _Outer | None = None) -> Prepared:
    """Look up what a SELECT names.

    Raises:
        QueryError: it makes no sense, with InfluxDB's words.
    """
    session.check_time()  # a text may have thousands of them
    own = interval_of(select, session.now_ns)
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
    inherited = own is None and interval is not None
    # the error of a subquery's list without functions names what InfluxDB has put there
    fill = "none" if outer is not None and own is not None and select.fill == "null" else select.fill
    meanings = session.schemas.meanings
    listed, checked, time_name = meanings.of(
        (select.fields, fill, select.window.limit, interval is not None, inherited),
        lambda: checked_list(select, fill, grouped=interval is not None, inherited=inherited),
    )
    around = Window() if outer is None else outer.series_window
    series_window = Window(
        select.window.series_limit + around.limit, select.window.series_offset + around.offset
    )
    shards = span if outer is None else outer.shards
    by_order = any(call.name not in ANY_ORDER for call in checked.calls)
    shown = outer is None or outer.ordered
    inner = _Outer(span, interval, ascending, series_window, shards, by_order if checked.calls else shown)
    sources = [source for one in select.sources for source in _sources(session, one, inner)]
    schema = union(source.schema if isinstance(source, Stored) else source.output() for source in sources)
    # where it has no points InfluxDB knows no types; summaries may have some there
    has_types = any(isinstance(source, Prepared) or source.is_within(shards) for source in sources)
    types = None if outer is not None else schema if has_types else _NO_TYPES
    fields, names, dimensions = meanings.of(
        (listed, select.dimensions, schema, types),
        lambda: _looked_up(session, listed, select, schema, types),
    )
    return Prepared(
        select=select,
        fields=fields,
        names=names,
        time_name=time_name,
        sources=tuple(sources),
        schema=schema,
        condition=condition,
        span=span,
        interval=interval,
        dimensions=dimensions,
        ascending=ascending,
        fill=_fill(select, inner=outer is not None),
        aggregated=bool(checked.calls),
        inner=outer is not None,
        ordered=by_order or shown or bool(select.window.limit or select.window.offset),
        shards=shards,
        series_window=series_window,
    )


def _looked_up(
    session: Session, listed: tuple[Field, ...], select: Select, schema: Schema, types: Schema | None
) -> tuple[tuple[Field, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the entries of a list without ``*``, the names of their columns, and the tags of GROUP BY.

    ``types`` are those that the list must fit.
    """
    fields = _with_top_columns(
        [
            entry
            for entry in expand_fields(listed, select.dimensions, schema, session.matches)
            if not (isinstance(entry.expression, Ref) and entry.expression.name == "time")
        ]
    )
    if types is not None:
        for entry in fields:
            check_operands(entry.expression, types)
    dimensions = expand_dimensions(select.dimensions, schema, session.matches)
    return tuple(fields), tuple(unique_names(fields)), dimensions


def checked_list(
    select: Select, fill: str, *, grouped: bool, inherited: bool
) -> tuple[tuple[Field, ...], Checked, str]:
    """Return a SELECT list with its constants reduced, what is in it, and how its column of times is called.

    Raises:
        QueryError: it makes no sense, with InfluxDB's words.
    """
    listed = tuple(replace(entry, expression=reduced(entry.expression)) for entry in select.fields)
    found, time_name = check(listed, fill, grouped=grouped, inherited=inherited, limit=select.window.limit)
    return listed, found, time_name


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
    policy = source.policy or session.policy
    if not database:
        raise QueryError("database name required")
    bucket = session.bucket(database, policy)
    names = [source.name] if source.regex is None else _matching(session, bucket, source.regex)
    shard_ns = session.places.shard_ns(bucket)
    return [stored for name in names if (stored := _stored(session, bucket, name, shard_ns)) is not None]


def _matching(session: Session, bucket: str, pattern: str) -> list[str]:
    with session.store.reading() as catalogue:
        known = sorted(name for name in catalogue.bucket(bucket) if (bucket, name) in catalogue.series)
    return session.matches(pattern, known)


def _stored(session: Session, bucket: str, name: str, shard_ns: int) -> Stored | None:
    """Return a measurement that has points."""
    with session.store.reading() as catalogue:
        has_points = (bucket, name) in catalogue.series
    snapshot = session.store.snapshot(bucket, name) if has_points else None
    if snapshot is None:
        return None
    session.read.add((bucket, name))
    return Stored(name, bucket, snapshot, session.schemas.of(bucket, snapshot.measurement), shard_ns)


def interval_of(select: Select, now_ns: int) -> Interval | None:
    """Return the intervals of GROUP BY time().

    Raises:
        QueryError: it makes no sense, with InfluxDB's words.
    """
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

"""A prepared SELECT to the rows of its answer.

Each function of the list gives points of its own; they meet by series and time, and the list's
expressions are computed over what met.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from heliograph.errors import QueryError
from heliograph.model.time import MIN_TIME_NS
from heliograph.query.influxql.answer.aggregates import (
    SIMPLE,
    Found,
    aggregate,
    argument,
    check_type,
    timed_selector,
)
from heliograph.query.influxql.answer.fill import Filling, number_of
from heliograph.query.influxql.answer.planned import from_plan
from heliograph.query.influxql.answer.prepare import Prepared
from heliograph.query.influxql.answer.raw import raw_points, raw_rows
from heliograph.query.influxql.answer.relations import Computed, Relation, Stored, computed
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.answer.selectors import (
    SELECTORS,
    distinct_points,
    mode_points,
    select_points,
)
from heliograph.query.influxql.answer.series import series_window
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.answer.transforms import EXTENDED, TRANSFORMS, integral, transform
from heliograph.query.influxql.plan.columns import Schema, value_type
from heliograph.query.influxql.plan.shapes import NUMERIC, UNKNOWN, Key, Points, Series, TimeRange, Value
from heliograph.query.influxql.plan.values import MATH, evaluator
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.select import children
from heliograph.query.influxql.tree import Call, Expression, Ref

Line = tuple[Key, int, list[Value]]
"""One row: its series, its time and its columns."""
_UNFILLED = frozenset({"distinct", "top", "bottom", "sample", "integral"}) | TRANSFORMS


def select_series(session: Session, prepared: Prepared) -> list[Series]:
    """Return the series of an answer."""
    dimensions = tuple(sorted(prepared.dimensions))
    series: list[Series] = []
    latest: Key | None = None
    for count, (key, time_ns, values) in enumerate(select_lines(session, prepared, dimensions), 1):
        session.check_answer(count)
        if key != latest:
            tags = dict(zip(dimensions, key[1], strict=True))
            series.append(Series(key[0], tags, [prepared.time_name, *prepared.names], [], timed=True))
            latest = key
        series[-1].rows.append([time_ns, *values])
    return series


def select_lines(session: Session, prepared: Prepared, dimensions: tuple[str, ...]) -> Iterator[Line]:
    """Yield the rows of a SELECT, grouped by some tags, in the order of the answer."""
    window = prepared.select.window
    if window.series_offset and not window.series_limit and not prepared.inner:
        return iter(())  # as in InfluxDB: SOFFSET without SLIMIT shows no series
    groups = [
        Group(session, prepared, name, relations, dimensions, prepared.span)
        for name, relations in _relations(session, prepared, dimensions).items()
    ]
    if prepared.aggregated:
        return _aggregated(prepared, groups)
    return _raw(prepared, groups)


def _relations(
    session: Session, prepared: Prepared, dimensions: tuple[str, ...]
) -> dict[str, list[Relation]]:
    found: dict[str, list[Relation]] = {}
    for source in prepared.sources:
        relations = [source] if isinstance(source, Stored) else _subquery(session, source, dimensions)
        for relation in relations:
            found.setdefault(relation.name, []).append(relation)
    return dict(sorted(found.items(), reverse=not prepared.ascending))


def _subquery(session: Session, inner: Prepared, wanted: tuple[str, ...]) -> list[Computed]:
    """Run a subquery, grouped by the outer query's tags too, and return its rows by measurement."""
    dimensions = tuple(sorted({*inner.dimensions, *wanted}))
    rows: dict[str, list[list[Any]]] = {}
    for count, (key, time_ns, values) in enumerate(select_lines(session, inner, dimensions)):
        session.check_rows(count)
        rows.setdefault(key[0], []).append([time_ns, *key[1], *values])
    if not inner.aggregated or inner.interval is not None:  # by time whatever their series
        for some in rows.values():
            some.sort(key=itemgetter(0), reverse=not inner.ascending)
    output = inner.output()
    schema = Schema(output.fields, frozenset(dimensions))
    fields = [
        (name, _stored_type(entry.expression, inner))
        for name, entry in zip(inner.output_names(), inner.fields, strict=True)
    ]
    return [computed(name, schema, dimensions, fields, some) for name, some in rows.items()]


def _stored_type(node: Expression, inner: Prepared) -> str:
    kind = value_type(node, inner.schema)
    return "string" if kind == UNKNOWN else kind


def _raw(prepared: Prepared, groups: Sequence[Group]) -> Iterator[Line]:
    refs = list(dict.fromkeys(ref for entry in prepared.fields for ref in _refs(entry.expression)))
    evaluators = [evaluator(entry.expression) for entry in prepared.fields]
    for group in groups:
        fields = [ref for ref in refs if group.shows(ref)]
        if not fields:
            continue
        for row in raw_rows(group, refs, fields):
            width = len(group.keys)
            values: dict[Expression, Value] = dict(zip(refs, row[width + 1 :], strict=False))
            yield (group.name, row[:width]), row[width], [value(values) for value in evaluators]


def _refs(node: Expression) -> list[Ref]:
    if isinstance(node, Ref):
        return [node]
    return [ref for child in children(node) for ref in _refs(child)]


def _calls(node: Expression) -> list[Call]:
    if isinstance(node, Call) and node.name not in MATH:
        return [node]
    return [call for child in children(node) for call in _calls(child)]


def _aux(node: Expression) -> list[Ref]:
    """The columns of a list that stand beside its functions."""
    if isinstance(node, Ref):
        return [node]
    if isinstance(node, Call) and node.name not in MATH:
        return []
    return [ref for child in children(node) for ref in _aux(child)]


def _aggregated(prepared: Prepared, groups: Sequence[Group]) -> Iterator[Line]:
    calls = list(dict.fromkeys(call for entry in prepared.fields for call in _calls(entry.expression)))
    aux = list(dict.fromkeys(ref for entry in prepared.fields for ref in _aux(entry.expression)))
    evaluators = [evaluator(entry.expression) for entry in prepared.fields]
    for group in groups:
        run = _Run(group, calls, aux)
        found = run.all()
        keys = sorted({key for points in found.values() for key in points}, reverse=not prepared.ascending)
        for key in series_window(group, keys):
            row: dict[Expression, Value] = {}
            for time_ns in run.joined(found, key, row):
                yield key, time_ns, [value(row) for value in evaluators]


class _Run:
    """The functions of one SELECT over one measurement."""

    def __init__(self, group: Group, calls: Sequence[Call], aux: Sequence[Ref]) -> None:
        self._group = group
        self._prepared = group.prepared
        self._calls = calls
        self._aux = aux
        self._selector = len(calls) == 1 and calls[0].name in SELECTORS

    def all(self) -> dict[Call, Found]:
        """Return the points of each function."""
        together = [call for call in self._calls if self._is_simple(call)]
        found = self._simple(together, self._prepared.span, most=self._most())
        for call in self._calls:
            if call not in found:
                found[call] = self._one(call, self._prepared.span, outermost=True)
        window = self._prepared.select.window
        if window.limit or window.offset:
            last = window.offset + window.limit if window.limit else None
            found = {
                call: {key: points.slice(window.offset, last) for key, points in some.items()}
                for call, some in found.items()
            }
        return found

    def _is_simple(self, call: Call) -> bool:
        own_time = self._selector and (self._interval() is None or self._aux)
        return call.name in SIMPLE and not (own_time and call.name in SELECTORS)

    def _interval(self) -> Interval | None:
        return self._prepared.interval

    def _bounded(self, span: TimeRange) -> tuple[Group, Interval | None]:
        interval = self._interval()
        group = replace(self._group, span=span)
        return group, interval.within(span.start_ns, span.end_ns) if interval else None

    def _most(self) -> int:
        """Return how many points of a series are enough, 0 for all."""
        window = self._prepared.select.window
        return window.offset + window.limit if window.limit else 0

    def _simple(self, calls: Sequence[Call], span: TimeRange, *, most: int = 0) -> dict[Call, Found]:
        if not calls:
            return {}
        group, interval = self._bounded(span)
        found = self._points(group, calls, interval)
        return {call: self._filled(call, points, span, interval, most) for call, points in found.items()}

    @staticmethod
    def _points(group: Group, calls: Sequence[Call], interval: Interval | None) -> dict[Call, Found]:
        """Ask the columns in memory for what they can answer, function by function, and SQL for the rest."""
        found: dict[Call, Found] = {}
        for name in dict.fromkeys(call.name for call in calls):
            some = [call for call in calls if call.name == name]
            found |= from_plan(group, some, interval, group.span.min_ns or 0) or {}
        rest = [call for call in calls if call not in found]
        return found | (aggregate(group, rest, interval) if rest else {})

    def _one(self, call: Call, span: TimeRange, *, outermost: bool) -> Found:
        group, interval = self._bounded(span)
        if call.name in TRANSFORMS:
            return self._transformed(call, span)
        if call.name == "integral":
            points = self._raw(group, call)
            ascending = self._prepared.ascending
            made = {key: integral(call, some, interval, ascending=ascending) for key, some in points.items()}
            return {key: some for key, some in made.items() if some.times_ns}
        if call.name == "distinct":
            return distinct_points(group, call, interval)
        if call.name == "mode":
            most = self._most() if outermost else 0
            return self._filled(call, mode_points(group, call, interval), span, interval, most)
        if call.name in SELECTORS and not (call.name in SIMPLE and not (outermost and self._selector)):
            own_time = outermost and self._selector and interval is None
            if own_time and not self._aux and call.name in SIMPLE:
                return timed_selector(group, call)
            aux = self._aux if outermost else ()
            chosen = select_points(group, call, interval, aux, own_time=own_time)
            return self._filled(call, chosen, span, interval, self._most() if outermost else 0)
        if call.name in SIMPLE:
            return self._simple([call], span)[call]
        raise QueryError(f"{call.name}() is not supported yet")

    def _transformed(self, call: Call, span: TimeRange) -> Found:
        inner, interval = call.args[0], self._interval()
        if isinstance(inner, Call):
            if interval is not None and call.name in EXTENDED:
                span = _extended(span, interval, ascending=self._prepared.ascending)
            points = self._one(inner, span, outermost=False)
        else:
            points = self._raw(replace(self._group, span=span), call)
        ascending = self._prepared.ascending
        made = {key: transform(call, some, interval, ascending=ascending) for key, some in points.items()}
        return {key: some for key, some in made.items() if some.times_ns}

    @staticmethod
    def _raw(group: Group, call: Call) -> Found:
        column = argument(call)
        kinds = NUMERIC | {"string", "boolean"} if call.name == "elapsed" else NUMERIC
        return raw_points(group, column) if check_type(call, group.type_of(column), kinds) else {}

    def _filled(
        self, call: Call, found: Found, span: TimeRange, interval: Interval | None, most: int
    ) -> Found:
        mode, value = self._prepared.fill, self._prepared.select.fill_value
        if interval is None or mode == "none" or call.name in _UNFILLED:
            return found
        if mode == "null" and call.name == "count":
            mode, value = "number", 0
        kind = value_type(call, self._prepared.schema)
        session, ascending = self._group.session, self._prepared.ascending
        filling = Filling(session, interval, span, ascending, mode, value, kind, most)
        return {key: filling.fill(points) for key, points in found.items()}

    def joined(self, found: dict[Call, Found], key: Key, row: dict[Expression, Value]) -> Iterator[int]:
        """Put what each function has at a time into ``row``, and yield that time, time after time."""
        mine = [(call, found[call].get(key, Points([], []))) for call in self._calls]
        if len(mine) == 1:
            yield from self._alone(*mine[0], row)
            return
        times: Any = heapq.merge(
            *(points.times_ns for _, points in mine), reverse=not self._prepared.ascending
        )
        places = [0] * len(mine)
        for time_ns in dict.fromkeys(times):
            for number, (call, points) in enumerate(mine):
                at = places[number]
                if at < len(points.times_ns) and points.times_ns[at] == time_ns:
                    row[call] = points.values[at]
                    places[number] += 1
                elif self._prepared.fill != "previous":
                    row[call] = self._absent(call)
            yield time_ns

    def _absent(self, call: Call) -> Value:
        """Return what stands where a function has no point at the time of another."""
        if self._prepared.fill != "number":
            return None
        value, kind = self._prepared.select.fill_value, value_type(call, self._prepared.schema)
        return number_of(value, kind) if kind in NUMERIC else value

    def _alone(self, call: Call, points: Points, row: dict[Expression, Value]) -> Iterator[int]:
        for number, time_ns in enumerate(points.times_ns):
            row[call] = points.values[number]
            if points.aux is not None:
                row.update(zip(self._aux, points.aux[number], strict=True))
            yield time_ns


def _extended(span: TimeRange, interval: Interval, *, ascending: bool) -> TimeRange:
    """Return a range with one interval more at its start, which a change needs to begin with."""
    if ascending:
        if span.min_ns is None:
            return span
        return replace(span, min_ns=max(span.min_ns - interval.length_ns, MIN_TIME_NS))
    return span if span.max_ns is None else replace(span, max_ns=span.max_ns + interval.length_ns)

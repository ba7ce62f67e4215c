"""A prepared SELECT to the rows of its answer.

Each function of the list gives points of its own; they meet by series and time, and the list's
expressions are computed over what met.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from operator import itemgetter
from typing import Any

from heliograph.errors import QueryError
from heliograph.model.time import MIN_TIME_NS
from heliograph.query.influxql.answer.aggregates import (
    SIMPLE,
    Found,
    aggregate,
    argument,
    counts_distinct,
    timed_selector,
)
from heliograph.query.influxql.answer.planned import from_plan
from heliograph.query.influxql.answer.prepare import Prepared
from heliograph.query.influxql.answer.ranked import sorted_extremes, sorted_modes, sorted_percentiles
from heliograph.query.influxql.answer.raw import Row, raw_points, raw_rows
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.answer.selectors import (
    SELECTORS,
    distinct_points,
    mode_points,
    select_points,
)
from heliograph.query.influxql.answer.series import series_window
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.answer.subqueries import Block, calls_of, relations_of
from heliograph.query.influxql.answer.ties import tied_points
from heliograph.query.influxql.answer.types import gives_points
from heliograph.query.influxql.functions.fill import Absent, Filling, number_of
from heliograph.query.influxql.functions.forecast import forecast, whole_numbers
from heliograph.query.influxql.functions.transforms import EXTENDED, TRANSFORMS, integral, transform
from heliograph.query.influxql.plan.checks import FORECASTS
from heliograph.query.influxql.plan.columns import value_type
from heliograph.query.influxql.plan.lists import aux_in, refs_in
from heliograph.query.influxql.plan.shapes import NUMERIC, UNKNOWN, Key, Points, Series, TimeRange, Value
from heliograph.query.influxql.plan.values import evaluator
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.tree import Call, Expression, Ref

_LOOK_EVERY = 1_024
"""Rows that are computed between two looks at the clock."""
_UNFILLED = frozenset({"distinct", "top", "bottom", "sample", "integral"}) | TRANSFORMS | FORECASTS


def select_series(session: Session, prepared: Prepared) -> list[Series]:
    """Return the series of an answer."""
    dimensions = tuple(sorted(prepared.dimensions))
    series: list[Series] = []
    latest: Key | None = None
    count = 0
    for key, rows in select_blocks(session, prepared, dimensions):
        count += len(rows)
        session.check_answer(count)
        session.check_cells(count, len(prepared.names))
        if not rows:
            continue
        if key != latest:
            tags = dict(zip(dimensions, key[1], strict=True))
            series.append(Series(key[0], tags, [prepared.time_name, *prepared.names], [], timed=True))
            latest = key
        series[-1].rows.extend(rows)
    return series


def select_blocks(
    session: Session,
    prepared: Prepared,
    dimensions: tuple[str, ...],
    outermost: tuple[str, ...] | None = None,
) -> Iterator[Block]:
    """Yield the rows of a SELECT, grouped by some tags, in the order of the answer.

    Those of the query around all others are ``outermost``; without them it is this one.
    """
    around = dimensions if outermost is None else outermost
    run = partial(select_blocks, outermost=around)
    groups = [
        Group(session, prepared, name, relations, dimensions, prepared.span, around)
        for name, relations in relations_of(session, prepared, dimensions, run).items()
    ]
    if prepared.aggregated:
        return _aggregated(prepared, groups)
    return _raw(prepared, groups)


def _raw(prepared: Prepared, groups: Sequence[Group]) -> Iterator[Block]:
    refs = list(dict.fromkeys(ref for entry in prepared.fields for ref in refs_in(entry.expression)))
    for group in groups:
        fields = [ref for ref in refs if group.shows(ref)]
        if not fields:
            continue
        shown = _shown_rows(group.session, prepared, refs, len(group.keys))
        for key, rows in raw_rows(group, refs, fields):
            yield key, shown(key, rows)


def _shown_rows(
    session: Session, prepared: Prepared, refs: Sequence[Ref], time_at: int
) -> Callable[[Key, Sequence[Row]], list[list[Value]]]:
    """Return what makes rows of a list's expressions of rows of columns."""
    places = [
        time_at + 1 + refs.index(entry.expression)
        for entry in prepared.fields
        if isinstance(entry.expression, Ref)
    ]
    if len(places) == len(prepared.fields) and prepared.fill not in ("number", "previous"):
        pick = itemgetter(time_at, *places)

        def picked_rows(_: Key, rows: Sequence[Row]) -> list[list[Value]]:
            session.check_cells(len(rows), len(places))
            return list(map(list, map(pick, rows)))

        return picked_rows
    evaluators = [evaluator(entry.expression) for entry in prepared.fields]
    absent = Absent(prepared)

    def computed_rows(key: Key, rows: Sequence[Row]) -> list[list[Value]]:
        session.check_cells(len(rows), len(evaluators))
        shown = []
        for number, row in enumerate(rows):
            if number % _LOOK_EVERY == 0:
                session.check_time()
            values = absent.put(key[1], dict(zip(refs, row[time_at + 1 :], strict=False)))
            shown.append([row[time_at], *(value(values) for value in evaluators)])
        return shown

    return computed_rows


def _aggregated(prepared: Prepared, groups: Sequence[Group]) -> Iterator[Block]:
    calls = calls_of(prepared)
    aux = list(dict.fromkeys(ref for entry in prepared.fields for ref in aux_in(entry.expression)))
    for group in groups:
        run = _Run(group, calls, aux)
        found = run.all()
        keys = sorted({key for points in found.values() for key in points}, reverse=not prepared.ascending)
        rows = run.rows(found)
        for key in series_window(group, keys):
            yield key, rows(key)


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
        if interval is None:
            return group, None
        first_ns, last_ns = group.times
        if self._prepared.fill != "none":  # intervals without points are shown too
            first_ns = first_ns if span.min_ns is None else span.start_ns
            last_ns = last_ns if span.max_ns is None else span.end_ns
        return group, interval.within(first_ns, last_ns)

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

    def _points(self, group: Group, calls: Sequence[Call], interval: Interval | None) -> dict[Call, Found]:
        """Ask the columns in memory for what they can answer, function by function, and SQL for the rest."""
        found: dict[Call, Found] = {}
        for name in dict.fromkeys(call.name for call in calls):
            some = [call for call in calls if call.name == name]
            found |= from_plan(group, some, interval, group.span.min_ns or 0) or {}
        rest = [call for call in calls if call not in found]
        found |= aggregate(group, rest, interval) if rest else {}
        if interval is not None:
            return found
        return {call: self._tied(group, call, some) for call, some in found.items()}

    def _tied(self, group: Group, call: Call, found: Found) -> Found:
        """Put the right one of the points of equal time in the place of the one that was found."""
        if not found or counts_distinct(call):
            return found
        aux = self._aux if self._selector else ()
        for key, (time_ns, value, *others) in tied_points(group, call, argument(call), aux).items():
            times_ns = [time_ns] if self._selector else found[key].times_ns
            found[key] = Points(times_ns, [value], [tuple(others)] if aux else None)
        return found

    def _one(self, call: Call, span: TimeRange, *, outermost: bool) -> Found:
        group, interval = self._bounded(span)
        most = self._most() if outermost else 0
        if call.name in TRANSFORMS:
            return self._transformed(call, span)
        if call.name in FORECASTS:
            return self._forecast(call, span)
        if call.name == "integral":
            points = self._raw(group, call)
            ascending = self._prepared.ascending
            made = {key: integral(call, some, interval, ascending=ascending) for key, some in points.items()}
            if interval is None:
                begin_ns = span.min_ns or 0 if group.type_of(argument(call)) != "float" else 0
                made = {key: Points([begin_ns], some.values) for key, some in made.items()}
            return {key: some for key, some in made.items() if some.times_ns}
        if call.name == "distinct":
            return distinct_points(group, call, interval)
        if call.name == "mode":
            return self._filled(call, self._modes(group, call, interval), span, interval, most)
        if call.name in SELECTORS and not (call.name in SIMPLE and not (outermost and self._selector)):
            own_time = outermost and self._selector and interval is None
            if own_time and not self._aux and call.name in SIMPLE:
                return self._tied(group, call, timed_selector(group, call))
            aux = self._aux if outermost else ()
            return self._filled(call, self._selected(call, group, interval, aux), span, interval, most)
        if call.name in SIMPLE:
            return self._simple([call], span)[call]
        raise QueryError(f"{call.name}() is not supported yet")

    def _selected(self, call: Call, group: Group, interval: Interval | None, aux: Sequence[Ref]) -> Found:
        own_time = self._selector and interval is None
        if call.name == "percentile" and (own_time or aux) and _is_computed(group, call):
            found = sorted_percentiles(group, call, interval, aux, own_time=own_time)
            if found is not None:
                return found
        if call.name in ("top", "bottom") and _is_computed(group, call):
            found = sorted_extremes(group, call, interval, aux)
            if found is not None:
                return found
        chosen = select_points(group, call, interval, aux, own_time=own_time)
        return self._tied(group, call, chosen) if interval is None else chosen

    @staticmethod
    def _modes(group: Group, call: Call, interval: Interval | None) -> Found:
        found = sorted_modes(group, call, interval) if _is_computed(group, call) else None
        return mode_points(group, call, interval) if found is None else found

    def _transformed(self, call: Call, span: TimeRange) -> Found:
        inner, interval = call.args[0], self._interval()
        if isinstance(inner, Call):
            if interval is not None and call.name in EXTENDED:
                span = _extended(span, interval, ascending=self._prepared.ascending)
            ref = argument(inner)
            if inner.name not in TRANSFORMS:
                gives_points(self._group, inner, self._group.type_of(ref))
            kind = value_type(inner, self._prepared.schema)
            if not gives_points(self._group, call, kind):
                return {}
            points = self._one(inner, span, outermost=False)
        else:
            points = self._raw(replace(self._group, span=span), call)
        ascending = self._prepared.ascending
        # each is let go once it is used: they may be many
        made = {key: transform(call, points.pop(key), interval, ascending=ascending) for key in list(points)}
        return {key: some for key, some in made.items() if some.times_ns}

    def _forecast(self, call: Call, span: TimeRange) -> Found:
        inner, (count, season), interval = call.args[0], whole_numbers(call), self._interval()
        assert isinstance(inner, Call)  # noqa: S101 -- the list was checked
        assert interval is not None  # noqa: S101
        found = self._one(inner, span, outermost=False)
        kind = value_type(inner, self._prepared.schema)
        if found and kind not in NUMERIC:  # InfluxDB's words, which name another function
            raise QueryError(f"unsupported elapsed iterator type: *query.{kind}InterruptIterator")
        fit, check = call.name == "holt_winters_with_fit", self._group.session.check_rows
        made = {
            key: forecast(points, count, season, interval.length_ns, fit=fit, check=check)
            for key, points in found.items()
        }
        return {key: points for key, points in made.items() if points.times_ns}

    @staticmethod
    def _raw(group: Group, call: Call) -> Found:
        column = argument(call)
        return raw_points(group, column) if gives_points(group, call, group.argument_type(column)) else {}

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
        filled, count = {}, 0
        for key, points in found.items():
            filled[key] = filling.fill(points)
            count += len(filled[key].times_ns)
            session.check_rows(count)
        return filled

    def rows(self, found: dict[Call, Found]) -> Callable[[Key], list[list[Value]]]:
        """Return what gives the rows of a series."""
        entries = [entry.expression for entry in self._prepared.fields]
        plain = [found[entry] for entry in entries if isinstance(entry, Call) and entry in found]
        session = self._group.session

        def shown(key: Key) -> list[list[Value]]:
            columns = [points.get(key) for points in plain]
            first = columns[0] if columns else None
            alike = [c.values for c in columns if c and first and c.times_ns == first.times_ns]
            session.check_cells(len(first.times_ns) if first else 0, len(entries))
            if first and len(alike) == len(entries):
                return list(map(list, zip(first.times_ns, *alike, strict=True)))
            return self._computed(found, key, entries)

        return shown

    def _computed(
        self, found: dict[Call, Found], key: Key, entries: Sequence[Expression]
    ) -> list[list[Value]]:
        session = self._group.session
        evaluators = [evaluator(entry) for entry in entries]
        row: dict[Expression, Value] = {}
        absent = Absent(self._prepared)
        shown: list[list[Value]] = []
        for time_ns in self.joined(found, key, row):
            if self._aux:
                row |= absent.put(key[1], {ref: row.get(ref) for ref in self._aux})
            if len(shown) % _LOOK_EVERY == 0:
                session.check_cells(len(shown), len(entries))
            shown.append([time_ns, *(value(row) for value in evaluators)])
        return shown

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
        if self._prepared.fill != "number" or value_type(call, self._prepared.schema) == UNKNOWN:
            return None
        value, kind = self._prepared.select.fill_value, value_type(call, self._prepared.schema)
        return number_of(value, kind) if kind in NUMERIC else value

    def _alone(self, call: Call, points: Points, row: dict[Expression, Value]) -> Iterator[int]:
        for number, time_ns in enumerate(points.times_ns):
            row[call] = points.values[number]
            if points.aux is not None:
                row.update(zip(self._aux, points.aux[number], strict=True))
            yield time_ns


def _is_computed(group: Group, call: Call) -> bool:
    ref = argument(call)
    return gives_points(group, call, group.type_of(ref)) and group.known(ref)


def _extended(span: TimeRange, interval: Interval, *, ascending: bool) -> TimeRange:
    """Return a range with one interval more at its start, which a change needs to begin with."""
    if ascending:
        if span.min_ns is None:
            return span
        return replace(span, min_ns=max(span.min_ns - interval.length_ns, MIN_TIME_NS))
    return span if span.max_ns is None else replace(span, max_ns=span.max_ns + interval.length_ns)

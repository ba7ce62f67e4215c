"""What a rule looks at: the values of its series by intervals, as the query engine gives them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Final

from heliograph.errors import BucketNotFound, QueryError
from heliograph.query.engine import QueryEngine
from heliograph.query.plan import Aggregate, Columns, Select
from heliograph.rules.evaluator import Interval
from heliograph.rules.rule import Group, Rule, Source

_AT_ONCE: Final = 1_000
"""Intervals of one question."""
_Table = dict[int, dict[Group, dict[str, float]]]


class RuleValues:
    """Asks for the values of rules."""

    def __init__(self, engine: QueryEngine) -> None:
        self._engine = engine

    async def intervals(
        self, rule: Rule, start_ns: int, end_ns: int, told: set[str] | None = None
    ) -> AsyncIterator[list[Interval]]:
        """Yield the intervals of ``start_ns <= time < end_ns``, both multiples of the rule's, in groups.

        What a source lacks, a measurement or a field, goes into ``told``; it has no values then.
        """
        step_ns = rule.every_ns * _AT_ONCE
        for first_ns in range(start_ns, end_ns, step_ns):
            last_ns = min(first_ns + step_ns, end_ns)
            table: _Table = {}
            for name, source in rule.sources.items():
                try:
                    answer = await self._engine.select(_plan(rule, source, first_ns, last_ns))
                except (QueryError, BucketNotFound) as error:
                    if told is not None:
                        told.add(str(error))
                    continue
                _enter(table, rule, name, answer)
            ends_ns = range(first_ns + rule.every_ns, last_ns + 1, rule.every_ns)
            yield [Interval(at_ns, table.get(at_ns - rule.every_ns, {})) for at_ns in ends_ns]


def _plan(rule: Rule, source: Source, start_ns: int, end_ns: int) -> Select:
    return Select(
        bucket=rule.bucket,
        measurement=source.measurement,
        fields=(source.field,),
        start_ns=start_ns,
        end_ns=end_ns,
        interval_ns=rule.every_ns,
        aggregate=Aggregate(source.fn),
        where=source.where,
        group_by=rule.by,
    )


def _enter(table: _Table, rule: Rule, name: str, answer: Columns) -> None:
    for series in answer.series:
        group = tuple(series.tags.get(tag, "") for tag in rule.by)
        for time_ns, value in _numbers(answer.times_ns, series.values):
            table.setdefault(time_ns, {}).setdefault(group, {})[name] = value


def _numbers(times_ns: Iterable[int], values: Iterable[object]) -> Iterable[tuple[int, float]]:
    for time_ns, value in zip(times_ns, values, strict=True):
        if isinstance(value, bool | int | float):
            yield time_ns, float(value)

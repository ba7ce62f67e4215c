"""Trying a rule on what is stored: which alerts it would have given, beside the values that it looked at."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from heliograph.config.values import format_duration
from heliograph.errors import QueryError
from heliograph.hub.rules.telling import tags_of
from heliograph.hub.rules.values import RuleValues
from heliograph.model.time import SECOND_NS
from heliograph.rules.alerts import Change, State
from heliograph.rules.evaluator import Evaluator, Interval
from heliograph.rules.rule import Group, Rule

_MAX_INTERVALS: Final = 700_000
"""A week, by the second."""
_MAX_SHOWN: Final = 20
_MAX_POINTS: Final = 1_000
_MAX_CHANGES: Final = 1_000


class Trial:
    """Runs rules over history; nothing is kept, nobody is told."""

    def __init__(self, values: RuleValues) -> None:
        self._values = values

    async def run(self, rule: Rule, start_ns: int, end_ns: int) -> dict[str, Any]:
        """Return the changes of ``start_ns <= time < end_ns``, and values for a drawing.

        Raises:
            QueryError: the range is empty, or has too many intervals.
        """
        every_ns = rule.every_ns
        start_ns, end_ns = start_ns // every_ns * every_ns, end_ns // every_ns * every_ns
        count = (end_ns - start_ns) // every_ns
        if not 1 <= count <= _MAX_INTERVALS:
            raise QueryError(
                f"a range of 1 to {_MAX_INTERVALS:,} intervals of a rule can be tried at once: with one every"
                f" {format_duration(every_ns / SECOND_NS)} at most"
                f" {format_duration(_MAX_INTERVALS * every_ns // SECOND_NS)}. This one has {count:,} of them"
            )
        evaluator, told = Evaluator(rule), set[str]()
        first_ns = start_ns - -(-rule.lookback_ns // every_ns) * every_ns
        async for some in self._values.intervals(rule, first_ns, start_ns):
            await asyncio.to_thread(evaluator.prime, some)
        changes: list[Change] = []
        changes_total = 0
        shown: dict[Group, list[tuple[int, float | None]]] = {}
        keep_each = -(-count // _MAX_POINTS)
        async for some in self._values.intervals(rule, start_ns, end_ns, told):
            found = await asyncio.to_thread(_judge, evaluator, some)
            changes_total += len(found)
            changes += found[: _MAX_CHANGES - len(changes)]
            _show(rule, some, shown, keep_each)
        return {
            "intervals": count,
            "series": len(evaluator.alerts),
            "trouble": "; ".join(sorted(told)),
            "changes": [_change(rule, one) for one in changes],
            "changes_total": changes_total,
            "firing": [
                {"tags": tags_of(rule, group), "since_ms": alert.since_ns // 1_000_000}
                for group, alert in evaluator.alerts.items()
                if alert.state is State.FIRING
            ],
            "values": [
                {
                    "tags": tags_of(rule, group),
                    "time_ms": [time_ns // 1_000_000 for time_ns, _ in points],
                    "values": [value for _, value in points],
                }
                for group, points in shown.items()
            ],
        }


def _judge(evaluator: Evaluator, some: list[Interval]) -> list[Change]:
    return [change for interval in some for change in evaluator.step(interval)]


def _show(
    rule: Rule, some: list[Interval], shown: dict[Group, list[tuple[int, float | None]]], keep_each: int
) -> None:
    for interval in some:
        if interval.time_ns // rule.every_ns % keep_each:
            continue
        for group, values in interval.values.items():
            if group in shown or len(shown) < _MAX_SHOWN:
                shown.setdefault(group, []).append((interval.time_ns, rule.combined(values)))


def _change(rule: Rule, change: Change) -> dict[str, Any]:
    return {
        "time_ms": change.time_ns // 1_000_000,
        "state": "firing" if change.state is State.FIRING else "resolved",
        "tags": tags_of(rule, change.group),
        "value": change.value,
        "text": change.text,
        "reason": change.reason,
    }

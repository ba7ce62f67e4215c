"""Plans as JSON: what ``/api/query`` is asked, and how it answers."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from heliograph.errors import QueryError
from heliograph.query.plan import (
    ALL,
    Aggregate,
    Columns,
    Comparison,
    Condition,
    Rows,
    Select,
    SelectRows,
)

POINTS: Final = "points"
"""The ``fn`` that leaves points as they are."""
MS: Final = 1_000_000
_COMPARISONS: Final = tuple(comparison.value for comparison in Comparison)


class Span(NamedTuple):
    """The range that all plans of a request share."""

    start_ns: int
    end_ns: int
    interval_ns: int


def plan(bucket: str, span: Span, entry: dict[str, Any]) -> Select:
    """Return the plan of one entry.

    Raises:
        QueryError: something is missing, or of another kind than expected.
    """
    where = expect(entry, "where", dict, {})
    function = expect(entry, "fn", str, Aggregate.MEAN.value)
    names = [a.value for a in Aggregate]
    if function not in names:
        raise QueryError(f"fn must be one of {', '.join([*names, POINTS])}; {function!r} came")
    return Select(
        bucket=bucket,
        measurement=expect(entry, "measurement", str),
        fields=words(entry, "fields"),
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        interval_ns=span.interval_ns,
        aggregate=Aggregate(function),
        rate=expect(entry, "rate", bool, default=False),
        where={str(tag): words(where, tag) for tag in where},
        group_by=words(entry, "group_by"),
        conditions=_conditions(entry),
        limit=expect(entry, "limit", int, 0) or None,
        newest=expect(entry, "newest", bool, default=False),
    )


def rows_plan(bucket: str, span: Span, entry: dict[str, Any]) -> SelectRows:
    """Return the plan of an entry that asks for points; raises as :func:`plan` does."""
    where = expect(entry, "where", dict, {})
    return SelectRows(
        bucket=bucket,
        measurement=expect(entry, "measurement", str),
        fields=words(entry, "fields"),
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        where={str(tag): words(where, tag) for tag in where},
        tags=words(entry, "group_by"),
        conditions=_conditions(entry),
        limit=expect(entry, "limit", int, ALL),
        newest=expect(entry, "newest", bool, default=False),
    )


def _conditions(entry: dict[str, Any]) -> tuple[Condition, ...]:
    found = []
    for condition in expect(entry, "conditions", list, []):
        match condition:
            case [str(name), str(comparison), int() | float() as number] if comparison in _COMPARISONS:
                found.append(Condition(name, Comparison(comparison), _real(number)))
            case _:
                raise QueryError(
                    f"a condition must be [field, comparison, number] with one of {' '.join(_COMPARISONS)};"
                    f" {condition!r} came"
                )
    return tuple(found)


def _real(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def expect(source: dict[str, Any], key: str, kind: type, default: Any = None) -> Any:
    """Return a value of JSON that must be of a kind.

    Raises:
        QueryError: it is not, or no time.
    """
    value = source.get(key, default)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise QueryError(f"{key} must be of type {kind.__name__}, {value!r} came")
    if isinstance(value, int) and abs(value) > 2**63 // MS:
        raise QueryError(f"{key} is outside the range of times")
    return value


def words(source: dict[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of strings; empty where it is missing.

    Raises:
        QueryError: it is something else.
    """
    found = expect(source, key, list, [])
    if not all(isinstance(word, str) for word in found):
        raise QueryError(f"{key} must hold strings")
    return tuple(found)


def columns(answer: Columns) -> dict[str, Any]:
    """Return the answer to a plan as JSON."""
    return {
        "time_ms": [time_ns // MS for time_ns in answer.times_ns],
        "series": [{"field": s.field, "tags": s.tags, "values": s.values} for s in answer.series],
    }


def points(rows: Rows) -> dict[str, Any]:
    """Return points as JSON."""
    return {
        "time_ms": [time_ns // MS for time_ns in rows.times_ns],
        "tags": rows.tags,
        "fields": rows.fields,
        "truncated": rows.truncated,
    }

"""A condition means the same for whole numbers in SQL as in arithmetic, however large they are."""

from __future__ import annotations

import math
import operator
from typing import Any, Final

import pytest

from heliograph.api.questions.plans import Span, plan
from heliograph.model.point import UInt
from heliograph.query.plan import Comparison, Condition, SelectRows
from heliograph.query.sql import rows_sql
from tests.unit.stored_points import BUCKET, Kept, point

TESTS: Final = {
    Comparison.EQUAL: operator.eq,
    Comparison.UNEQUAL: operator.ne,
    Comparison.LESS: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.MORE: operator.gt,
    Comparison.AT_LEAST: operator.ge,
}
INTEGERS: Final = (-(2**63), -(2**53) - 1, -1, 0, 2, 2**53 + 1, 2**63 - 1)
UNSIGNED: Final = (0, 2, 2**53 + 1, 2**63 + 1, 2**64 - 1)
NUMBERS: Final = (-math.inf, -(2.0**63), -(2.0**53), -0.5, 0.0, 2.0, 2.5, 2.0**53, 2.0**63, 2.0**64, math.inf)


def in_sql(kept: Kept, field: str, condition: Condition) -> list[int]:
    """Return the values that SQL finds."""
    snapshot = kept.store.snapshot(BUCKET, "m")
    assert snapshot is not None
    select = SelectRows(BUCKET, "m", (field,), 0, 100, conditions=(condition,))
    with kept.duck.cursor() as cursor:
        sql, parameters = rows_sql(select, snapshot, cursor.register)
        return [row[1] for row in cursor.rows(sql, parameters)]


@pytest.mark.parametrize("sealed", [False, True])
def test_whole_numbers_are_compared_exactly_in_sql(kept: Kept, *, sealed: bool) -> None:
    kept.write(*(point("m", t, i=value) for t, value in enumerate(INTEGERS)))
    kept.write(*(point("m", t, u=UInt(value)) for t, value in enumerate(UNSIGNED)))
    if sealed:
        kept.store.seal()
    for comparison, holds in TESTS.items():
        for number in NUMBERS:
            for field, values in (("i", INTEGERS), ("u", UNSIGNED)):
                found = in_sql(kept, field, Condition(field, comparison, number))
                assert found == [v for v in values if holds(v, number)], (field, comparison, number)


@pytest.mark.parametrize(
    ("number", "meant"),
    [(10**400, math.inf), (-(10**400), -math.inf), (2, 2.0)],
    ids=["high", "low", "small"],
)
def test_a_number_may_be_larger_than_any_float(number: int, meant: float) -> None:
    entry: dict[str, Any] = {"measurement": "m", "fields": ["v"], "conditions": [["v", ">", number]]}
    assert plan(BUCKET, Span(0, 1, 1), entry).conditions == (Condition("v", Comparison.MORE, meant),)

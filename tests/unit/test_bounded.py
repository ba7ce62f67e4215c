"""What is read for one question has bounds: rows, values, time; and the cursor outlasts a refusal."""

from __future__ import annotations

import pytest

from heliograph.errors import QueryError
from heliograph.query.bounded import Bounded
from heliograph.query.budget import Claim
from tests.unit.stored_points import Kept


class Narrow(Bounded):
    """Bounds that a test can reach."""

    most_rows = 50_000
    most_cells = 60_000

    def __init__(self, kept: Kept, *, seconds: float = 1.0) -> None:
        self._kept = kept
        self.clock = lambda: 0.0
        self.deadline = seconds
        self.claim = Claim()

    def read(self, sql: str) -> int:
        with self._kept.duck.cursor() as self.cursor:
            return len(self.rows(sql, ()))


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT i FROM range(50001) t(i)", "over 50,000 rows"),
        ("SELECT i, i, i FROM range(40000) t(i)", "over 60,000 values on its way, 3 of each row"),
        ("SELECT i, i, i FROM range(20001) t(i) ORDER BY i DESC", "60,000 values"),
    ],
)
def test_more_is_refused_and_the_next_question_answered(kept: Kept, sql: str, told: str) -> None:
    narrow = Narrow(kept)
    with pytest.raises(QueryError, match=told):
        narrow.read(sql)
    assert narrow.read("SELECT i, i, i FROM range(20000) t(i)") == 20_000
    assert narrow.read("SELECT 1 WHERE false") == 0


def test_what_takes_too_long_is_refused(kept: Kept) -> None:
    with pytest.raises(QueryError, match="query_seconds"):
        Narrow(kept, seconds=-1.0).read("SELECT 1")

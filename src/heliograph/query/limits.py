"""How much one answer may hold. A question beyond is given up, and told which setting says so."""

from __future__ import annotations

from dataclasses import dataclass

from heliograph.errors import QueryError
from heliograph.query.plan import Columns, Select


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What the settings allow; ``limits.query_groups`` and ``limits.query_rows`` there."""

    groups: int = 100_000
    """Intervals times series of an answer."""
    rows: int = 100_000
    """Points, or rows of a user's SELECT."""

    def check_intervals(self, select: Select) -> None:
        """Refuse a plan that has too many intervals whatever the points are.

        Raises:
            QueryError: it has.
        """
        intervals = (select.end_ns - select.start_ns) // select.interval_ns + 1
        if intervals > self.groups:
            raise self._too_many(f"the range has {intervals:,} intervals")

    def check_groups(self, times: int, series: int) -> None:
        """Refuse an answer of so many times and series.

        Raises:
            QueryError: they are too many.
        """
        if times * series > self.groups:
            raise self._too_many(f"the answer has at least {times:,} intervals of {series:,} series")

    def check_columns(self, answer: Columns) -> None:
        """Refuse an answer with too many groups.

        Raises:
            QueryError: it has.
        """
        self.check_groups(len(answer.times_ns), len({tuple(s.tags.items()) for s in answer.series}))

    def too_many_groups(self) -> QueryError:
        """Return the error of a question with more groups than are counted."""
        return self._too_many(f"the question has more than {self.groups:,} groups")

    def too_many_rows(self) -> QueryError:
        """Return the error of an answer with more rows than are read."""
        return QueryError(
            f"the answer has more than {self.rows:,} rows, which are the most (limits.query_rows);"
            " select less, aggregate, or add a LIMIT"
        )

    def _too_many(self, what: str) -> QueryError:
        return QueryError(
            f"{what}, {self.groups:,} intervals times series are the most (limits.query_groups);"
            " ask for longer intervals, a shorter range or fewer series"
        )

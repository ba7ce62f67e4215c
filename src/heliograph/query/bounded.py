"""Reading for one question, within bounds: so long, and so many rows on the way to the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from heliograph.errors import QueryError
from heliograph.store.duck import Cursor


class Bounded:
    """What the session of a language reads the store with; used by one thread."""

    __slots__ = ()

    cursor: Cursor
    deadline: float
    clock: Callable[[], float]
    most_rows: ClassVar[int]
    """More rows than this on the way to an answer are refused: they fill the memory."""

    def check_time(self) -> None:
        """Stop what takes longer than the limit.

        Raises:
            QueryError: it did.
        """
        if self.clock() > self.deadline:
            raise QueryError("the query took longer than limits.query_seconds; ask for less")

    def check_rows(self, count: int) -> None:
        """Refuse what is too long to be computed, or takes too long already.

        Raises:
            QueryError: it is, or does.
        """
        self.check_time()
        if count > self.most_rows:
            raise QueryError(
                f"the query needs over {self.most_rows:,} rows;"
                " ask for a shorter range, longer intervals or fewer series, or limit it"
            )

    def rows(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement of ours.

        Raises:
            QueryError: too many, or it takes too long.
        """
        self.check_time()
        rows = self.cursor.rows(f"SELECT * FROM ({sql}) LIMIT {self.most_rows + 1}", list(parameters))
        self.check_rows(len(rows))
        return rows

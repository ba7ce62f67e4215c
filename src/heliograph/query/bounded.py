"""Reading for one question, within bounds: so long, and so many rows on the way to the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, ClassVar, Final

from heliograph.errors import QueryError
from heliograph.query.budget import Claim
from heliograph.store.duck import Cursor

BATCH_ROWS: Final = 20_480
"""So many rows are read between two looks at clock and bounds."""
WIDEST: Final = 128
"""So many columns one statement gives: each of DuckDB's steps has room for 2,048 values of every one."""


class Bounded:
    """What the session of a language reads the store with; used by one thread."""

    __slots__ = ()

    cursor: Cursor
    deadline: float
    clock: Callable[[], float]
    claim: Claim
    most_rows: ClassVar[int]
    """More rows than this on the way to an answer are refused: they fill the memory."""
    most_cells: ClassVar[int] = 8_000_000
    """So do more values in them. How much memory there is, :attr:`claim` says."""

    def check_time(self) -> None:
        """Stop what takes longer than the limit, or what nobody waits for: who asked went, or the hub stops.

        Raises:
            QueryError: it did.
        """
        if self.cursor.interrupted or self.clock() > self.deadline:
            raise QueryError("the query took longer than limits.query_seconds; ask for less")

    def check_rows(self, count: int) -> None:
        """Refuse what is too long to be computed, or takes too long already.

        Raises:
            QueryError: it is, or does.
            TurnNeeded: it is too long for one that has not the turn of the large ones.
        """
        self.check_time()
        if count > self.most_rows:
            raise QueryError(
                f"the query needs over {self.most_rows:,} rows;"
                " ask for a shorter range, longer intervals or fewer series, or limit it"
            )
        self.claim.hold(0, 0, points=count)

    def rows(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement of ours.

        Raises:
            QueryError: too many, or it takes too long.
        """
        self.check_time()
        asked = f"SELECT * FROM ({sql}) LIMIT {self.most_rows + 1}"
        rows: list[tuple[Any, ...]] = []
        with closing(self.cursor.batches(asked, list(parameters), BATCH_ROWS)) as batches:
            for batch in batches:
                rows += batch
                self.check_rows(len(rows))
                self.check_cells(len(rows), len(rows[0]) if rows else 0)
        return rows

    def passing(
        self, sql: str, parameters: Sequence[object], key_of: Callable[[Any], Any] | None
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a statement of ours, of which only a time and a value are kept.

        Where those of each key are held together for a while, ``key_of`` tells it.

        Raises:
            QueryError: too many, or it takes too long.
        """
        self.check_time()
        asked = f"SELECT * FROM ({sql}) LIMIT {self.most_rows + 1}"
        count = together = 0
        key: Any = None
        with closing(self.cursor.batches(asked, list(parameters), BATCH_ROWS)) as batches:
            for batch in batches:
                count += len(batch)
                self.check_rows(count)
                if key_of is not None and batch:
                    together = (together if key_of(batch[0]) == key else 0) + len(batch)
                    key = key_of(batch[-1])
                    self.claim.hold(together, len(batch[0]), points=count)
                yield from batch

    def check_cells(self, count: int, width: int) -> None:
        """Refuse so many rows of so many values each, and what takes too long already.

        Raises:
            QueryError: they are too many, or it does.
            TurnNeeded: they are too many for one that has not the turn of the large ones.
        """
        self.check_time()
        if count * width > self.most_cells:
            raise QueryError(
                f"the query needs over {self.most_cells:,} values on its way, {width} of each row;"
                " select fewer columns, a shorter range or fewer series, or limit it"
            )
        self.claim.hold(count, width)

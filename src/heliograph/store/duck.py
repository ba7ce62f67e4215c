"""DuckDB in process, shut off from everything but the segments."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import duckdb

from heliograph.errors import QueryError, StoreError
from heliograph.store.arrow import ArrowTable

SPILL_BYTES: Final = 4 * 1024**3


class Duck:
    """A DuckDB engine without a database of its own; every statement brings its data along.

    With ``in_order`` rows leave a statement as they stand in its sources; that costs memory and threads.

    What does not fit into ``memory_bytes`` goes to files below ``spill`` for the while, up to
    ``SPILL_BYTES``; a seal must not fail because its points are wide.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        *,
        memory_bytes: int,
        threads: int,
        spill: Path | None = None,
        in_order: bool = False,
    ) -> None:
        self._folders = tuple(folders)
        self._spill = spill
        self._root = duckdb.connect(
            config={
                "memory_limit": f"{memory_bytes}B",
                "threads": threads,
                "preserve_insertion_order": in_order,
                # our joins are written with the small side last, and an Arrow table does not tell its size
                "disabled_optimizers": "build_side_probe_side",
                "temp_directory": str(spill) if spill else "",
                "max_temp_directory_size": f"{SPILL_BYTES}B" if spill else "0B",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        self._root.execute("SET allowed_directories = ?", [[f"{folder}/" for folder in self._folders]])
        self._root.execute("SET enable_external_access = false")
        self._root.execute("SET lock_configuration = true")

    @contextlib.contextmanager
    def small(self, memory_bytes: int) -> Iterator[Duck]:
        """Another engine for the block, on the same folders: one thread, in order, and little memory."""
        spill = self._spill.with_name(f"{self._spill.name}-small") if self._spill else None
        engine = Duck(self._folders, memory_bytes=memory_bytes, threads=1, spill=spill, in_order=True)
        try:
            yield engine
        finally:
            engine.close()

    @contextlib.contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """A cursor for one statement, with the tables registered on it gone afterwards."""
        cursor = Cursor(self._root.cursor)
        try:
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        """Free the engine."""
        self._root.close()


class Cursor:
    """One statement at a time, and the Arrow tables that it reads. Nothing is opened before the first."""

    def __init__(self, connect: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._connect = connect
        self._opened: duckdb.DuckDBPyConnection | None = None
        self._names: dict[int, str] = {}
        self.interrupted = False
        """Whether nobody waits for it any more: what is computed beside it may look here."""

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._opened is None:
            self._opened = self._connect()
        return self._opened

    def register(self, table: ArrowTable) -> str:
        """Make a table visible to the statement and return its name."""
        name = self._names.get(id(table))
        if name is None:
            name = f"hot_{len(self._names)}_{threading.get_ident()}_{id(table)}"
            self._connection.register(name, table)
            self._names[id(table)] = name
        return name

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a statement of ours.

        Raises:
            QueryError: DuckDB stopped it, for instance for lack of memory.
            StoreError: anything else that DuckDB says: a damaged segment, a full disk.
        """
        with _told():
            return self._connection.execute(sql, parameters or []).fetchall()

    def batches(self, sql: str, parameters: list[Any], size: int) -> Generator[list[tuple[Any, ...]]]:
        """Yield the rows of a statement of ours, so many at a time; the last are fewer, or none.

        Nothing else runs on this cursor before all were taken, or the generator was closed.

        Raises:
            QueryError, StoreError: as :meth:`rows`.
        """
        with _told():
            self._connection.execute(sql, parameters)
            try:
                while True:
                    batch = self._connection.fetchmany(size)
                    yield batch
                    if len(batch) < size:
                        return
            finally:
                self._connection.abort()

    def stream(self, sql: str) -> ArrowStream:
        """Return a statement of ours that speaks the Arrow C stream interface, once.

        Raises:
            QueryError, StoreError: as :meth:`rows`; also while it is read.
        """
        with _told():
            return ArrowStream(self._connection.sql(sql))

    def interrupt(self) -> None:
        """Stop the statement that runs in another thread, if one does."""
        self.interrupted = True
        if self._opened is not None:
            self._opened.interrupt()

    def close(self) -> None:
        """Forget the registered tables."""
        if self._opened is not None:
            for name in self._names.values():
                self._opened.unregister(name)
            self._opened.close()


class ArrowStream:
    """The answer to a statement, for whoever reads Arrow's C stream interface."""

    def __init__(self, relation: duckdb.DuckDBPyRelation) -> None:
        self._relation = relation

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        with _told():
            return self._relation.__arrow_c_stream__(requested_schema)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Tell DuckDB's errors as ours."""
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.InterruptException, duckdb.OutOfRangeException) as error:
        raise QueryError(f"the query was stopped: {error}") from error
    except duckdb.Error as error:
        raise StoreError(str(error)) from error

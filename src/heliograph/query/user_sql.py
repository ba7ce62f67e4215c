"""A user's SQL over the measurements of one bucket, run in a child process."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.query.children import Child, ChildEnded, Children
from heliograph.store.arrow import ArrowTable
from heliograph.store.duck import Duck
from heliograph.store.relation import Segment, Snapshot, literal, quote, render
from heliograph.store.store import Store

MAX_ROWS: Final = 100_000
_AT_ONCE: Final = 2
_STOPPED: Final = frozenset({-24, -9})
"""How a child ends that is over a limit: SIGXCPU, and the kernel's own kill."""
_START_SECONDS: Final = 10.0
_MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024


class UserSql:
    """Runs a user's SELECT where it can read the bucket's points and nothing else."""

    def __init__(self, store: Store, duck: Duck, scratch: Path, *, seconds: float, memory_bytes: int) -> None:
        self._store = store
        self._duck = duck
        self._scratch = scratch
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._children = Children(_AT_ONCE)

    async def close(self) -> None:
        """End the children that wait for questions."""
        await self._children.close()

    async def run(self, bucket: str, sql: str) -> dict[str, Any]:
        """Return ``{"columns": [{"name", "type"}…], "rows": […], "truncated": bool}``.

        Each measurement is a table; ``time`` is a TIMESTAMP_NS in UTC. SQL does not tell names apart by
        case: of two such measurements the second is called ``name_2``. On cancellation the child is killed.

        Raises:
            QueryError: the statement is refused, wrong, or over a limit.
            BucketNotFound: there is no such bucket.
        """
        async with self._slots, self._children.borrow(bucket) as child:
            folder = Path(tempfile.mkdtemp(dir=self._scratch))
            try:
                request = await asyncio.to_thread(self._request, bucket, sql, folder)
                answer = await self._ask(child, request)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        if "error" in answer:
            raise QueryError(answer["error"])
        return answer

    def _request(self, bucket: str, sql: str, folder: Path) -> dict[str, Any]:
        """Make the views; hot points are copied to files, since the child cannot see our memory."""
        with self._store.reading() as catalogue:
            measurements = sorted(catalogue.bucket(bucket))
        asked = sql.casefold() + sql.casefold().replace('""', '"')
        names = [name for name in measurements if name.casefold() in asked]
        views: dict[str, str] = {}
        files: list[str] = []
        for name in names:
            snapshot = self._store.snapshot(bucket, name)
            if snapshot is None:
                continue
            segments = (*snapshot.segments, *self._copies(snapshot, folder, len(views)))
            files += [str(s.path) for s in segments]
            rows = render(
                replace(snapshot, segments=segments, hot=()),
                _no_tables,
                start_ns=MIN_TIME_NS,
                end_ns=MAX_TIME_NS + 1,
            )
            views[_free_name(name, views)] = (
                f"SELECT make_timestamp_ns(time) AS time, * EXCLUDE (time) FROM ({rows})"
            )
        return {
            "sql": sql,
            "views": views,
            "measurements": measurements,
            "files": files,
            "rows": MAX_ROWS,
            "answer_bytes": _MAX_ANSWER_BYTES,
            "seconds": max(1, round(self._seconds)),
            "memory_bytes": self._memory_bytes,
        }

    def _copies(self, snapshot: Snapshot, folder: Path, number: int) -> list[Segment]:
        copies = []
        for index, hot in enumerate(snapshot.hot):
            path = folder / f"{number}-{index}.parquet"
            only = Snapshot(snapshot.measurement, (), (hot,))
            tags = [snapshot.measurement.tags[tag] for tag in hot.tags]
            fields = [snapshot.measurement.fields[name][0] for name in hot.fields]
            columns = ", ".join(quote(c) for c in ["time", *tags, *fields])
            with self._duck.cursor() as cursor:
                rows = render(only, cursor.register, start_ns=hot.min_ns, end_ns=hot.max_ns + 1)
                cursor.rows(
                    f"COPY (SELECT {columns} FROM ({rows})) TO {literal(str(path))}"
                    " (FORMAT parquet, COMPRESSION uncompressed)"
                )
            copies.append(Segment(0, path, frozenset([*tags, *fields]), hot.count, hot.min_ns, hot.max_ns, 0))
        return copies

    async def _ask(self, child: Child, request: dict[str, Any]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._seconds + _START_SECONDS):
                return await child.ask(request)
        except TimeoutError as error:
            raise QueryError(_too_long(self._seconds)) from error
        except ChildEnded as error:
            if error.status in _STOPPED:
                raise QueryError(_too_long(self._seconds)) from error
            raise


def _too_long(seconds: float) -> str:
    return f"the query took longer than {seconds:g} s (limits.query_seconds); ask for less"


def _free_name(name: str, taken: Iterable[str]) -> str:
    folded = {other.casefold() for other in taken}
    candidate, number = name, 1
    while candidate.casefold() in folded:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _no_tables(table: ArrowTable) -> str:
    raise AssertionError(f"hot rows were copied to files, yet {table!r} is asked for")

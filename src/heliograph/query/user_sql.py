"""A user's SQL over the measurements of one bucket, run in a child process."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from heliograph.errors import QueryError, StoreBusy
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.query.children import Child, ChildEnded, Children
from heliograph.query.limits import QueryLimits
from heliograph.query.undamaged import Read, Undamaged, Unreadable
from heliograph.store.arrow import ArrowTable
from heliograph.store.duck import Duck
from heliograph.store.relation import Segment, Snapshot, render
from heliograph.store.sql_text import literal, quote
from heliograph.store.store import Store

_AT_ONCE: Final = 2
_KILLED: Final = (
    "the query's process was killed, which the system does when memory runs out; select less, or try again"
    " when less runs on this machine"
)
"""Our own limits end a process otherwise: that of time by SIGXCPU, those of memory with an answer."""
_CRASHES: Final = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT)
"""What becomes of a process that reads what nobody wrote."""
_START_SECONDS: Final = 10.0
_MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
_ANSWER_FILE: Final = "answer.parquet"


class UserSql:
    """Runs a user's SELECT where it can read the bucket's points and nothing else."""

    def __init__(
        self,
        store: Store,
        duck: Duck,
        scratch: Path,
        *,
        seconds: float,
        memory_bytes: int,
        limits: QueryLimits = QueryLimits(),  # noqa: B008 - it is immutable
    ) -> None:
        self._limits = limits
        self._store = store
        self._undamaged = Undamaged(store.damage)
        self._duck = duck
        self._scratch = scratch
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._children = Children(_AT_ONCE)

    async def close(self) -> None:
        """End the children that wait for questions."""
        await self._children.close()

    async def run(
        self, bucket: str, sql: str, parameters: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Any]:
        """Return ``{"columns": [{"name", "type"}…], "rows": […]}``.

        ``parameters`` are the values for ``$name`` in the statement. Each measurement is a table; ``time``
        is a TIMESTAMP_NS in UTC. SQL does not tell names apart by case: of two such measurements the second
        is called ``name_2``. On cancellation the child is killed.

        Raises:
            QueryError: the statement is refused, wrong, or over a limit.
            BucketNotFound: there is no such bucket.
        """
        asked = {"sql": sql, "parameters": dict(parameters)}

        async def ask(read: Read) -> dict[str, Any]:
            async with self._answered(bucket, asked, read) as (answer, _):
                return answer

        return await self._undamaged.answer(ask)

    async def parquet(
        self, bucket: str, sql: str, parameters: Mapping[str, Any] = MappingProxyType({})
    ) -> bytes:
        """Return the answer of :meth:`run` as a Parquet file.

        Raises:
            QueryError: as with :meth:`run`, and where that would leave rows out.
            BucketNotFound: there is no such bucket.
        """
        asked = {"sql": sql, "parameters": dict(parameters), "parquet": _ANSWER_FILE}

        async def ask(read: Read) -> bytes:
            async with self._answered(bucket, asked, read) as (_, folder):
                return await asyncio.to_thread((folder / _ANSWER_FILE).read_bytes)

        return await self._undamaged.answer(ask)

    @contextlib.asynccontextmanager
    async def _answered(
        self, bucket: str, asked: dict[str, Any], read: Read
    ) -> AsyncIterator[tuple[dict[str, Any], Path]]:
        """The answer of a child, and the folder of its files, which goes with the block."""
        async with self._slots, self._children.borrow(bucket) as child:
            try:
                folder = Path(tempfile.mkdtemp(dir=self._scratch))
            except OSError as error:
                raise StoreBusy(f"nothing can be written below {self._scratch}: {error.strerror}") from error
            try:
                request = asked | await asyncio.to_thread(self._request, bucket, asked["sql"], folder, read)
                if "parquet" in asked:
                    request["parquet"] = str(folder / asked["parquet"])
                answer = await self._ask(child, request)
                if "error" in answer:
                    raise (Unreadable if answer.get("unreadable") else QueryError)(answer["error"])
                if answer.pop("truncated"):
                    raise self._limits.too_many_rows()
                yield answer, folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _request(self, bucket: str, sql: str, folder: Path, read: Read) -> dict[str, Any]:
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
            read.add((bucket, name))
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
            "views": views,
            "measurements": measurements,
            "files": files,
            "rows": self._limits.rows,
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
            if error.status == -signal.SIGXCPU:
                raise QueryError(_too_long(self._seconds)) from error
            if error.status == -signal.SIGKILL:
                raise QueryError(_KILLED) from error
            if -error.status in _CRASHES:
                raise Unreadable(str(error)) from error
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

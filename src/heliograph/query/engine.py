"""Runs plans on a small pool of threads, each with a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from heliograph.errors import QueryError
from heliograph.model.predicate import Predicate
from heliograph.query.bounded import BATCH_ROWS
from heliograph.query.budget import Claim, MemoryBudget
from heliograph.query.limits import QueryLimits
from heliograph.query.matching import matching_sql
from heliograph.query.plan import Columns, Rows, Select, SelectRows
from heliograph.query.rollup_sql import summaries_sql
from heliograph.query.sql import columns_of, rows_of, rows_sql, select_sql
from heliograph.query.undamaged import Read, Undamaged
from heliograph.store.duck import Cursor, Duck
from heliograph.store.relation import Snapshot
from heliograph.store.retention import Place
from heliograph.store.store import Store

try:
    from heliograph.query.memory import answers
    from heliograph.query.memory.sources import Sources
except ImportError:
    # Installed where there was no compiler: DuckDB answers everything.
    IN_MEMORY = False
else:
    IN_MEMORY = True

IDLE_SECONDS: Final = 60.0
"""How long columns stay in memory after the last question."""
_A = TypeVar("_A")


class QueryEngine:
    """Answers plans from a store; up to ``columns_bytes`` of columns stay in memory for a while."""

    def __init__(
        self,
        store: Store,
        duck: Duck,
        *,
        threads: int,
        seconds: float,
        limits: QueryLimits = QueryLimits(),  # noqa: B008 - it is immutable
        memory: MemoryBudget | None = None,
        columns_bytes: int = 2**25,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._limits = limits
        self.store = store
        self.undamaged = Undamaged(store.damage)
        """Through it every language asks."""
        self.memory = memory or MemoryBudget()
        """Out of it every language takes what its values need."""
        self.duck = duck
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="query")
        self._sources = Sources(columns_bytes) if IN_MEMORY else None
        self._idle_seconds = idle_seconds
        self._forgetting: asyncio.TimerHandle | None = None

    @property
    def sources(self) -> Sources | None:
        """The columns in memory, for what else reads them; None where there was no compiler."""
        return self._sources

    @property
    def columns_bytes(self) -> int:
        """What the columns in memory take, roughly."""
        return self._sources.size_bytes if self._sources else 0

    def close(self) -> None:
        """End the threads."""
        if self._forgetting:
            self._forgetting.cancel()
        self._pool.shutdown(cancel_futures=True)

    async def select(self, select: Select) -> Columns:
        """Return the answer to a plan.

        On cancellation, and after the time limit, the statement is interrupted.

        Raises:
            QueryError: the measurement or a field is unknown, or a limit was reached.
            BucketNotFound: the bucket is.
        """
        place = select.bucket, select.measurement
        return await self._whole(place, lambda cursor, claim: self._select(select, cursor, claim))

    async def rows(self, select: SelectRows) -> Rows:
        """Return the points that a plan asks for, as :meth:`select` does."""
        place = select.bucket, select.measurement
        return await self._whole(place, lambda cursor, claim: self._rows(select, cursor, claim))

    async def run(self, work: Callable[[Cursor], _A]) -> _A:
        """Return what some work of another language gives, with a cursor of its own in one of our threads.

        After the time limit, and on cancellation, its statement is interrupted.

        Raises:
            QueryError: it took longer than the limit.
        """
        return await self._answer(work)

    async def _whole(self, place: Place, work: Callable[[Cursor, Claim], _A]) -> _A:
        async def ask(read: Read, claim: Claim) -> _A:
            read.add(place)
            return await self._answer(lambda cursor: work(cursor, claim))

        return await self.memory.answer(
            lambda claim: self.undamaged.answer(partial(ask, claim=claim)), self._seconds
        )

    async def _answer(self, work: Callable[[Cursor], _A]) -> _A:
        try:
            with self.duck.cursor() as cursor:
                return await self._run(cursor, lambda: work(cursor))
        finally:
            self.keep_columns()

    def _select(self, select: Select, cursor: Cursor, claim: Claim) -> Columns:
        self._limits.check_intervals(select)
        snapshot = self._snapshot(select)
        asked = summaries_sql(select, snapshot, cursor.register)
        answer = None
        if asked is None and self._sources:
            answer = answers.select(select, snapshot, self._sources, cursor)
        if answer is None:
            sql, parameters = asked or select_sql(select, snapshot, cursor.register)
            rows = _gathered(cursor, f"{sql} LIMIT {self._limits.groups + 1}", parameters, claim)
            if len(rows) > self._limits.groups:
                raise self._limits.too_many_groups()
            answer = columns_of(select, rows, self._limits)
        self._limits.check_columns(answer)
        return answer.limited(select.limit, newest=select.newest) if select.limit else answer

    def _rows(self, asked: SelectRows, cursor: Cursor, claim: Claim) -> Rows:
        select = replace(asked, limit=min(asked.limit, self._limits.rows))
        snapshot = self._snapshot(select)
        answer = answers.rows(select, snapshot, self._sources, cursor) if self._sources else None
        if answer is None:
            sql, parameters = rows_sql(select, snapshot, cursor.register)
            rows = _gathered(cursor, sql, parameters, claim)
            width = 1 + len(select.tags) + len(select.fields)
            columns: list[list[Any]] = [[row[i] for row in rows] for i in range(width)]
            for column in columns if select.newest else ():
                column.reverse()
            tags = columns[1 : 1 + len(select.tags)]
            answer = rows_of(select, columns[0], tags, columns[1 + len(select.tags) :])
        if answer.truncated and asked.limit > select.limit:
            raise self._limits.too_many_rows()
        return answer

    def _snapshot(self, select: Select | SelectRows) -> Snapshot:
        snapshot = self.store.snapshot(select.bucket, select.measurement)
        if snapshot is None:
            raise QueryError(f'measurement "{select.measurement}" not found')
        return snapshot

    async def count(self, bucket: str, predicate: Predicate, start_ns: int, end_ns: int) -> int:
        """Return how many points the series of a predicate have at ``start_ns <= time < end_ns``.

        Raises:
            QueryError: a limit was reached.
            BucketNotFound: there is no such bucket.
        """

        def names() -> list[str]:
            with self.store.reading() as catalogue:
                return [name for name in catalogue.bucket(bucket) if predicate.names(name)]

        def matching(cursor: Cursor, _: Claim, name: str) -> int:
            snapshot = self.store.snapshot(bucket, name)
            if snapshot is None:
                return 0
            sql = matching_sql(snapshot, cursor.register, predicate, start_ns, end_ns)
            return int(cursor.rows(sql)[0][0])

        return sum(
            [
                await self._whole((bucket, name), partial(matching, name=name))
                for name in await asyncio.to_thread(names)
            ]
        )

    def keep_columns(self) -> None:
        """Keep what is in memory for a while from now on."""
        if self._sources:
            loop = asyncio.get_running_loop()
            if self._forgetting:
                if self._forgetting.when() - loop.time() > 0.98 * self._idle_seconds:
                    return  # it was put off just now
                self._forgetting.cancel()
            self._forgetting = loop.call_later(self._idle_seconds, self._sources.clear)

    async def _run(self, cursor: Cursor, work: Callable[[], _A]) -> _A:
        job = self._pool.submit(work)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(asyncio.wrap_future(job))
        except TimeoutError as error:
            await self._stop(cursor, job)
            raise QueryError(
                f"the query took longer than {self._seconds:g} s (limits.query_seconds); ask for less"
            ) from error
        except asyncio.CancelledError:
            await self._stop(cursor, job)
            raise

    @staticmethod
    async def _stop(cursor: Cursor, job: Future[_A]) -> None:
        """Interrupt the statement and wait until its thread has let go of the cursor, if it has one."""
        if job.cancel():
            return  # it waited for a thread, and others may take theirs for long
        over = asyncio.wrap_future(job)
        while not over.done():
            cursor.interrupt()
            await asyncio.wait([over], timeout=0.05)
        over.exception()  # nobody else asks for it any more


def _gathered(cursor: Cursor, sql: str, parameters: Sequence[Any], claim: Claim) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    with closing(cursor.batches(sql, list(parameters), BATCH_ROWS)) as batches:
        for batch in batches:
            rows += batch
            claim.hold(len(rows), len(rows[0]) if rows else 0)
    return rows

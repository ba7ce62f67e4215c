"""Runs plans on a small pool of threads, each with a time limit."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from heliograph.errors import QueryError
from heliograph.model.predicate import Predicate
from heliograph.query.matching import matching_sql
from heliograph.query.plan import Columns, Select
from heliograph.query.sql import columns_of, select_sql
from heliograph.store.duck import Cursor, Duck
from heliograph.store.store import Store


class QueryEngine:
    """Answers plans from a store."""

    def __init__(self, store: Store, duck: Duck, *, threads: int, seconds: float) -> None:
        self._store = store
        self._duck = duck
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="query")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    async def select(self, select: Select) -> Columns:
        """Return the answer to a plan.

        On cancellation, and after the time limit, the statement is interrupted.

        Raises:
            QueryError: the measurement or a field is unknown, or a limit was reached.
            BucketNotFound: the bucket is.
        """
        snapshot = await asyncio.to_thread(self._store.snapshot, select.bucket, select.measurement)
        if snapshot is None:
            raise QueryError(f'measurement "{select.measurement}" not found')
        with self._duck.cursor() as cursor:
            sql, parameters = select_sql(select, snapshot, cursor.register)
            rows = await self._run(cursor, sql, parameters)
        return columns_of(select, rows)

    async def count(self, bucket: str, predicate: Predicate, start_ns: int, end_ns: int) -> int:
        """Return how many points the series of a predicate have at ``start_ns <= time < end_ns``.

        Raises:
            QueryError: a limit was reached.
            BucketNotFound: there is no such bucket.
        """
        with self._store.reading() as catalogue:
            names = [name for name in catalogue.bucket(bucket) if predicate.names(name)]
        points = 0
        for name in names:
            snapshot = await asyncio.to_thread(self._store.snapshot, bucket, name)
            if snapshot is None:
                continue
            with self._duck.cursor() as cursor:
                sql = matching_sql(snapshot, cursor.register, predicate, start_ns, end_ns)
                ((count,),) = await self._run(cursor, sql, [])
            points += cast("int", count)
        return points

    async def _run(self, cursor: Cursor, sql: str, parameters: list[object]) -> list[tuple[object, ...]]:
        job = asyncio.get_running_loop().run_in_executor(self._pool, cursor.rows, sql, parameters)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(job)
        except TimeoutError as error:
            await self._stop(cursor, job)
            raise QueryError(
                f"the query took longer than {self._seconds:g} s (limits.query_seconds); ask for less"
            ) from error
        except asyncio.CancelledError:
            await self._stop(cursor, job)
            raise

    @staticmethod
    async def _stop(cursor: Cursor, job: asyncio.Future[list[tuple[object, ...]]]) -> None:
        """Interrupt the statement and wait until its thread has let go of the cursor."""
        while not job.done():
            cursor.interrupt()
            await asyncio.wait([job], timeout=0.05)

"""Answers texts of InfluxQL, statement after statement, each within a time limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeGuard, TypeVar

from heliograph.errors import Error, QueryError
from heliograph.query.engine import QueryEngine
from heliograph.query.influxql import tree
from heliograph.query.influxql.answer.prepare import prepare
from heliograph.query.influxql.answer.run import select_series
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.cursor import Parameter
from heliograph.query.influxql.into import lines_of
from heliograph.query.influxql.meta.changes import Changes, change
from heliograph.query.influxql.meta.databases import Databases
from heliograph.query.influxql.meta.deletions import deletions
from heliograph.query.influxql.meta.explain import explain
from heliograph.query.influxql.meta.show import show, show_schema
from heliograph.query.influxql.parser import parse
from heliograph.query.influxql.plan.shapes import Result, Series
from heliograph.query.influxql.text import statement_text
from heliograph.query.limits import QueryLimits
from heliograph.store.database import Database
from heliograph.store.duck import Cursor, Duck
from heliograph.store.store import Store

_T = TypeVar("_T")
_READING: Final = (tree.ShowSchema, tree.Show, tree.Explain)


class Access(Protocol):
    """What the one who asks may do."""

    def read(self, bucket: str) -> None:
        """Let nobody pass who may not read a bucket.

        Raises:
            Forbidden: they may not.
        """
        ...

    def write(self, bucket: str) -> None:
        """Let nobody pass who may not write to a bucket.

        Raises:
            Forbidden: they may not.
        """
        ...

    def change(self) -> None:
        """Let nobody pass who may not make or drop databases.

        Raises:
            Forbidden: they may not.
        """
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A text and what it is asked with."""

    text: str
    access: Access
    database: str = ""
    policy: str = ""
    parameters: Mapping[str, Parameter] | None = None
    warn: bool = False
    """Whether a statement that changes something is told to be asked otherwise."""


def is_reading(statement: tree.Statement) -> bool:
    """Return whether a statement changes nothing."""
    return isinstance(statement, _READING) or (
        isinstance(statement, tree.Select) and statement.target is None
    )


def _drops_measurement(statement: tree.Statement) -> TypeGuard[tree.Drop]:
    return isinstance(statement, tree.Drop) and statement.noun == "MEASUREMENT"


class InfluxqlEngine:
    """Answers InfluxQL from a store."""

    def __init__(
        self,
        store: Store,
        duck: Duck,
        database: Database,
        *,
        threads: int,
        seconds: float,
        limits: QueryLimits,
        engine: QueryEngine,
    ) -> None:
        self._store = store
        self._engine = engine
        self._limits = limits
        self._duck = duck
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="influxql")
        self.databases = Databases(store, database)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    async def answers(self, asked: Asked, changes: Changes) -> AsyncIterator[Result]:
        """Yield the result of each statement; after one that failed the others are not executed.

        Raises:
            QuerySyntaxError: the text is no InfluxQL; nothing of it was done.
        """
        statements = parse(asked.text, asked.parameters)
        failed = False
        for statement in statements:
            if failed:
                yield Result(error="not executed")
                continue
            try:
                result = await self._answer(statement, asked, changes)
            except Error as error:
                result = Result(error=str(error))
            failed = result.error is not None
            if asked.warn and not is_reading(statement):
                text = (
                    f"deprecated use of '{statement_text(statement)}' in a read only context,"
                    " please use a POST request instead"
                )
                result.messages.append({"level": "warning", "text": text})
            yield result

    async def _answer(self, statement: tree.Statement, asked: Asked, changes: Changes) -> Result:
        if isinstance(statement, tree.Select) and statement.target is not None:
            return await self._into(statement, asked, changes)
        if is_reading(statement):
            return await self._read(asked, lambda session: self._reading(session, statement))
        if isinstance(statement, tree.Delete) or _drops_measurement(statement):
            return await self._delete(statement, asked, changes)
        asked.access.change()
        return Result(series=await change(statement, self.databases, changes))

    async def _delete(self, statement: tree.Delete | tree.Drop, asked: Asked, changes: Changes) -> Result:
        found = await self._read(asked, lambda session: deletions(session, self.databases, statement))
        for bucket in {one.bucket for one in found}:
            asked.access.write(bucket)
        for one in found:
            await changes.delete(one.bucket, one.predicate, one.start_ns, one.end_ns)
        return Result()

    def _reading(self, session: Session, statement: tree.Statement) -> Result:
        if isinstance(statement, tree.Select):
            return Result(series=select_series(session, prepare(session, statement)), zone=statement.zone)
        if isinstance(statement, tree.ShowSchema):
            return Result(series=show_schema(session, self.databases, statement))
        if isinstance(statement, tree.Show):
            return Result(series=show(session, self.databases, statement))
        if isinstance(statement, tree.Explain):
            return Result(series=explain(session, statement))
        raise QueryError(f"this statement is not supported: {statement_text(statement)}")

    async def _into(self, statement: tree.Select, asked: Asked, changes: Changes) -> Result:
        target = statement.target
        assert target is not None  # noqa: S101 -- the caller looked
        database = target.database or asked.database
        if not database:
            raise QueryError("database name required")
        bucket = await asyncio.to_thread(self.databases.bucket, database, target.policy)
        asked.access.write(bucket)
        count, body = await self._read(asked, lambda session: lines_of(session, statement))
        if count:
            await changes.write(bucket, body)
        return Result(series=[Series("result", {}, ["time", "written"], [[0, count]], timed=True)])

    async def _read(self, asked: Asked, work: Callable[[Session], _T]) -> _T:
        """Run a step in a thread; after the time limit, and on cancellation, it is interrupted."""
        with self._duck.cursor() as cursor:
            session = Session(
                store=self._store,
                cursor=cursor,
                places=self.databases,
                may_read=asked.access.read,
                database=asked.database,
                policy=asked.policy,
                now_ns=time.time_ns(),
                deadline=time.monotonic() + self._seconds,
                limits=self._limits,
                sources=self._engine.sources,
            )
            job = asyncio.get_running_loop().run_in_executor(self._pool, work, session)
            try:
                async with asyncio.timeout(self._seconds):
                    return await asyncio.shield(job)
            except TimeoutError as error:
                await _stop(cursor, session, job)
                raise QueryError(
                    f"the query took longer than {self._seconds:g} s (limits.query_seconds); ask for less"
                ) from error
            except asyncio.CancelledError:
                await _stop(cursor, session, job)
                raise
            finally:
                self._engine.keep_columns()


async def _stop(cursor: Cursor, session: Session, job: asyncio.Future[Any]) -> None:
    """Interrupt the statement and wait until its thread has let go of the cursor."""
    session.deadline = 0.0
    while not job.done():
        cursor.interrupt()
        await asyncio.wait([job], timeout=0.05)

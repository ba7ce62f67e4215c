"""Answers texts of InfluxQL, statement after statement, each within a time limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TypeGuard, TypeVar

from heliograph.errors import Error, Forbidden, QueryError, StoreError
from heliograph.query.budget import Claim, TurnNeeded
from heliograph.query.engine import QueryEngine
from heliograph.query.influxql import tree
from heliograph.query.influxql.answer.prepare import prepare
from heliograph.query.influxql.answer.run import select_series
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.cursor import Parameter
from heliograph.query.influxql.into import lines_of
from heliograph.query.influxql.memory.kept import Kept, KeptAnswers, Key, counts_of
from heliograph.query.influxql.memory.panels import Panels
from heliograph.query.influxql.memory.quick import LONGEST, NotAtOnce, Quick, refuse, shape_of, until
from heliograph.query.influxql.meta.accounts import show_accounts
from heliograph.query.influxql.meta.changes import Changes, change
from heliograph.query.influxql.meta.continuous import Continuous, bounded
from heliograph.query.influxql.meta.databases import Databases
from heliograph.query.influxql.meta.deletions import buckets_of, deletions
from heliograph.query.influxql.meta.explain import explain
from heliograph.query.influxql.meta.running import Running, RunningQuery
from heliograph.query.influxql.meta.show import depends_on_names, show, show_queries, show_schema
from heliograph.query.influxql.parser import parse
from heliograph.query.influxql.plan.schemas import Schemas
from heliograph.query.influxql.plan.shapes import Result, Series, TimeRange
from heliograph.query.influxql.regexes import fault_of
from heliograph.query.influxql.rows import Rows, parquet_of
from heliograph.query.influxql.text import statement_text
from heliograph.query.limits import QueryLimits
from heliograph.query.undamaged import Read
from heliograph.store.database import Database
from heliograph.store.duck import Cursor, Duck
from heliograph.store.store import Store

_T = TypeVar("_T")
_LONG_TEXT: Final = 4_096
"""Longer texts are read in a thread."""
_TOO_LONG: Final = (
    f"the answers of the statements so far have over {Session.most_cells:,} values;"
    " ask with chunked=true, or in several requests"
)
_OF_THE_HUB: Final = ("USERS", "GRANTS", "STATS", "DIAGNOSTICS", "SUBSCRIPTIONS", "SHARD GROUPS")
"""What SHOW tells to the operator only."""
_READING: Final = (tree.ShowSchema, tree.Show, tree.Explain)


class Access(Protocol):
    """What the one who asks may do."""

    @property
    def user(self) -> str:
        """Who it is: what they ask is listed under this."""
        ...

    def sees(self, bucket: str) -> bool:
        """Return whether they may read or write a bucket, and so know of it."""
        ...

    def oversee(self) -> None:
        """Let nobody pass who may not see everything.

        Raises:
            Forbidden: they may not.
        """
        ...

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
    whole: bool = True
    """Whether the results of all statements are held at once, so that their sum has a bound."""
    warn: bool = False
    """Whether a statement that changes something is told to be asked otherwise."""


def is_reading(statement: tree.Statement) -> bool:
    """Return whether a statement changes nothing."""
    return isinstance(statement, _READING) or (
        isinstance(statement, tree.Select) and statement.target is None
    )


@dataclass(frozen=True, slots=True)
class _Task:
    """A request on its way."""

    asked: Asked
    changes: Changes
    query: RunningQuery
    shape: Hashable | None = None
    """What it has in common with others of its kind, where it may be answered at once."""

    @property
    def key(self) -> Key | None:
        """By what its answer is kept, where it may be."""
        if self.shape is None or self.asked.parameters:
            return None
        return self.asked.text, self.asked.database, self.asked.policy


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
        scratch: Path,
    ) -> None:
        self._store = store
        self._scratch = scratch
        self._engine = engine
        self._limits = limits
        self._duck = duck
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="influxql")
        self.databases = Databases(store, database)
        self.running = Running()
        self._schemas = Schemas()
        self._quick = Quick()
        self._kept = KeptAnswers()
        self._panels = Panels()

    def _fault_of(self, pattern: str) -> str | None:
        return fault_of(pattern, self._duck)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def at_once(self, asked: Asked) -> Result | None:
        """Return the answer to a text like others that were answered in a moment; None if it takes more."""
        sources = self._engine.sources
        if sources is None or asked.parameters or len(asked.text) > LONGEST:
            return None
        panel = self._panels.find((asked.text, asked.database, asked.policy))
        if panel is None:
            return None
        try:
            asked.access.read(panel.bucket)
            with self._store.unless_busy() as free:
                places = self.databases.as_of_now() if free else None
                if places is None:
                    return None
                return self._panels.answer(panel, self._store, places, sources, self._limits.rows)
        except (NotAtOnce, Error):
            return None  # what is wrong is found again and told in the usual way
        finally:
            self._engine.keep_columns()

    async def answers(self, asked: Asked, changes: Changes) -> AsyncIterator[Result]:
        """Yield the result of each statement; after one that failed the others are not executed.

        Raises:
            QuerySyntaxError: the text is no InfluxQL; nothing of it was done.
        """
        if len(asked.text) < _LONG_TEXT:
            statements = parse(asked.text, asked.parameters, self._fault_of)
        else:
            statements = await asyncio.to_thread(parse, asked.text, asked.parameters, self._fault_of)
        with self.running.begun(statements, asked.database, asked.access.user) as query:
            alone = len(statements) == 1 and is_reading(statements[0])
            shape = shape_of(asked.text, asked.database, asked.policy) if alone else None
            task = _Task(asked, changes, query, shape)
            failed, values = False, 0
            for statement in statements:
                result = Result(error="not executed") if failed else await self._told(statement, task)
                values += sum(len(series.rows) * len(series.columns) for series in result.series)
                if asked.whole and not failed and values > Session.most_cells:
                    result = Result(error=_TOO_LONG)
                failed = failed or result.error is not None
                yield result

    async def _told(self, statement: tree.Statement, task: _Task) -> Result:
        """Return the result of a statement, its error in it."""
        try:
            task.query.check()
            result = await self._answer(statement, task)
        except Error as error:
            result = Result(error=str(error))
        if task.asked.warn and not is_reading(statement):
            text = (
                f"deprecated use of '{statement_text(statement)}' in a read only context,"
                " please use a POST request instead"
            )
            result.messages.append({"level": "warning", "text": text})
        return result

    async def run(self, one: Continuous, span: TimeRange, access: Access, changes: Changes) -> int:
        """Run a continuous query over a range and return how many points it wrote.

        Raises:
            Error: it could not be run, or was killed.
        """
        asked = Asked(one.text, access, one.database)
        node = one.node
        with self.running.begun([node], one.database, access.user) as query:
            result = await self._into(bounded(node, span), _Task(asked, changes, query))
        return int(result.series[0].rows[0][1])

    async def _answer(self, statement: tree.Statement, task: _Task) -> Result:
        access = task.asked.access
        if isinstance(statement, tree.Select) and statement.target is not None:
            return await self._into(statement, task)
        if isinstance(statement, tree.Show) and statement.noun == "QUERIES":
            return Result(series=self._queries(access))
        if isinstance(statement, tree.Show) and statement.noun in _OF_THE_HUB:
            access.oversee()
        if isinstance(statement, tree.Show) and statement.noun in ("USERS", "GRANTS"):
            return Result(series=show_accounts(statement, task.changes.accounts))
        if is_reading(statement):
            kept = self._kept_answer(task)
            if kept is not None:
                return kept.result(statement.zone if isinstance(statement, tree.Select) else "")
            return await self._read(task, lambda session: self._reading(session, statement, task.key))
        if isinstance(statement, tree.Delete) or _drops_measurement(statement):
            return await self._delete(statement, task)
        access.change()
        if isinstance(statement, tree.KillQuery):
            self.running.kill(statement.id)
            return Result()
        return Result(series=await change(statement, self.databases, task.changes))

    async def parquet(self, table: Rows) -> bytes:
        """Return rows of an answer as a Parquet file.

        Raises:
            Error: it could not be written.
        """
        return await asyncio.to_thread(parquet_of, table, self._duck, self._scratch)

    def _queries(self, access: Access) -> list[Series]:
        """Who may not see everything sees what they asked themselves."""
        try:
            access.oversee()
        except Forbidden:
            return show_queries(self.running, access.user)
        return show_queries(self.running)

    async def _drop(self, statement: tree.Drop, task: _Task) -> Result:
        may_write = task.asked.access.write
        buckets = await self._read(
            task, lambda session: buckets_of(session, self.databases, statement, may_write)
        )
        for bucket in buckets:
            task.query.check()
            await task.changes.drop_measurement(bucket, statement.name)
        return Result()

    async def _delete(self, statement: tree.Delete | tree.Drop, task: _Task) -> Result:
        if isinstance(statement, tree.Drop):
            return await self._drop(statement, task)
        may_write = task.asked.access.write
        found = await self._read(
            task, lambda session: deletions(session, self.databases, statement, may_write)
        )
        for one in found:
            task.query.check()
            await task.changes.delete(one.bucket, one.predicate, one.start_ns, one.end_ns)
        return Result()

    def _selected(self, session: Session, statement: tree.Select, key: Key | None) -> Result:
        prepared = prepare(session, statement)
        found = select_series(session, prepared)
        kept = None
        if key is not None:
            kept = self._kept.put(session, key, prepared, found)
            if self._quick.expects(shape_of(*key)):
                self._panels.learn(session, key, prepared)
        return Result(found, zone=statement.zone, kept=kept)

    def _named(self, session: Session, statement: tree.ShowSchema, key: Key | None) -> Result:
        counts, buckets = None, frozenset[str]()
        if key is not None and depends_on_names(statement):
            buckets = frozenset(i.bucket for i in session.places.of(statement.database or session.database))
            counts = counts_of(session, buckets)
        result = Result(show_schema(session, self.databases, statement))
        if key is not None and counts is not None:
            result.kept = self._kept.put_names(session, key, buckets, counts, result.series)
        return result

    def holds(self, asked: Asked, kept: Kept) -> bool:
        """Return at once whether an answer that was given is certain to be the same now."""
        with self._store.unless_busy() as free:
            return free and kept.holds(self._session(asked, Cursor(refuse), set(), Claim()))

    def _reading(self, session: Session, statement: tree.Statement, key: Key | None) -> Result:
        if isinstance(statement, tree.Select):
            return self._selected(session, statement, key)
        if isinstance(statement, tree.ShowSchema):
            return self._named(session, statement, key)
        if isinstance(statement, tree.Show):
            return Result(series=[replace(s, whole=True) for s in show(session, self.databases, statement)])
        if isinstance(statement, tree.Explain):
            return Result(series=explain(session, statement))
        raise QueryError(f"this statement is not supported: {statement_text(statement)}")

    async def _into(self, statement: tree.Select, task: _Task) -> Result:
        target = statement.target
        assert target is not None  # noqa: S101 -- the caller looked
        database = target.database or task.asked.database
        if not database:
            raise QueryError("database name required")
        try:
            bucket = await asyncio.to_thread(self.databases.bucket, database, target.policy)
        except QueryError:  # to who may not write there it sounds as if it were there
            task.asked.access.write(f"{database}/{target.policy}" if target.policy else database)
            raise
        task.asked.access.write(bucket)
        count, body = await self._read(task, lambda session: lines_of(session, statement))
        task.query.check()
        if count:
            await task.changes.write(bucket, body)
        return Result(series=[Series("result", {}, ["time", "written"], [[0, count]], timed=True)])

    async def _read(self, task: _Task, work: Callable[[Session], _T]) -> _T:
        """Run a step at once, where such were quick, or in a thread, once more for each damaged segment."""
        if task.shape is not None and self._quick.expects(task.shape):
            try:
                return self._at_once(task, task.shape, work)
            except (NotAtOnce, StoreError, TurnNeeded):
                pass  # what it was to find out is not in memory, or is too much

        async def ask(claim: Claim) -> _T:
            return await self._engine.undamaged.answer(lambda read: self._run(task, work, read, claim))

        return await self._engine.memory.answer(ask, self._seconds, task.shape, within=task.query.turn)

    def _session(self, asked: Asked, cursor: Cursor, read: Read, claim: Claim) -> Session:
        return Session(
            store=self._store,
            cursor=cursor,
            places=self.databases.as_of_now(),
            may_read=asked.access.read,
            may_see=asked.access.sees,
            database=asked.database,
            policy=asked.policy,
            now_ns=time.time_ns(),
            deadline=time.monotonic() + self._seconds,
            limits=self._limits,
            sources=self._engine.sources,
            schemas=self._schemas,
            read=read,
            claim=claim,
        )

    def _kept_answer(self, task: _Task) -> Kept | None:
        """Return an answer that was given before and would be the same now, None if there is none."""
        if task.key is None or task.key not in self._kept:
            return None
        with self._store.unless_busy() as free:
            session = self._session(task.asked, Cursor(refuse), set(), Claim()) if free else None
            return self._kept.find(session, task.key) if session is not None else None

    def _at_once(self, task: _Task, shape: Hashable, work: Callable[[Session], _T]) -> _T:
        """Run a step here and now.

        Raises:
            NotAtOnce: it has to wait for something, or takes long.
        """
        task.query.check()
        try:
            with self._store.unless_busy() as free:
                if not free:
                    raise NotAtOnce
                session = self._session(task.asked, Cursor(refuse), set(), self._engine.memory.small())
                session.clock = until(session.clock)
                return self._quick.timed(shape, work, session)
        finally:
            self._engine.keep_columns()

    async def _run(self, task: _Task, work: Callable[[Session], _T], read: Read, claim: Claim) -> _T:
        """Run a step in a thread; after the time limit, when killed or cancelled, it is interrupted."""
        task.query.check()
        with self._duck.cursor() as cursor:
            session = self._session(task.asked, cursor, read, claim)
            step = partial(self._quick.timed, task.shape, work) if task.shape is not None else work
            job = self._pool.submit(copy_context().run, step, session)
            try:
                async with task.query.within(self._seconds):
                    return await asyncio.shield(asyncio.wrap_future(job))
            except TimeoutError as error:
                await _stop(cursor, session, job)
                task.query.check()
                raise QueryError(
                    f"the query took longer than {self._seconds:g} s (limits.query_seconds); ask for less"
                ) from error
            except asyncio.CancelledError:
                await _stop(cursor, session, job)
                raise
            finally:
                self._engine.keep_columns()


async def _stop(cursor: Cursor, session: Session, job: Future[Any]) -> None:
    """Interrupt the statement and wait until its thread has let go of the cursor, if it has one."""
    session.deadline = 0.0
    if job.cancel():
        return  # it waited for a thread, and others may take theirs for long
    over = asyncio.wrap_future(job)
    while not over.done():
        cursor.interrupt()
        await asyncio.wait([over], timeout=0.05)
    over.exception()  # nobody else asks for it any more

"""InfluxQL's engine over a store of a test: statements, without HTTP and without a stream."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any, Self

from heliograph.api.identity.users import Users
from heliograph.errors import Forbidden, QueryError
from heliograph.query.engine import QueryEngine
from heliograph.query.influxql.engine import Asked, InfluxqlEngine
from heliograph.query.influxql.plan.shapes import Result
from heliograph.query.limits import QueryLimits
from tests.unit.stored_points import BUCKET, Kept


class Rights:
    """What somebody may do."""

    def __init__(self, user: str = "operator", *, operator: bool = True, readable: str = "") -> None:
        self.user = user
        self._operator = operator
        self._readable = readable

    def sees(self, bucket: str) -> bool:
        return self._operator or bucket == self._readable

    def read(self, bucket: str) -> None:
        if not self.sees(bucket):
            raise Forbidden(f"{bucket} is secret")

    def oversee(self) -> None:
        if not self._operator:
            raise Forbidden("only the operator may do this")

    def write(self, bucket: str) -> None:
        del bucket
        self.oversee()

    def change(self) -> None:
        self.oversee()


class Written:
    """Where INTO writes: a list."""

    def __init__(self, kept: Kept) -> None:
        self.accounts = Users(kept.database)
        self.written: list[tuple[str, list[str]]] = []

    async def write(self, bucket: str, body: bytes) -> None:
        self.written.append((bucket, body.decode().splitlines()))

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is nothing that this test does")


class Hub:
    """The engine, and what is written by it."""

    threads = 2

    def __init__(self, kept: Kept, *, seconds: float = 60.0, columns_bytes: int = 2**20) -> None:
        self.kept = kept
        self.access = Rights()
        self.changes = Written(kept)
        limits = QueryLimits()
        self._queries = QueryEngine(
            kept.store, kept.duck, threads=1, seconds=seconds, limits=limits, columns_bytes=columns_bytes
        )
        self.sources = self._queries.sources
        self.memory = self._queries.memory
        self.engine = InfluxqlEngine(
            kept.store,
            kept.duck,
            kept.database,
            threads=self.threads,
            seconds=seconds,
            limits=limits,
            engine=self._queries,
            scratch=kept.folder / "segments",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()
        self._queries.close()

    def take_thread(self, until: threading.Event) -> Future[bool]:
        """Keep one of the threads for questions busy."""
        return self.engine._pool.submit(until.wait)

    async def results(self, text: str, access: Rights | None = None) -> list[Result]:
        asked = Asked(text, access or self.access, BUCKET)
        return [result async for result in self.engine.answers(asked, self.changes)]

    async def done(self, text: str, access: Rights | None = None) -> list[list[Any]]:
        """Return the rows of the one statement of a text; its error is raised."""
        (result,) = await self.results(text, access)
        if result.error is not None:
            raise QueryError(result.error)
        return [row for series in result.series for row in series.rows]

"""What is being answered now: SHOW QUERIES lists it, KILL QUERY ends it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from heliograph.errors import QueryError
from heliograph.query.influxql.tree import Statement


@dataclass(slots=True, eq=False)
class RunningQuery:
    """The statements of one request."""

    id: int
    statements: Sequence[Statement]
    database: str
    user: str
    """Who asked, as the access of the request calls them."""
    began: float
    killed: bool = False
    _limits: set[asyncio.Timeout] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """The time limit of a step: it ends the block with TimeoutError, and so does :meth:`kill`."""
        self.check()
        async with asyncio.timeout(seconds) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)

    @contextlib.asynccontextmanager
    async def turn(self, seconds: float) -> AsyncIterator[None]:
        """A wait for others, at most so long: :meth:`kill` ends it.

        Raises:
            QueryError: it was killed.
            TimeoutError: it took too long.
        """
        try:
            async with self.within(seconds):
                yield
        except TimeoutError:
            self.check()
            raise

    def check(self) -> None:
        """Stop what was killed.

        Raises:
            QueryError: it was, with InfluxDB's words.
        """
        if self.killed:
            raise QueryError("query interrupted")

    def kill(self) -> None:
        """End the step that runs, and let no other begin."""
        self.killed = True
        now = asyncio.get_running_loop().time()
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(now)


class Running:
    """The requests that are being answered; used by the event loop alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ids = itertools.count(1)
        self._queries: dict[int, RunningQuery] = {}

    @contextlib.contextmanager
    def begun(self, statements: Sequence[Statement], database: str, user: str) -> Iterator[RunningQuery]:
        """A request, listed for the block."""
        query = RunningQuery(next(self._ids), statements, database, user, self._clock())
        self._queries[query.id] = query
        try:
            yield query
        finally:
            del self._queries[query.id]

    def listed(self) -> list[tuple[RunningQuery, int]]:
        """Return each request with the ns that it has taken so far, the oldest first."""
        now = self._clock()
        return [(query, round((now - query.began) * 1e9)) for query in self._queries.values()]

    def kill(self, id_: int) -> None:
        """End a request.

        Raises:
            QueryError: there is none of that number, with InfluxDB's words.
        """
        query = self._queries.get(id_)
        if query is None:
            raise QueryError(f"no such query id: {id_}")
        if query.killed:
            raise QueryError("already killed")
        query.kill()

"""Answers texts of Flux, each within a time limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from heliograph.errors import BucketNotFound, StoreError
from heliograph.query.engine import QueryEngine
from heliograph.query.flux.interpreter import run
from heliograph.query.flux.parser import parse
from heliograph.query.flux.session import Access, Session
from heliograph.query.flux.tables import Tables
from heliograph.query.flux.tree import Program
from heliograph.query.limits import QueryLimits
from heliograph.store.duck import Cursor
from heliograph.store.store import Store


@dataclass(frozen=True, slots=True)
class Asked:
    """A text and what it is asked with."""

    text: str
    access: Access
    now_ns: int = field(default_factory=time.time_ns)
    given: Program | None = None
    """Assignments that come before the text."""


class FluxEngine:
    """Answers Flux from a store, in the threads of the engine."""

    def __init__(self, store: Store, engine: QueryEngine, *, seconds: float, limits: QueryLimits) -> None:
        self._store = store
        self._engine = engine
        self._seconds = seconds
        self._limits = limits

    async def answer(self, asked: Asked) -> Mapping[str, Tables]:
        """Return the streams that a text gives, by the names of the results.

        On cancellation, and after the time limit, the work is interrupted.

        Raises:
            QuerySyntaxError: the text is no Flux, or more of it than is supported.
            QueryError: it cannot be carried out, or a limit was reached.
            BucketNotFound: the bucket is not there.
        """
        places: set[tuple[str, str]] = set()

        def work(cursor: Cursor) -> Mapping[str, Tables]:
            return self._results(asked, cursor, places)

        try:
            return await self._engine.run(work)
        except BucketNotFound:
            raise
        except StoreError:
            # a damaged segment is set aside, and the others answer
            if not await asyncio.to_thread(self._set_aside, places):
                raise
        return await self._engine.run(work)

    def _set_aside(self, places: Iterable[tuple[str, str]]) -> int:
        return sum([self._store.damage.check_all(place) for place in sorted(places)])

    def _results(self, asked: Asked, cursor: Cursor, places: set[tuple[str, str]]) -> Mapping[str, Tables]:
        session = Session(
            self._store,
            cursor,
            asked.access,
            asked.now_ns,
            time.monotonic() + self._seconds,
            self._limits,
            read=places,
        )
        results = run(session, parse(asked.text), asked.given)
        if sum(map(len, results.values())) > self._limits.rows:
            raise self._limits.too_many_rows()
        return results

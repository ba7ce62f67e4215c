"""Answers texts of Flux, each within a time limit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from heliograph.query.budget import Claim
from heliograph.query.engine import QueryEngine
from heliograph.query.flux.interpreter import run
from heliograph.query.flux.session import Access, Session
from heliograph.query.flux.syntax.parser import parse
from heliograph.query.flux.syntax.tree import Program
from heliograph.query.flux.tables import Tables
from heliograph.query.influxql.memory.quick import shape_of
from heliograph.query.limits import QueryLimits
from heliograph.query.undamaged import Read
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

        async def ask(claim: Claim) -> Mapping[str, Tables]:
            return await self._engine.undamaged.answer(
                lambda read: self._engine.run(lambda cursor: self._results(asked, cursor, read, claim))
            )

        return await self._engine.memory.answer(ask, self._seconds, shape_of(asked.text))

    def _results(self, asked: Asked, cursor: Cursor, read: Read, claim: Claim) -> Mapping[str, Tables]:
        session = Session(
            self._store,
            cursor,
            asked.access,
            asked.now_ns,
            time.monotonic() + self._seconds,
            self._limits,
            read=read,
            claim=claim,
        )
        results = run(session, parse(asked.text), asked.given)
        if sum(map(len, results.values())) > self._limits.rows:
            raise self._limits.too_many_rows()
        return results

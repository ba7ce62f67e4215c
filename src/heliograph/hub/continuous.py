"""Continuous queries by the clock: each SELECT INTO runs when its interval is over."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from heliograph.api.identity.identities import THE_OPERATOR
from heliograph.api.influxdb.asking import CallerAccess, HubChanges
from heliograph.api.services import Services
from heliograph.errors import Error
from heliograph.query.influxql.engine import Access, InfluxqlEngine
from heliograph.query.influxql.meta.changes import Changes
from heliograph.query.influxql.meta.continuous import Continuous, due

log = logging.getLogger(__name__)

TICK: Final = 1.0


class ContinuousRunner:
    """Runs the continuous queries of the catalogue, one after the other.

    As in InfluxDB, when each ran last is known as long as the hub runs: after a start a query looks back by
    FOR, or by one interval, and no further.
    """

    def __init__(
        self,
        engine: InfluxqlEngine,
        access: Access,
        changes: Changes,
        *,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._engine = engine
        self._access = access
        self._changes = changes
        self._now_ns = now_ns
        self._last_ns: dict[Continuous, int] = {}
        self._failing: set[Continuous] = set()

    async def follow(self) -> None:
        """Run what is due, second by second, until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            await self.run_due()

    async def run_due(self) -> int:
        """Run what is due now and return how many queries that were; one that fails is told, once."""
        queries = self._engine.databases.continuous.listed()
        self._last_ns = {one: last_ns for one, last_ns in self._last_ns.items() if one in queries}
        self._failing &= set(queries)
        ran = 0
        for one in queries:
            ran += await self._run_if_due(one)
        return ran

    async def _run_if_due(self, one: Continuous) -> bool:
        try:
            written = await self._run(one)
        except Error as error:
            if one not in self._failing:
                log.warning("A continuous query failed: %s", error, extra={"query": one.text})
            self._failing.add(one)
            return True
        if written is None:
            return False
        self._failing.discard(one)
        log.debug("Ran a continuous query, database=%s name=%s points=%s", one.database, one.name, written)
        return True

    async def _run(self, one: Continuous) -> int | None:
        """Return how many points a query wrote, None if it is not due."""
        found = due(one.node, self._last_ns.get(one), self._now_ns())
        if found is None:
            return None
        span, self._last_ns[one] = found
        return None if span is None else await self._engine.run(one, span, self._access, self._changes)


def continuous_runner(hub: Services) -> ContinuousRunner:
    """Return what runs a hub's continuous queries, with the operator's rights: only they make such."""
    return ContinuousRunner(hub.influxql, CallerAccess(hub, THE_OPERATOR, may_change=True), HubChanges(hub))

"""Something that is done again and again: when it is due, and what happens when it takes too long."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn

log = logging.getLogger(__name__)


@dataclass(slots=True)
class TickStatistics:
    """What became of the times at which something was due."""

    done: int = 0
    missed: int = 0
    """Times that passed while the one before was still going on."""


class Ticks:
    """Calls a coroutine function each period, the first time at once.

    Times stand on a grid from the start on, so they do not drift. A call that takes longer than the
    period makes the next ones be left out, and counted; there are never two at once.

    Args:
        name: for the log.
        period: returns the seconds between calls; asked before each.
    """

    def __init__(self, name: str, period: Callable[[], float]) -> None:
        self.name = name
        self.statistics = TickStatistics()
        self._period = period
        self._changed = asyncio.Event()

    def period_changed(self) -> None:
        """Have the next time stand by the period as it is now."""
        self._changed.set()

    async def run(self, call: Callable[[], Awaitable[None]]) -> NoReturn:
        """Call until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await call()
            self.statistics.done += 1
            last = due
            due += self._period()
            late = loop.time() - due
            if late > 0:
                due += self._leave_out(late, due - last)
            while await self._is_changed_before(due):
                due = max(loop.time(), last + self._period())

    async def _is_changed_before(self, due: float) -> bool:
        """Wait for a time; return True, before it, if the period changes."""
        self._changed.clear()
        try:
            async with asyncio.timeout_at(due):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _leave_out(self, late: float, period: float) -> float:
        """Return by how much the next time moves when we are late by more than nothing."""
        missed = math.ceil(late / period)
        if not self.statistics.missed:
            log.warning("%s takes longer than its %g s: times are left out, and counted", self.name, period)
        self.statistics.missed += missed
        return missed * period

"""Delivers what the outbox holds: in order per destination, failures again later, none waits for another."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Final

from heliograph.errors import Error
from heliograph.hub.rules.actions import Actions
from heliograph.store.alerts import DELIVERED, FAILED, WAITING, AlertTable, Delivery

log = logging.getLogger(__name__)

GIVE_UP_MS: Final = 24 * 3_600_000
_FIRST_MS: Final = 5_000
_LONGEST_MS: Final = 600_000
_SECONDS: Final = 30.0
_LOOK: Final = 1.0


class Deliveries:
    """The outbox at work.

    A notification is marked as delivered right after its destination took it. Where the hub is killed in
    between, it is sent once more with the same key, by which receivers know it.
    """

    def __init__(
        self,
        table: AlertTable,
        actions: Actions,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._table, self._actions, self._now_ms = table, actions, now_ms
        self._busy: set[str] = set()
        self._unsettled: dict[int, tuple[str, str, int]] = {}
        """What became of attempts for which the catalogue had no room."""
        self.filled = asyncio.Event()
        """Set when there is something new."""

    async def follow(self) -> None:
        """Deliver what is due, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self.filled.clear()
                for place, some in (await self._due()).items():
                    if place not in self._busy:
                        self._busy.add(place)
                        group.create_task(self._deliver_all(place, some), name="delivery")
                try:
                    async with asyncio.timeout(_LOOK):
                        await self.filled.wait()
                except TimeoutError:
                    continue

    async def _due(self) -> dict[str, list[Delivery]]:
        found: dict[str, list[Delivery]] = {}
        for one in await asyncio.to_thread(self._table.due, self._now_ms()):
            found.setdefault(json.dumps(one.action, sort_keys=True), []).append(one)
        return found

    async def _deliver_all(self, place: str, some: list[Delivery]) -> None:
        try:
            for one in some:
                if not await self.deliver(one):
                    break
        finally:
            self._busy.discard(place)

    async def deliver(self, one: Delivery) -> bool:
        """Try one, keep what became of it, and return whether it was delivered."""
        if one.id not in self._unsettled:
            self._unsettled[one.id] = await self._attempt(one)
        state, reason, next_ms = self._unsettled[one.id]
        try:
            await asyncio.to_thread(self._table.settle, one, state, reason, next_ms)
        except Error as error:
            log.warning("What became of a notification cannot be kept yet: %s", error)
            return False
        del self._unsettled[one.id]
        return state == DELIVERED

    async def _attempt(self, one: Delivery) -> tuple[str, str, int]:
        state, reason, next_ms = DELIVERED, "", 0
        try:
            async with asyncio.timeout(_SECONDS):
                await self._actions.perform(one.action, one.told, one.key)
        except (Error, TimeoutError) as error:
            reason = str(error) or "it took too long"
            may_again = isinstance(error, TimeoutError) or error.retry
            if may_again and self._now_ms() - one.created_ms < GIVE_UP_MS:
                state, next_ms = (
                    WAITING,
                    self._now_ms() + min(_LONGEST_MS, _FIRST_MS * 2 ** min(one.attempts, 20)),
                )
            else:
                state = FAILED
                log.warning("A notification was not delivered: %s", reason, extra={"rule": one.told["rule"]})
        return state, reason, next_ms

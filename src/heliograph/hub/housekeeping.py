"""What happens by the clock: sealing, purging what is sealed, writing down what was refused."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from heliograph.errors import Error
from heliograph.hub.counters import Counters
from heliograph.model.time import SECOND_NS
from heliograph.store.quarantine import Quarantine
from heliograph.store.store import Store
from heliograph.stream.log import LP, MQTT, StreamLog

log = logging.getLogger(__name__)

TICK: Final = 1.0
PURGE_EVERY: Final = 15.0
RETRY_AFTER: Final = 10.0
HIGH_WATER: Final = 0.75
"""A stream fuller than this gives up sealed messages before their time."""


class Housekeeping:
    """Seals and purges."""

    def __init__(
        self,
        store: Store,
        stream: StreamLog,
        quarantine: Quarantine,
        counters: Counters,
        *,
        seal_interval: float,
        keep: float,
    ) -> None:
        self._store = store
        self._stream = stream
        self._quarantine = quarantine
        self._counters = counters
        self._seal_interval = seal_interval
        self._keep = keep
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="seal")
        self.trouble: str | None = None
        """Why the last seal failed; None when it did not."""

    async def run(self) -> None:
        """Do what is due, every second; runs until cancelled."""
        purged = time.monotonic()
        while True:
            await asyncio.sleep(TICK)
            await asyncio.to_thread(self._quarantine.flush)
            if self._store.seal_due(self._seal_interval) and not await self.seal():
                await asyncio.sleep(RETRY_AFTER)
            if time.monotonic() - purged >= PURGE_EVERY:
                purged = time.monotonic()
                await self.purge()

    async def seal(self) -> bool:
        """Write the hot points as segments; False if that failed, in which case they stay hot."""
        try:
            points = await asyncio.get_running_loop().run_in_executor(self._pool, self._store.seal)
        except (Error, OSError) as error:
            self._counters.seal_failures += 1
            if self.trouble is None:
                log.error("Sealing failed, the points stay in the stream: %s", error)
            self.trouble = f"sealing fails: {error}"
            return False
        if self.trouble is not None:
            log.warning("Sealing works again")
        self.trouble = None
        self._counters.seals += 1
        log.debug("Sealed, points=%s", points)
        return True

    async def purge(self) -> None:
        """Remove messages that are sealed and old, or sealed in a stream that fills up."""
        old = self._store.sealed_before(time.time_ns() - round(self._keep * SECOND_NS))
        sealed = self._store.watermarks()
        for name in (LP, MQTT):
            state = await self._stream.state(name)
            mark = sealed.get(name)
            if mark is None or mark.created != state.created:
                continue
            upto = min(old.get(name, 0), mark.seq)
            if state.size_bytes > HIGH_WATER * state.max_bytes:
                half = state.first_seq + (mark.seq - state.first_seq + 1) // 2
                upto = max(upto, half)
            if upto >= state.first_seq:
                await self._stream.purge(name, upto + 1)
                log.debug("Purged the stream, stream=%s upto=%s", name, upto)

    async def close(self) -> None:
        """Seal what is hot, for a quick next start."""
        await asyncio.to_thread(self._quarantine.flush)
        await self.seal()
        self._pool.shutdown()

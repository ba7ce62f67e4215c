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

TICK: Final = 0.25
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
        """Do what is due; runs until cancelled. A seal that fails keeps nothing else from being done."""
        purge_at = time.monotonic() + PURGE_EVERY
        seal_at = 0.0
        while True:
            await asyncio.sleep(TICK)
            while time.monotonic() >= seal_at and self._store.seal_due(self._seal_interval):
                if await self.seal():
                    await self._compact()
                else:
                    seal_at = time.monotonic() + RETRY_AFTER
            await asyncio.to_thread(self._quarantine.flush)
            if time.monotonic() >= purge_at:
                await self.purge()
                purge_at = time.monotonic() + PURGE_EVERY

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

    async def _compact(self) -> None:
        """Merge small segments; a failure costs speed and nothing else."""
        merged = await asyncio.get_running_loop().run_in_executor(self._pool, self._store.compact)
        self._counters.segments_merged += merged

    async def purge(self) -> None:
        """Remove messages that are sealed and old, or sealed in a stream that fills up."""
        before_ns = time.time_ns() - round(self._keep * SECOND_NS)
        old = await asyncio.to_thread(self._store.sealed_before, before_ns)
        sealed = await asyncio.to_thread(self._store.watermarks)
        for name in (LP, MQTT):
            state = await self._stream.state(name)
            mark = sealed.get(name)
            if mark is None or mark.created != state.created:
                continue
            upto = min(old.get(name, 0), mark.seq)
            if state.size_bytes > HIGH_WATER * state.max_bytes:
                # what is not sealed cannot be given up: seal now, give up at the next turn
                await self.seal()
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

"""What happens by the clock: sealing, purging, summarising, forgetting, writing down what was refused."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final, TypeVar

from heliograph.config.values import format_size
from heliograph.errors import Error
from heliograph.hub.counters import Counters
from heliograph.hub.merge_turn import MergeTurn
from heliograph.hub.seal_turn import SealTurn
from heliograph.model.time import SECOND_NS
from heliograph.store.quarantine import Quarantine
from heliograph.store.store import Store
from heliograph.stream.log import LP, MQTT, StreamLog

log = logging.getLogger(__name__)

_T = TypeVar("_T")

TICK: Final = 0.25
PURGE_EVERY: Final = 15.0
FORGET_EVERY: Final = 60.0
ROLL_UP_EVERY: Final = 60.0
RETRY_AFTER: Final = 10.0
HIGH_WATER: Final = 0.75
"""A stream fuller than this gives up sealed messages before their time."""
STREAM_SHARE: Final = 8
"""So does one larger than this part of the size limit: copies of points go before points do."""
_HALVINGS: Final = 32
_ALL: Final = 2**63
READ_BYTES_PER_SECOND: Final = 16 * 1024 * 1024
"""How fast segments are read over, to find damaged ones: an SD card has to do its other work, too."""
CAP_WARNING: Final = 86_400.0
"""How long it is told that points were forgotten for want of room."""


class Housekeeping:
    """Seals, purges, summarises and forgets."""

    def __init__(
        self,
        store: Store,
        stream: StreamLog,
        quarantine: Quarantine,
        counters: Counters,
        *,
        seal_interval: float,
        keep: float,
        max_bytes: int,
    ) -> None:
        self._store = store
        self._stream = stream
        self._quarantine = quarantine
        self._counters = counters
        self._seal_interval = seal_interval
        self._keep = keep
        self._max_bytes = max_bytes
        self._forget_at = 0.0
        self._look_at = 0.0
        self._capped: tuple[float, int] | None = None
        """When points were last forgotten for want of room, and the time of the newest of all those."""
        self._over_bytes = 0
        self._merge_turn = MergeTurn(time.monotonic())
        self._seal_turn = SealTurn()
        self._merging = False
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="seal")
        self._tidying = ThreadPoolExecutor(1, thread_name_prefix="upkeep")
        self.recovered = False
        """Whether all that the streams held at the start is applied: before that nothing is summarised or
        expires, since points of the hours in question may still be on their way."""
        self.held: Callable[[str], int] = lambda _: _ALL
        """Up to which message of a stream everybody has it for whom it is kept, too; where a stream fills up
        its messages go nevertheless."""
        self.trouble: str | None = None
        """Why the last seal failed; None when it did not."""
        self.forget_trouble: str | None = None
        """Why nothing could be forgotten at the last try; None when it could."""
        self._failing: dict[str, str] = {}
        """Other upkeep that failed at its last try, and why."""

    @property
    def is_merging(self) -> bool:
        """Whether segments are merged, or will be when there is a calm moment."""
        return self._merging or self._merge_turn.waiting

    async def seal_and_purge(self) -> None:
        """Seal and purge when it is due; runs until cancelled. A seal that fails keeps nothing else back."""
        purge_at = time.monotonic() + PURGE_EVERY
        seal_at = 0.0
        while True:
            await asyncio.sleep(TICK)
            while time.monotonic() >= seal_at and self._may_seal():
                if not await self.seal():
                    seal_at = time.monotonic() + RETRY_AFTER
            await asyncio.to_thread(self._quarantine.flush)
            if time.monotonic() >= self._look_at:
                await self._look_on()
            if time.monotonic() >= purge_at:
                await self.purge()
                purge_at = time.monotonic() + PURGE_EVERY

    def _may_seal(self) -> bool:
        if not self._store.seal_due(self._seal_interval):
            return False
        return self._seal_turn.take(
            time.monotonic(), waiting=self._store.full_generations, batches=self._counters.http_batches
        )

    async def tidy(self) -> None:
        """Merge, summarise and forget when it is due; runs until cancelled.

        All that has a thread of its own: no seal waits for a merge.
        """
        roll_up_at = 0.0
        while True:
            await asyncio.sleep(TICK)
            if self._merge_turn.take(time.monotonic()):
                await self._compact()
            if time.monotonic() >= self._forget_at:
                self._forget_at = time.monotonic() + FORGET_EVERY
                await self.forget()
                await self._erase()
            if self.recovered and time.monotonic() >= roll_up_at and not await self._roll_up():
                roll_up_at = time.monotonic() + ROLL_UP_EVERY

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
        self._merge_turn.sealed(time.monotonic())
        self._counters.seals += 1
        log.debug("Sealed, points=%s", points)
        return True

    async def _compact(self) -> None:
        """Merge small segments; a failure costs speed and nothing else."""
        self._merging = True
        try:
            self._counters.segments_merged += await self._tried(
                "merging", self._store.upkeep.compact, otherwise=0
            )
        finally:
            self._merging = False

    async def _roll_up(self) -> bool:
        """Summarise a few hours that are over, between two seals; False when there are none."""
        now = time.time_ns()
        return await self._tried("summarising", lambda: self._store.roll_up(now), otherwise=False)

    async def _erase(self) -> None:
        """Write away what is deleted; what fails stays hidden."""
        await self._tried("erasing what is deleted", self._store.upkeep.erase, otherwise=None)

    async def _tried(self, what: str, work: Callable[[], _T], *, otherwise: _T) -> _T:
        """Return what some upkeep gives, or ``otherwise`` when it fails: that is told, and tried later."""
        try:
            result = await asyncio.get_running_loop().run_in_executor(self._tidying, work)
        except (Error, OSError) as error:
            if what not in self._failing:
                log.error("Failed at %s: %s", what, error)
            self._failing[what] = f"{what} fails: {error}"
            return otherwise
        self._failing.pop(what, None)
        return result

    async def _look_on(self) -> None:
        """Read one segment over; a damaged one is set aside."""
        began = time.monotonic()
        try:
            size_bytes = await asyncio.to_thread(self._store.damage.look_on)
        except (Error, OSError) as error:
            log.error("A damaged segment could not be set aside: %s", error)
            size_bytes = READ_BYTES_PER_SECOND
        self._look_at = began + size_bytes / READ_BYTES_PER_SECOND

    async def purge(self) -> None:
        """Remove messages that are sealed and old, or sealed in a stream that fills up."""
        before_ns = time.time_ns() - round(self._keep * SECOND_NS)
        old = await asyncio.to_thread(self._store.streams.sealed_before, before_ns)
        for name in (LP, MQTT):
            await self._purge(name, old.get(name, 0))

    async def _purge(self, name: str, old_seq: int) -> None:
        state = await self._stream.state(name)
        limit = self._high_water(state.max_bytes)
        if state.size_bytes > limit:
            await self.seal()  # what is not sealed cannot be given up
        mark = (await asyncio.to_thread(self._store.streams.watermarks)).get(name)
        if mark is None or mark.created != state.created:
            return
        upto = min(old_seq, mark.seq, self.held(name))
        for _ in range(_HALVINGS):
            if state.size_bytes > limit:
                upto = max(upto, min(mark.seq, state.first_seq + (mark.seq - state.first_seq + 1) // 2))
            if upto < state.first_seq:
                break
            await self._stream.purge(name, upto + 1)
            log.debug("Purged the stream, stream=%s upto=%s", name, upto)
            state = await self._stream.state(name)
        await asyncio.to_thread(self._store.streams.release, name, state.created, state.first_seq)

    def _high_water(self, stream_bytes: int) -> float:
        share = self._max_bytes / STREAM_SHARE if self._max_bytes else math.inf
        return min(HIGH_WATER * stream_bytes, share)

    def forget_soon(self) -> None:
        """Let :meth:`tidy` forget at its next turn what is too old by new rules, or deleted."""
        self._forget_at = 0.0

    async def forget(self) -> None:
        """Forget what is older than is kept, and the oldest days when all is larger than the limit."""
        loop = asyncio.get_running_loop()
        try:
            if self.recovered:
                expired = await loop.run_in_executor(
                    self._tidying, self._store.forgetting.expire, time.time_ns()
                )
                self._counters.points_expired += expired.rows
            if self._max_bytes:
                await self._shrink()
        except (Error, OSError) as error:
            if self.forget_trouble is None:
                log.error("Old points could not be forgotten: %s", error)
            self.forget_trouble = f"old points cannot be forgotten: {error}"
        else:
            self.forget_trouble = None

    async def _shrink(self) -> None:
        room = await self._room()
        held = await asyncio.to_thread(self._store.statistics)
        if held.size_bytes > room:
            await self.purge()
            room = await self._room()
        gone = await asyncio.get_running_loop().run_in_executor(
            self._tidying, self._store.forgetting.shrink, max(room, 0)
        )
        self._over_bytes = max(0, -room)
        if gone.segments:
            newest_ns = max(gone.newest_ns, self._capped[1] if self._capped else gone.newest_ns)
            self._capped = (time.monotonic(), newest_ns)
            self._counters.points_over_cap += gone.rows
            log.warning("Forgot points for want of room, points=%s segments=%s", gone.rows, gone.segments)

    async def _room(self) -> int:
        """Return what the streams leave of the limit for segments, in bytes; negative when nothing."""
        return self._max_bytes - sum([(await self._stream.state(name)).size_bytes for name in (LP, MQTT)])

    def warnings(self) -> list[str]:
        """Return what the operator should know about sealing and forgetting."""
        told = [trouble for trouble in (self.trouble, self.forget_trouble) if trouble]
        told += self._failing.values()
        limit = format_size(self._max_bytes)
        if self._capped and time.monotonic() - self._capped[0] < CAP_WARNING:
            day = datetime.fromtimestamp(self._capped[1] // SECOND_NS, UTC).date()
            told.append(
                f"the data folder reached store.max_bytes ({limit}): points up to {day} were forgotten before"
                " their time; keep less (helio bucket set) or raise the limit"
            )
        if self._over_bytes:
            told.append(
                f"the streams alone are larger than store.max_bytes ({limit}); lower stream.max_bytes or"
                " raise the limit"
            )
        return told

    async def close(self) -> None:
        """Seal what is hot, for a quick next start."""
        await asyncio.to_thread(self._quarantine.flush)
        self._store.upkeep.stop()
        await self.seal()
        self._tidying.shutdown()
        self._pool.shutdown()

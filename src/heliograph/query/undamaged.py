"""Questions that meet damaged segments: those are set aside, and the question is asked again without them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import TypeAlias, TypeVar

from heliograph.errors import BucketNotFound, QueryError, StoreBusy, StoreError
from heliograph.store.damage import DamageWatch
from heliograph.store.retention import Place

log = logging.getLogger(__name__)

Read: TypeAlias = set[Place]
"""The buckets and measurements of which a question has read, filled in before it reads them."""
_A = TypeVar("_A")


class Unreadable(QueryError):
    """A user's statement failed as it does over a file that cannot be read, but maybe by its own fault."""


class Undamaged:
    """Has questions of every language answered by the segments that are whole."""

    def __init__(self, damage: DamageWatch) -> None:
        self._damage = damage
        self._looking = asyncio.Lock()

    async def answer(self, ask: Callable[[Read], Awaitable[_A]]) -> _A:
        """Return what ``ask`` gives; where it fails over damaged segments it is called again without them.

        Raises:
            StoreError, QueryError: those of ``ask``, where no segment that it read is damaged or it
                cannot be set aside.
        """
        while True:
            read: Read = set()
            known = len(self._damage.found)
            try:
                return await ask(read)
            except (BucketNotFound, StoreBusy):
                raise
            except (StoreError, Unreadable) as error:
                if not await self._set_aside(read, known, error):
                    raise

    async def _set_aside(self, read: Read, known: int, error: Exception) -> bool:
        """Look the segments over, for one question at a time; True if some were damaged."""
        async with self._looking:
            if len(self._damage.found) > known:
                return True  # another question has met them
            try:
                count = await asyncio.to_thread(self._check, sorted(read))
                return count > 0 or len(self._damage.found) > known  # or the daily look was faster
            except OSError as reason:
                log.warning("The segments of %s cannot be looked over: %s", sorted(read), reason)
                raise error from reason

    def _check(self, places: Collection[Place]) -> int:
        return sum([self._damage.check_all(place) for place in places])

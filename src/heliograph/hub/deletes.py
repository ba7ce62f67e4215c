"""Deleting points while the hub runs, so that no stream brings them back."""

from __future__ import annotations

import asyncio
import logging

from heliograph.api.live import LiveFeed
from heliograph.hub.housekeeping import Housekeeping
from heliograph.model.predicate import Predicate
from heliograph.model.watermark import Watermark
from heliograph.store.applied import Applied
from heliograph.store.deletes.eraser import Deleted
from heliograph.store.store import Store
from heliograph.stream.log import LP, MQTT, StreamLog

log = logging.getLogger(__name__)


class HubDeletes:
    """What the API may delete."""

    def __init__(self, store: Store, stream: StreamLog, housekeeping: Housekeeping, feed: LiveFeed) -> None:
        self._store = store
        self._stream = stream
        self._housekeeping = housekeeping
        self._feed = feed

    async def delete(self, bucket: str, predicate: Predicate, start_ns: int, end_ns: int) -> None:
        """Delete the points of some series at ``start_ns <= time < end_ns``; what is written later is new.

        On cancellation it is done all the same.

        Raises:
            BucketNotFound, StoreBusy: nothing was deleted.
            StreamError: nats-server does not answer; nothing was deleted.
        """
        positions = await self._positions()
        deleted = await asyncio.to_thread(self._store.delete, bucket, predicate, start_ns, end_ns, positions)
        self._tell(deleted)

    async def drop_measurement(self, bucket: str, name: str) -> None:
        """Delete all points of a measurement and forget its fields and their types.

        On cancellation it is done all the same.

        Raises:
            BucketNotFound, StoreBusy: nothing was deleted.
            StreamError: nats-server does not answer; nothing was deleted.
        """
        positions = await self._positions()
        self._tell(await asyncio.to_thread(self._store.drop_measurement, bucket, name, positions))

    async def _positions(self) -> dict[str, Watermark]:
        states = [await self._stream.state(name) for name in (LP, MQTT)]
        return {state.name: Watermark(state.created, state.last_seq) for state in states}

    def _tell(self, deleted: Deleted) -> None:
        log.warning("Deleted points, bucket=%s measurements=%s", deleted.bucket, len(deleted.spans))
        self._housekeeping.forget_soon()
        self._feed.publish(_news(deleted))


def _news(deleted: Deleted) -> Applied:
    """Let open pages draw anew what they show of it."""
    spans = {name: (start_ns, end_ns - 1) for name, (start_ns, end_ns) in deleted.spans.items()}
    return Applied(deleted.bucket, spans, dict.fromkeys(spans, ()), new_schema=True)

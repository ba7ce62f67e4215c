"""Buckets while the hub runs: made, given rules, and deleted so that no stream brings them back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from heliograph.api.live import LiveFeed
from heliograph.hub.housekeeping import Housekeeping
from heliograph.hub.ingest_thread import IngestThread
from heliograph.model.watermark import Watermark
from heliograph.store.applied import Applied
from heliograph.store.bucket_report import BucketReport
from heliograph.store.retention import WHOLE_BUCKET, Forgotten
from heliograph.store.rollups.summary import RAW
from heliograph.store.store import Store
from heliograph.stream.log import LP, MQTT, StreamLog, StreamState

log = logging.getLogger(__name__)


class HubBuckets:
    """What the API may do to buckets."""

    def __init__(
        self,
        store: Store,
        stream: StreamLog,
        thread: IngestThread,
        housekeeping: Housekeeping,
        *,
        applied: Callable[[], Mapping[str, int]],
        feed: LiveFeed,
    ) -> None:
        self._feed = feed
        self._store = store
        self._stream = stream
        self._thread = thread
        self._housekeeping = housekeeping
        self._applied = applied

    async def report(self) -> list[BucketReport]:
        """Return what each bucket holds and for how long."""
        return await asyncio.to_thread(self._store.buckets)

    async def create(self, name: str, keep_ns: Mapping[int, int | None]) -> None:
        """Make a bucket; ``keep_ns`` is by resolution, 0 for points, and None follows the hub's default.

        Raises:
            BucketExists: it is there already.
        """
        rules = {r: {WHOLE_BUCKET: keep} for r, keep in keep_ns.items() if keep is not None}
        await asyncio.to_thread(self._store.create_bucket, name, rules.pop(RAW, {}), rules)

    async def set_rules(self, name: str, pattern: str, keep_ns: Mapping[int, int | None]) -> None:
        """Set, or with None remove, rules by resolution; what is too old by them is forgotten at once.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        for resolution_ns, keep in keep_ns.items():
            await asyncio.to_thread(self._store.set_rule, name, pattern, keep, resolution_ns)
        self._housekeeping.forget_soon()

    async def delete(self, name: str) -> int:
        """Delete a bucket and return the number of points that went with it.

        Raises:
            BucketNotFound: there is no such bucket.
            StreamError: nats-server does not answer; nothing was deleted.
        """
        states = [await self._stream.state(stream) for stream in (LP, MQTT)]
        # in the thread that parses and applies: no batch is between the two while the bucket goes
        gone = await self._thread.run(self._delete, name, states)
        log.warning("Deleted a bucket, bucket=%s points=%s", name, gone.rows)
        self._feed.publish(Applied(name, {}, {}, new_schema=True))  # open pages ask what there is now
        return gone.rows

    def _delete(self, name: str, states: list[StreamState]) -> Forgotten:
        applied = self._applied()
        positions = {s.name: Watermark(s.created, max(s.last_seq, applied[s.name])) for s in states}
        return self._store.delete_bucket(name, positions)

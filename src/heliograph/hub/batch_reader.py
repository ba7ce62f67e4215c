"""Batches over HTTP as columns: parsed as they come, or read back from the stream."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from heliograph.api.services import WriteRequest
from heliograph.codec.lineprotocol import NO_LIMITS, LineLimits, Parsed, format_table
from heliograph.codec.lineprotocol.parser import parse
from heliograph.hub.counters import Counters
from heliograph.hub.payload import limits_of, origin_of, unpack
from heliograph.model.table import Batch
from heliograph.model.time import Precision
from heliograph.store.applied import Position
from heliograph.store.ledger.entry import Origin
from heliograph.store.store import Store
from heliograph.stream.log import LP, Message

TOO_OLD: Final = "points beyond retention policy"
"""InfluxDB's words."""
_READ_BACK_BYTES: Final = 1024**3
"""What was acknowledged is applied even where limits.body_bytes was larger then: this is its maximum."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A parsed batch whose columns are declared."""

    parsed: Parsed
    batch: Batch
    dropped: dict[str, int]
    """Points that were refused though their lines are right, by the reason."""
    fresh: bool
    life: int | None
    request: WriteRequest | None
    """What goes to the stream in place of the client's bytes, where points of it were refused by what the
    store held at this moment: a replay at another moment must not take them."""


class ReadBack(NamedTuple):
    """What a message of the stream holds."""

    bucket: str
    batch: Batch
    origin: Origin | None
    """Which device it is of; None for a batch that came over HTTP."""
    fresh: bool
    """Whether some columns are new."""


class BatchReader:
    """Makes columns of batches and settles their types; used by the thread of the ingest."""

    def __init__(self, store: Store, counters: Counters, limits: LineLimits) -> None:
        self._store = store
        self._counters = counters
        self._limits = limits

    def parse(self, request: WriteRequest, time_ns: int) -> Taken:
        """Parse a batch that came now; what the stream gets of it is all that it will ever give."""
        bucket = request.bucket
        parsed, batch, too_old = self._read(request, time_ns, self._limits)
        self._counters.points_too_old += too_old
        dropped = {TOO_OLD: too_old} if too_old else {}
        only, surplus = self._store.refuse_new_series(bucket, batch)
        admitted = None
        if surplus:
            admitted = replace(request, body=lines_of(only), gzip=None, precision=Precision.NS, whole=False)
            again, only, _ = self._read(admitted, time_ns, NO_LIMITS)
            surplus = parsed.points - too_old - again.points
            self._counters.points_new_series += surplus
            dropped[_too_many_series(self._store.series_per_bucket)] = surplus
        if request.whole and (parsed.error_count or dropped):
            only = {}
        fresh = self._store.declare(bucket, only)
        return Taken(parsed, only, dropped, fresh, self._store.life(bucket), admitted)

    def _read(
        self, request: WriteRequest, time_ns: int, limits: LineLimits, position: Position | None = None
    ) -> tuple[Parsed, Batch, int]:
        """Parse a batch; the second value is without the points that are too old, the third their number."""
        types = self._store.field_types(request.bucket, position)
        parsed = parse(request.body, time_ns=time_ns, precision=request.precision, types=types, limits=limits)
        return parsed, *self._store.refuse_old(request.bucket, parsed.batch, time_ns)

    def read_back(self, message: Message, created: str) -> ReadBack:
        """Return what a message holds; no columns where it was deleted since.

        ``created`` tells the stream from an earlier one.

        Raises:
            StoreBusy: sealing does not follow; try again.
            DecodeError, PayloadTooLarge, BucketNotFound, TooManyColumns, TooSparse: it cannot be applied.
        """
        bucket, body, precision, time_ns = unpack(
            message.subject, message.data, message.headers, _READ_BACK_BYTES
        )
        if self._store.streams.was_deleted(bucket, Position(LP, created, message.seq)):
            return ReadBack(bucket, {}, origin_of(message.headers, 0, 0), fresh=False)
        request = WriteRequest(bucket, body, None, precision)
        position = Position(LP, created, message.seq)
        parsed, batch, too_old = self._read(request, time_ns, limits_of(message.headers), position)
        batch = self._store.remaining(bucket, batch, position)
        # types are on disk before the batch is: a replay must not meet a field it cannot type
        fresh = self._store.declare(bucket, batch)
        origin = origin_of(message.headers, parsed.points - too_old, parsed.error_count + too_old)
        return ReadBack(bucket, batch, origin, fresh)


def lines_of(batch: Batch) -> bytes:
    """Return columns as line protocol, with times in ns."""
    return "\n".join(line for table in batch.values() for line in format_table(table)).encode()


def _too_many_series(limit: int) -> str:
    return (
        f"a bucket may have {limit:,} series (limits.series_per_bucket); put what changes all the time into"
        " fields, or raise the limit"
    )

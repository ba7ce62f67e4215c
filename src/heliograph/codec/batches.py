"""Points to batches: line protocol, each batch with the mark by which the hub sees gaps and repeats."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from typing import Final

from heliograph.codec.lineprotocol import format_point
from heliograph.errors import LineProtocolError
from heliograph.model.mark import Mark, format_mark
from heliograph.model.point import Point

log = logging.getLogger(__name__)

MAX_BATCH_BYTES: Final = 256 * 1024
"""Well below the payload limit of brokers; a round of all inputs has 10 to 20 kB."""
LONGEST_LINE_BYTES: Final = 999_900
"""One point of more would be a message that cuts each connection over which it is sent."""


class BatchEncoder:
    """Numbers the batches of one start of an agent or an app.

    ``boot`` (8 hexadecimal digits, new at each start) and a number that counts from 1 tell the hub
    which batches of a device are missing or came twice.
    """

    def __init__(self, boot: str | None = None) -> None:
        self.boot = boot or os.urandom(4).hex()
        self.refused = 0
        """Points that line protocol cannot carry, for instance with a value that is not a number."""
        self._seq = 0

    def encode(self, points: Iterable[Point]) -> list[bytes]:
        """Return the batches that hold these points: one, more if they are many, none without points."""
        batches = []
        lines: list[bytes] = []
        size_bytes = 0
        for line in self._lines(points):
            if lines and size_bytes + len(line) > MAX_BATCH_BYTES:
                batches.append(self._batch(lines))
                lines, size_bytes = [], 0
            lines.append(line)
            size_bytes += len(line) + 1
        if lines:
            batches.append(self._batch(lines))
        return batches

    def _lines(self, points: Iterable[Point]) -> Iterable[bytes]:
        for point in points:
            try:
                line = _line(point)
            except LineProtocolError as error:
                if not self.refused:
                    log.warning("a point of %s cannot be sent: %s", point.measurement, error)
                self.refused += 1
            else:
                yield line

    def _batch(self, lines: list[bytes]) -> bytes:
        self._seq += 1
        return b"\n".join([format_mark(Mark(self.boot, self._seq)), *lines, b""])


def _line(point: Point) -> bytes:
    line = format_point(point).encode()
    if len(line) > LONGEST_LINE_BYTES:
        raise LineProtocolError(f"it has {len(line):,} bytes, at most {LONGEST_LINE_BYTES:,} go")
    return line

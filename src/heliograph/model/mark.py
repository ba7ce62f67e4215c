"""The mark at the head of a batch, by which the hub sees which batches of a device are missing or came twice.

``#helio boot=<id> seq=<n>``: a comment to every parser of line protocol. ``boot`` is new at each start of
the program that makes the batches, which counts from 1 in ``seq``. A gateway that has a backlog puts
batches that follow each other into one message: ``#helio boot=<id> seq=<n> count=<m>``, the last m up to n.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

MOST_BATCHES: Final = 999
"""In one message."""
_MARK: Final = re.compile(
    rb"#helio boot=([0-9A-Za-z_-]{1,32}) seq=([1-9][0-9]{0,14})(?: count=([1-9][0-9]{0,2}))?(?=[\r\n]|\Z)"
)


class Mark(NamedTuple):
    """Which batch of which start of a program."""

    boot: str
    seq: int
    batches: int = 1
    """How many batches came in one message; ``seq`` is of the last."""

    def each(self) -> Iterator[Mark]:
        """Yield the marks of the single batches, in order."""
        for seq in range(self.seq - self.batches + 1, self.seq + 1):
            yield Mark(self.boot, seq)

    def is_followed_by(self, other: Mark) -> bool:
        """Return whether another one begins where this one ends, and there is room for both in one."""
        begins = other.seq - other.batches
        return other.boot == self.boot and begins == self.seq and self.batches + other.batches <= MOST_BATCHES

    def with_next(self, other: Mark) -> Mark:
        """Return one mark for this one and the one that follows."""
        return Mark(self.boot, other.seq, self.batches + other.batches)


def format_mark(mark: Mark) -> bytes:
    """Return the comment line, without its end."""
    count = f" count={mark.batches}" if mark.batches > 1 else ""
    return f"#helio boot={mark.boot} seq={mark.seq}{count}".encode()


def read_mark(payload: bytes) -> Mark | None:
    """Return the mark at the head of a payload; None where there is none."""
    found = _MARK.match(payload)
    if found is None:
        return None
    seq = int(found[2])
    return Mark(found[1].decode(), seq, min(int(found[3] or 1), seq))

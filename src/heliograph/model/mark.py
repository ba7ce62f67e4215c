"""The mark at the head of a batch, by which the hub sees which batches of a device are missing or came twice.

``#helio boot=<id> seq=<n>``: a comment to every parser of line protocol. ``boot`` is new at each start of
the program that makes the batches, which counts from 1 in ``seq``.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_MARK: Final = re.compile(rb"#helio boot=([0-9A-Za-z_-]{1,32}) seq=([1-9][0-9]{0,14})(?=[\r\n]|\Z)")


class Mark(NamedTuple):
    """Which batch of which start of a program."""

    boot: str
    seq: int


def format_mark(mark: Mark) -> bytes:
    """Return the comment line, without its end."""
    return f"#helio boot={mark.boot} seq={mark.seq}".encode()


def read_mark(payload: bytes) -> Mark | None:
    """Return the mark at the head of a payload; None where there is none."""
    found = _MARK.match(payload)
    return Mark(found[1].decode(), int(found[2])) if found else None

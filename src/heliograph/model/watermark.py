"""A position in a stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Watermark:
    """Up to where something is known of a stream. ``created`` tells a recreated stream from the old one."""

    created: str
    seq: int

    def passed(self, created: str, seq: int) -> bool:
        """Return whether a message of a stream stands at or before this position."""
        return self.created == created and seq <= self.seq

"""What both ends have, counted in values of fields."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Compared:
    """A measurement at both ends: values by field."""

    source: str
    bucket: str
    measurement: str
    there: Counter[str] = field(default_factory=Counter)
    """What is to be copied."""
    here: Counter[str] = field(default_factory=Counter)
    """What the hub has in the same range of time."""
    before: Counter[str] = field(default_factory=Counter)
    """What it had there before; some of it may be the same points."""

    @property
    def differing(self) -> list[str]:
        """The fields of which something is missing, or too much there."""
        return [name for name in sorted(self.there | self.here | self.before) if not self._fits(name)]

    def _fits(self, name: str) -> bool:
        there, here, before = self.there[name], self.here[name], self.before[name]
        return max(there, before) <= here <= there + before

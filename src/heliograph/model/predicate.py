"""Which series are meant: conditions on the measurement and the tags, all of which must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from heliograph.model.point import SeriesKey

MEASUREMENT: Final = "_measurement"
"""The measurement's name where a tag's stands."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. A tag that a series does not have is equal to the empty string."""

    tag: str
    value: str
    equal: bool = True
    """Otherwise the two must differ."""

    def holds(self, value: str) -> bool:
        """Return whether a tag's value meets it."""
        return (value == self.value) is self.equal


@dataclass(frozen=True, slots=True)
class Predicate:
    """All conditions together; none means every series."""

    conditions: tuple[Condition, ...] = ()

    @property
    def on_tags(self) -> tuple[Condition, ...]:
        """The conditions on tags."""
        return tuple(c for c in self.conditions if c.tag != MEASUREMENT)

    def names(self, measurement: str) -> bool:
        """Return whether series of a measurement may be meant."""
        return all(c.holds(measurement) for c in self.conditions if c.tag == MEASUREMENT)

    def matches(self, series: SeriesKey) -> bool:
        """Return whether a series of a measurement that it names is meant."""
        conditions = self.on_tags
        if not conditions:
            return True
        tags = dict(series)
        return all(c.holds(tags.get(c.tag, "")) for c in conditions)

"""A message on its way to points, and what its form makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from heliograph.codec.ingest.facts import Facts
from heliograph.codec.ingest.rule import FIELD_LEVEL, MEASUREMENT_LEVEL, Rule, fill
from heliograph.model.point import FieldValue, Point


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message, the rule that takes it, and what was learned from earlier ones."""

    rule: Rule
    topic: str
    payload: bytes
    time_ns: int
    """When it came."""
    facts: Facts
    retained: bool = False
    """Whether the broker had kept it, so that nobody knows how old it is."""

    @property
    def parts(self) -> list[str]:
        """The levels of the topic."""
        return self.topic.split("/")

    def point(
        self,
        measurement: str,
        fields: Mapping[str, FieldValue],
        tags: Mapping[str, str],
        time_ns: int | None = None,
    ) -> Point:
        """Return a point with what the rule adds; ``time_ns`` None means when the message came."""
        levels = self.rule.levels(self.topic)
        name = fill(self.rule.measurement, levels) or levels.get(MEASUREMENT_LEVEL) or measurement
        own = {key: level for key, level in levels.items() if key not in (MEASUREMENT_LEVEL, FIELD_LEVEL)}
        added = {key: fill(template, levels) for key, template in self.rule.tags.items()}
        return Point(name, fields, {**tags, **own, **added}, time_ns)

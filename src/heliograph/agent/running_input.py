"""The mechanics around an input, so that inputs can stay naive: tags, time, counters, errors."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from heliograph.inputs.plugin import Input
from heliograph.model.point import Point

log = logging.getLogger(__name__)


@dataclass(slots=True)
class InputStatistics:
    """What an input did since the start."""

    gathered: int = 0
    """Points."""
    empty: int = 0
    """Rounds without a point: the machine has nothing of the kind."""
    errors: int = 0
    """Rounds that failed."""


class RunningInput:
    """An input at work under its name."""

    def __init__(self, name: str, measuring: Input) -> None:
        self.name = name
        self.statistics = InputStatistics()
        self._input = measuring
        self._failing: str | None = None

    def gather(self, tags: Mapping[str, str], time_ns: int) -> list[Point]:
        """Return the input's points with ``tags`` added where they are missing; none if it failed."""
        try:
            points = self._input.gather()
        except Exception as error:  # noqa: BLE001 - inputs may be anybody's: one must not end the others
            self._note_failure(error)
            return []
        self._note_success(points)
        return [Point(p.measurement, p.fields, {**tags, **p.tags}, p.time_ns or time_ns) for p in points]

    def _note_failure(self, error: Exception) -> None:
        self.statistics.errors += 1
        kind = type(error).__name__
        if self._failing != kind:  # once per change of state, not each round
            log.warning("the input %s fails and is left out: %s: %s", self.name, kind, error)
        self._failing = kind

    def _note_success(self, points: list[Point]) -> None:
        self.statistics.gathered += len(points)
        self.statistics.empty += not points
        if self._failing is not None:
            log.info("the input %s works again", self.name)
        self._failing = None

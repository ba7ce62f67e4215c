"""What the agent tells of itself, beside the figures of its machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from heliograph.model.point import Point

if TYPE_CHECKING:
    from heliograph.agent.run import AgentStatistics

MEASUREMENT: Final = "helio_agent"


class OwnFigures:
    """An input that gives what waits on disk and what was given up, as counts since the agent's start."""

    def __init__(self, statistics: Callable[[], AgentStatistics]) -> None:
        self._statistics = statistics

    def gather(self) -> list[Point]:
        """Return one point."""
        now = self._statistics()
        return [
            Point(
                MEASUREMENT,
                {
                    "acknowledged": now.acknowledged,
                    "waiting": now.waiting,
                    "dropped": now.dropped,
                    "spool_bytes": now.spool_bytes,
                    "damaged_bytes": now.damaged_bytes,
                    "input_errors": now.input_errors,
                },
                {},
            )
        ]

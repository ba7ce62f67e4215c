"""``processes``: how many processes are in which state."""

from __future__ import annotations

import os
from typing import Final

from heliograph.inputs.roots import REAL_ROOTS, Roots, read_bytes
from heliograph.model.point import Point

_STATES: Final = {
    b"R": "running",
    b"S": "sleeping",
    b"D": "blocked",
    b"Z": "zombies",
    b"T": "stopped",
    b"t": "stopped",
    b"X": "dead",
    b"W": "paging",
    b"I": "idle",
    b"P": "parked",
}
_ALWAYS: Final = (
    "blocked", "dead", "idle", "paging", "running", "sleeping", "stopped", "total", "total_threads",
    "unknown", "zombies",
)  # fmt: skip
"""Fields that are sent even when zero; ``parked`` is not among them, as in Telegraf."""
_THREADS_COLUMN: Final = 17  # num_threads in /proc/<pid>/stat, counted after the command's ")"


class ProcessesInput:
    """One point of counts, from ``/proc/<pid>/stat`` of every process."""

    def __init__(self, *, roots: Roots = REAL_ROOTS) -> None:
        self._proc = roots.proc

    def gather(self) -> list[Point]:
        """Return one point without tags."""
        counts = dict.fromkeys(_ALWAYS, 0)
        for name in os.listdir(self._proc):
            if name.isdigit():
                self._count(name, counts)
        return [Point("processes", counts, {})]

    def _count(self, pid: str, counts: dict[str, int]) -> None:
        try:
            status = read_bytes(f"{self._proc}/{pid}/stat")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return  # it has just ended, or is hidden from us (hidepid)
        # The command stands in brackets and may itself hold blanks and brackets: look for the last one.
        columns = status[status.rfind(b")") + 2 :].split()
        if len(columns) <= _THREADS_COLUMN:
            return
        state = _STATES.get(columns[0], "unknown")
        counts[state] = counts.get(state, 0) + 1
        counts["total"] += 1
        counts["total_threads"] += int(columns[_THREADS_COLUMN])

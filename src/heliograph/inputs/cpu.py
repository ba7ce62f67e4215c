"""``cpu``: how the processors spent the time since the round before, in percent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from heliograph.inputs.roots import REAL_ROOTS, Roots, read_text
from heliograph.model.point import Point

# The columns of /proc/stat, see proc_stat(5).
_COLUMNS: Final = (
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice",
)  # fmt: skip
_TOTAL_COLUMNS: Final = 8
"""guest and guest_nice are contained in user and nice and are not counted again."""


@dataclass(frozen=True, slots=True)
class CpuConfig:
    """What ``cpu`` gathers."""

    per_cpu: bool = True
    """One point per processor, tag ``cpu=cpu0`` and so on."""
    total: bool = True
    """One point for all processors together, tag ``cpu=cpu-total``."""
    report_active: bool = False
    """Also the field ``usage_active``, all that is not idle."""


class CpuInput:
    """Usage per processor from two readings of ``/proc/stat``; the first reading gives no points."""

    def __init__(self, config: CpuConfig | None = None, *, roots: Roots = REAL_ROOTS) -> None:
        self._config = config or CpuConfig()
        self._path = f"{roots.proc}/stat"
        self._before: dict[str, list[int]] = {}

    def gather(self) -> list[Point]:
        """Return one point per processor and one for all, floats in percent."""
        now = dict(self._read())
        before, self._before = self._before, now
        points = []
        for cpu, ticks in now.items():
            usage = _usage(before.get(cpu), ticks)
            if usage:
                if self._config.report_active:
                    usage["usage_active"] = 100.0 - usage["usage_idle"]
                points.append(Point("cpu", usage, {"cpu": cpu}))
        return points

    def _read(self) -> list[tuple[str, list[int]]]:
        rows = []
        for line in read_text(self._path).splitlines():
            if not line.startswith("cpu"):
                break
            name, *columns = line.split()
            if self._config.total if name == "cpu" else self._config.per_cpu:
                ticks = [int(column) for column in columns[: len(_COLUMNS)]]
                ticks += [0] * (len(_COLUMNS) - len(ticks))  # kernels before 2.6.33 have fewer columns
                rows.append(("cpu-total" if name == "cpu" else name, ticks))
        return rows


def _usage(before: list[int] | None, now: list[int]) -> dict[str, float]:
    if before is None:
        return {}
    # A column may go back by a tick (iowait is known for it) and all of them do when a processor comes
    # back online: a negative share of time means nothing.
    spent = [max(0, n - b) for n, b in zip(now, before, strict=True)]
    total = sum(spent[:_TOTAL_COLUMNS])
    if total == 0:
        return {}
    usage = {f"usage_{name}": 100.0 * ticks / total for name, ticks in zip(_COLUMNS, spent, strict=True)}
    usage["usage_user"] = max(0.0, usage["usage_user"] - usage["usage_guest"])
    usage["usage_nice"] = max(0.0, usage["usage_nice"] - usage["usage_guest_nice"])
    return usage

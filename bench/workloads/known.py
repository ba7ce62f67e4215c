"""The workloads by name, each in the size that a default run has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bench.workloads.backfill import backfill
from bench.workloads.telegraf_mix import telegraf_mix
from bench.workloads.tsbs_cpu import ten_times_the_series, tsbs_cpu
from bench.workloads.tsbs_iot import tsbs_iot
from bench.workloads.workload import Workload

WORKLOADS: Final[dict[str, tuple[int, Callable[[int], Workload]]]] = {
    "telegraf_mix": (25, telegraf_mix),
    "tsbs_cpu": (32, tsbs_cpu),
    "tsbs_iot": (32, tsbs_iot),
    "backfill": (100, backfill),
    "tsbs_cpu_10x_series": (32, ten_times_the_series),
}
"""How many devices at scale 1, and what makes the workload of so many."""

USUAL: Final = tuple(WORKLOADS)
"""What runs when nothing is named."""


def workload(name: str, scale: float) -> Workload:
    """Return a workload with ``scale`` times its usual number of devices, at least one."""
    devices, make = WORKLOADS[name]
    return make(max(1, round(devices * scale)))

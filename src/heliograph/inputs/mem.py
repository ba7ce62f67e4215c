"""``mem``: the main memory, in bytes."""

from __future__ import annotations

from typing import Final

from heliograph.inputs.meminfo import read_meminfo
from heliograph.inputs.roots import REAL_ROOTS, Roots
from heliograph.model.point import FieldValue, Point

_FIELDS: Final = {
    "active": "Active",
    "buffered": "Buffers",
    "commit_limit": "CommitLimit",
    "committed_as": "Committed_AS",
    "dirty": "Dirty",
    "free": "MemFree",
    "high_free": "HighFree",
    "high_total": "HighTotal",
    "huge_page_size": "Hugepagesize",
    "huge_pages_free": "HugePages_Free",
    "huge_pages_total": "HugePages_Total",
    "inactive": "Inactive",
    "low_free": "LowFree",
    "low_total": "LowTotal",
    "mapped": "Mapped",
    "page_tables": "PageTables",
    "shared": "Shmem",
    "slab": "Slab",
    "sreclaimable": "SReclaimable",
    "sunreclaim": "SUnreclaim",
    "swap_cached": "SwapCached",
    "swap_free": "SwapFree",
    "swap_total": "SwapTotal",
    "total": "MemTotal",
    "vmalloc_chunk": "VmallocChunk",
    "vmalloc_total": "VmallocTotal",
    "vmalloc_used": "VmallocUsed",
    "write_back": "Writeback",
    "write_back_tmp": "WritebackTmp",
}
"""Telegraf's field names and the kernel's; a line that this kernel does not have is 0, as in Telegraf."""


class MemInput:
    """``/proc/meminfo`` as one point: integers in bytes, two percentages as floats."""

    def __init__(self, *, roots: Roots = REAL_ROOTS) -> None:
        self._proc = roots.proc

    def gather(self) -> list[Point]:
        """Return one point without tags."""
        memory = read_meminfo(self._proc)
        fields: dict[str, FieldValue] = {name: memory.get(line, 0) for name, line in _FIELDS.items()}
        total, free, buffered = memory["MemTotal"], memory["MemFree"], memory.get("Buffers", 0)
        # What the kernel can give back at once counts as cache, as in Telegraf and in free(1).
        cached = memory.get("Cached", 0) + memory.get("SReclaimable", 0)
        available = memory.get("MemAvailable", free + buffered + cached)
        used = max(0, total - free - buffered - cached)
        fields |= {
            "available": available,
            "available_percent": 100.0 * available / total,
            "cached": cached,
            "used": used,
            "used_percent": 100.0 * used / total,
        }
        return [Point("mem", fields, {})]

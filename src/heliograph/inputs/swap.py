"""``swap``: the memory on disk, in bytes."""

from __future__ import annotations

import os

from heliograph.inputs.meminfo import read_meminfo
from heliograph.inputs.roots import REAL_ROOTS, Roots, read_text
from heliograph.model.point import Point


class SwapInput:
    """Two points, as Telegraf sends them: the levels, and the bytes swapped in and out since boot."""

    def __init__(self, *, roots: Roots = REAL_ROOTS) -> None:
        self._proc = roots.proc

    def gather(self) -> list[Point]:
        """Return two points without tags."""
        memory = read_meminfo(self._proc)
        total, free = memory.get("SwapTotal", 0), memory.get("SwapFree", 0)
        used = total - free
        used_percent = 100.0 * used / total if total else 0.0
        levels = {"total": total, "used": used, "free": free, "used_percent": used_percent}
        return [Point("swap", levels, {}), Point("swap", self._moved(), {})]

    def _moved(self) -> dict[str, int]:
        pages = {"pswpin": 0, "pswpout": 0}
        for line in read_text(f"{self._proc}/vmstat").splitlines():
            name, _, count = line.partition(" ")
            if name in pages:
                pages[name] = int(count)
        page_bytes = os.sysconf("SC_PAGE_SIZE")  # 4 KiB on most boards, 16 KiB on a Raspberry Pi 5
        return {"in": pages["pswpin"] * page_bytes, "out": pages["pswpout"] * page_bytes}

"""``diskio``: what the block devices read and wrote since boot."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from heliograph.inputs.roots import REAL_ROOTS, Roots, read_text
from heliograph.model.point import FieldValue, Point

_SECTOR_BYTES: Final = 512  # /proc/diskstats counts these whatever the device's own sectors are
# Columns of /proc/diskstats after the device name (kernel documentation, iostats).
_READS, _MERGED_READS, _READ_SECTORS, _READ_MS = 0, 1, 2, 3
_WRITES, _MERGED_WRITES, _WRITE_SECTORS, _WRITE_MS = 4, 5, 6, 7
_IN_PROGRESS, _IO_MS, _WEIGHTED_MS = 8, 9, 10
_GROWING: Final = (_READS, _WRITES, _READ_MS, _WRITE_MS, _IO_MS)


@dataclass(frozen=True, slots=True)
class DiskIoConfig:
    """What ``diskio`` gathers."""

    devices: frozenset[str] = frozenset()
    """Only these devices (``mmcblk0``, ``sda1``); when empty, all that ever did something: the two dozen
    unused ``loop`` and ``ram`` devices of a Raspberry Pi are left out, which Telegraf keeps."""


class DiskIoInput:
    """One point per block device and partition: counters as integers, load figures as floats."""

    def __init__(
        self,
        config: DiskIoConfig | None = None,
        *,
        roots: Roots = REAL_ROOTS,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._config = config or DiskIoConfig()
        self._path = f"{roots.proc}/diskstats"
        self._monotonic_ns = monotonic_ns
        self._before: dict[str, list[int]] = {}
        self._before_ns = 0

    def gather(self) -> list[Point]:
        """Return a point per device with the tag name; times are in milliseconds, as the kernel counts."""
        now_ns = self._monotonic_ns()
        now = {name: counts for name, counts in self._read() if self._wanted(name, counts)}
        elapsed_ms = (now_ns - self._before_ns) / 1e6
        points = []
        for name, counts in now.items():
            load = _load(self._before.get(name), counts, elapsed_ms)
            points.append(Point("diskio", _counters(counts) | load, {"name": name}))
        self._before, self._before_ns = now, now_ns
        return points

    def _read(self) -> list[tuple[str, list[int]]]:
        rows = []
        for line in read_text(self._path).splitlines():
            columns = line.split()
            if len(columns) >= 14:  # old kernels show partitions with fewer columns
                rows.append((columns[2], [int(column) for column in columns[3:14]]))
        return rows

    def _wanted(self, name: str, counts: list[int]) -> bool:
        if self._config.devices:
            return name in self._config.devices
        return counts[_READS] + counts[_WRITES] > 0


def _counters(counts: list[int]) -> dict[str, FieldValue]:
    return {
        "reads": counts[_READS],
        "writes": counts[_WRITES],
        "read_bytes": counts[_READ_SECTORS] * _SECTOR_BYTES,
        "write_bytes": counts[_WRITE_SECTORS] * _SECTOR_BYTES,
        "read_time": counts[_READ_MS],
        "write_time": counts[_WRITE_MS],
        "io_time": counts[_IO_MS],
        "weighted_io_time": counts[_WEIGHTED_MS],
        "iops_in_progress": counts[_IN_PROGRESS],
        "merged_reads": counts[_MERGED_READS],
        "merged_writes": counts[_MERGED_WRITES],
    }


def _load(before: list[int] | None, now: list[int], elapsed_ms: float) -> dict[str, FieldValue]:
    if before is None or elapsed_ms <= 0 or any(now[i] < before[i] for i in _GROWING):
        return {}  # a device that was unplugged and came back counts from zero
    spent = [n - b for n, b in zip(now, before, strict=True)]
    load: dict[str, FieldValue] = {"io_util": 100.0 * spent[_IO_MS] / elapsed_ms}
    done = spent[_READS] + spent[_WRITES]
    if done:
        load["io_await"] = (spent[_READ_MS] + spent[_WRITE_MS]) / done
        load["io_svctm"] = spent[_IO_MS] / done
    return load

"""What processes cost, as ``/proc`` tells it, and how they are ended."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Final

STOP_TIMEOUT: Final = 30.0
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_BLOCK_BYTES: Final = 512  # the unit of st_blocks, whatever the file system's own


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    members = [pid]
    for member in members:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            members += [int(child) for child in children.read_text().split()]
    return members


def cpu_seconds(pids: list[int]) -> float:
    """Return the processor time that processes have used, with that of children they have waited for."""
    ticks = 0
    for pid in pids:
        columns = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(int(column) for column in columns[11:15])
    return ticks / TICKS_PER_SECOND


def total_kb(pids: list[int], what: str) -> int:
    """Return the sum of ``Rss`` or ``Pss``; shared pages count in each RSS, but once in the PSS."""
    return sum(_entry_kb(Path(f"/proc/{pid}/smaps_rollup"), what) for pid in pids)


def peak_rss_kb(pids: list[int]) -> int:
    """Return the sum of each process's own peak, which is at least the peak of the sum."""
    return sum(_entry_kb(Path(f"/proc/{pid}/status"), "VmHWM") for pid in pids)


def _entry_kb(path: Path, what: str) -> int:
    for line in path.read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1])
    return 0


def name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """End a process and wait for it, which also adds its processor time to our children's."""
    process.send_signal(how)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def folder_bytes(*folders: Path) -> int:
    """Return what all files below some folders take on disk; holes in files take nothing."""
    paths = [path for folder in folders for path in folder.rglob("*")]
    return sum(file_bytes(path) for path in paths if path.is_file())


def file_bytes(path: Path) -> int:
    """Return what a file takes on disk."""
    return path.stat().st_blocks * _BLOCK_BYTES

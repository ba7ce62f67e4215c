"""What of the machine's memory the hub takes, and how the C library keeps what one batch gave back."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path
from typing import Final

COLUMNS_BYTES: Final = 32 * 1024 * 1024, 256 * 1024 * 1024
"""The least and the most that columns of points take where the settings say nothing."""
_COLUMNS_PART: Final = 32
"""Of a board's 1 GB they take 32 MB."""
_GROUP_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")

_TRIM: Final = -1
_MMAP: Final = -3
_KEPT_BYTES: Final = 16 * 1024 * 1024
"""So much at the end of its heap the C library keeps when it is free."""
_MAPPED_BYTES: Final = 2 * 1024 * 1024
"""Larger blocks are the system's own again as soon as they are free; a batch of the usual size is smaller."""


def keep_freed() -> None:
    """Let glibc keep what is free; other C libraries know no such thing, and are left alone.

    It would give the megabytes of each batch back to the system, and get them anew, page by page, for the
    next: a tenth of what a batch costs.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM, _KEPT_BYTES)
        mallopt(_MMAP, _MAPPED_BYTES)


def columns_bytes(set_bytes: int, limit: Path = _GROUP_LIMIT) -> int:
    """Return the room for columns of points in memory, as the settings say; for 0 by the machine's memory.

    Inside a container its own limit counts (control groups, version 2: ``memory.max``).
    """
    if set_bytes:
        return set_bytes
    machine_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):  # there is none: the file is missing, or says "max"
        machine_bytes = min(machine_bytes, int(limit.read_text(encoding="ascii")))
    least, most = COLUMNS_BYTES
    return min(max(machine_bytes // _COLUMNS_PART, least), most)

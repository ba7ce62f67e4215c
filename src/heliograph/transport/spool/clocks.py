"""The two clocks of a machine together, and the name of its boot."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from heliograph.transport.spool.record import Stamp

Clocks: TypeAlias = Callable[[], Stamp]
"""Returns the time of the call."""

CLOCK_SET_NS: Final = 1_704_067_200 * 10**9
"""The year 2024 began: a clock that tells less was never set."""
_BOOTTIME: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def system_clocks() -> Clocks:
    """Return the clocks of this machine."""
    boot = _boot()

    def now() -> Stamp:
        return Stamp(boot, time.time_ns(), _monotonic_ns())

    return now


def _monotonic_ns() -> int:
    """Return the clock that nobody sets, and that counts the time in which the machine sleeps."""
    # Linux: its monotonic clock stands still then
    return time.monotonic_ns() if _BOOTTIME is None else time.clock_gettime_ns(_BOOTTIME)


def _boot() -> bytes:
    try:
        name = _BOOT_ID.read_bytes().strip()
    except OSError:  # not Linux: each start of the program counts as one of the machine
        name = os.urandom(16)
    return hashlib.blake2b(name, digest_size=8).digest()

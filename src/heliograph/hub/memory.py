"""How the C library keeps memory: what one batch gave back is there for the next."""

from __future__ import annotations

import ctypes
from typing import Final

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

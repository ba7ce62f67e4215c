"""What keeps the store's threads apart."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Locks:
    """What keeps the store's threads apart. Who wants several takes them in the order of this list."""

    delete: threading.Lock = field(default_factory=threading.Lock)
    """One delete after the other: held until the lists of series are right again."""
    merge: threading.Lock = field(default_factory=threading.Lock)
    """Merging and forgetting segments: held while files are written anew. No seal waits for it."""
    seal: threading.Lock = field(default_factory=threading.Lock)
    """Making segments of hot points: held while their files are written."""
    enter: threading.Lock = field(default_factory=threading.Lock)
    """Changing which segments, series, hours and positions the catalogue has: held while the disk writes it.
    Who reads or appends needs it not."""
    state: threading.RLock = field(default_factory=threading.RLock)
    """The catalogue and the hot tables: held for microseconds, by what is frequent."""

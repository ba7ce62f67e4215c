"""What keeps the store's threads apart."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Locks:
    """The locks of one store. Who wants both takes ``seal`` first."""

    state: threading.RLock = field(default_factory=threading.RLock)
    """The catalogue and the hot tables: held for microseconds."""
    seal: threading.Lock = field(default_factory=threading.Lock)
    """Which segments there are: held while files are written."""

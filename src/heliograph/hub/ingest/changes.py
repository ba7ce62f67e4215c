"""Telling tasks that what they derived from the rules has to be derived anew."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable


class Changes:
    """Counts changes, from any thread, and wakes those on an event loop who wait for the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake: set[Callable[[], object]] = set()
        self.version = 0

    def note(self) -> None:
        """Count one more."""
        with self._lock:
            self.version += 1
            waiting = list(self._wake)
        for wake in waiting:
            wake()

    async def after(self, version: int) -> None:
        """Return once there were changes after the one of that number."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(changed.set)

        with self._lock:
            if self.version != version:
                return
            self._wake.add(wake)
        try:
            await changed.wait()
        finally:
            with self._lock:
                self._wake.discard(wake)

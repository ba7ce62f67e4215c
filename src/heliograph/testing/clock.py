"""A clock that jumps: an event loop whose time goes on when everybody waits, and not before.

`asyncio.sleep(3600)` takes no time on it, in the program as in the test, and what is due first happens
first. While a thread works the clock stands still, so that plain functions take no time either.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, Final, TypeVar

from heliograph.transport.spool.record import Stamp

T = TypeVar("T")

START_NS: Final = 1_767_225_600_000_000_000
"""2026-01-01 00:00 UTC, when every test begins."""
_BOOT: Final = b"testing!"
_NS: Final = 1_000_000_000
_PATIENCE: Final = 0.05


class _JumpingSelector(selectors.SelectSelector):
    """Waits for nothing: tells the loop how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.jump: Callable[[float], None] = lambda _: None
        self.is_busy: Callable[[], bool] = lambda: False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what can be read or written, at once."""
        if timeout is None or self.is_busy():
            return super().select(_PATIENCE if timeout is None else min(timeout, _PATIENCE))
        found = super().select(0)
        if not found and timeout > 0:
            self.jump(timeout)
        return found


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop on which waiting takes no time."""

    def __init__(self) -> None:
        self._elapsed = 0.0
        self._calls = 0
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.jump = self._jump
        selector.is_busy = lambda: self._calls > 0

    @classmethod
    def run(cls, work: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine returns that runs on a loop of its own, as `asyncio.run` does."""
        with asyncio.Runner(loop_factory=cls) as runner:
            return runner.run(work)

    def time(self) -> float:
        """Return the seconds that have passed on the fake clock."""
        return self._elapsed

    def stamp(self) -> Stamp:
        """Return the time as the clocks of a machine would tell it."""
        elapsed_ns = round(self._elapsed * _NS)
        return Stamp(_BOOT, START_NS + elapsed_ns, elapsed_ns)

    def run_in_executor(  # type: ignore[override]  # typeshed has it with a variadic generic
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Call a function in a thread; the clock stands still until it returns."""
        self._calls += 1
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._returned)
        return future

    def _returned(self, _: object) -> None:
        self._calls -= 1

    def _jump(self, seconds: float) -> None:
        self._elapsed += seconds

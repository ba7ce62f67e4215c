"""Work in threads: results that go when nobody uses them any more, calls that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Job(Generic[T]):
    """A call for a thread, which keeps its own result.

    A future of a thread pool is part of a cycle of references: a result in it stays in memory until the
    garbage collector comes by, which may be long, and results may be large.
    """

    def __init__(self, function: Callable[..., T], *arguments: Any) -> None:
        self._function = function
        self._arguments = arguments
        self._result: list[T] = []

    def __call__(self) -> None:
        """Make the call."""
        self._result.append(self._function(*self._arguments))

    def result(self) -> T:
        """Return, once, what the call returned; it must have ended without an error."""
        return self._result.pop()


async def in_daemon_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Make a call that may block for long, as a name's look-up does, and return what it returns.

    After a cancel the call goes on and its result is dropped; it never holds up the end of the program,
    as a thread of asyncio's own pool would.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def call() -> None:
        try:
            result = function(*arguments)
        except BaseException as error:  # noqa: BLE001  it is raised again where the result is awaited
            tell(answer.set_exception, error)
        else:
            tell(answer.set_result, result)

    def tell(settle: Callable[[Any], None], outcome: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if answer.done() else settle(outcome))

    threading.Thread(target=call, name=f"call-{function.__name__}", daemon=True).start()
    return await answer

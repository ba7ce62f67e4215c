"""Restarting what may be restarted: a policy for tasks that should run for ever."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from heliograph.aio.backoff import Backoff
from heliograph.errors import Error

log = logging.getLogger(__name__)

MAX_RESTARTS = 8
WINDOW = 60.0
ASK_AGAIN = 0.5


async def supervise(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine function again and again while its errors say that trying again may help.

    An error without ``retry`` and anything that is not ours goes up to the task group at once, and so
    does the ``MAX_RESTARTS``-th error within ``WINDOW`` seconds. Returns when ``run`` returns.
    """
    backoff = Backoff()
    failures: deque[float] = deque(maxlen=MAX_RESTARTS)
    while True:
        try:
            return await run()
        except Error as error:
            now = time.monotonic()
            failures.append(now)
            if not error.retry or (len(failures) == MAX_RESTARTS and now - failures[0] < WINDOW):
                raise
            delay = backoff.next()
            log.warning("%s failed, trying again in %.1f s: %s", name, delay, error)
            await asyncio.sleep(delay)
            if now - failures[0] > WINDOW:
                backoff.reset()


def heed_cancellation() -> None:
    """End the task here if it was cancelled and nothing came of that: a library lost it (see :func:`end`).

    A task group cancels once, so what runs in one for ever and calls such a library asks now and then.

    Raises:
        asyncio.CancelledError: the task was cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and return when they have ended; their errors are left to whoever owns them.

    Cancels again every ``ASK_AGAIN`` seconds: ``asyncio.wait_for`` of Python 3.11, which our messaging
    libraries use, loses a cancellation that comes in the same moment as what it waits for
    (python/cpython#86296), and one lost is a program that never stops.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=ASK_AGAIN)

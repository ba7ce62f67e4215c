"""The one thread in which batches are parsed and applied, so that they are in one order everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from heliograph.aio.threads import Job

T = TypeVar("T")


class IngestThread:
    """Runs functions one after the other, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ingest")

    def close(self) -> None:
        """End the thread when what was asked for is done."""
        self._pool.shutdown()

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Return the function's result.

        On cancellation the function still runs to its end and is waited for, so that what it changed and
        what others believe do not come apart: it may hold what somebody else was told is stored.
        """
        job = Job(function, *arguments)
        running = asyncio.get_running_loop().run_in_executor(self._pool, job)
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise
        return job.result()

"""The one thread in which batches are parsed and applied, so that they are in one order everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

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

        A function that has begun is waited for even on cancellation, so that what it changed and what
        the caller believes do not come apart.
        """
        job = asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            if not job.cancel():
                await asyncio.wait([job])
            raise

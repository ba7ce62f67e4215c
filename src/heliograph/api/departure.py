"""Work for a client that may go away: nobody waits for its answer then."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from heliograph.errors import Error

T = TypeVar("T")


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what some work returns; it is cancelled when the client goes away.

    The body of the request must have been read.

    Raises:
        ClientDisconnect: the client has gone.
        Error: as the work raises it.
    """
    async with asyncio.TaskGroup() as group:
        working = group.create_task(_caught(work), name="answer")
        watching = group.create_task(_gone(request), name="departure")
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            working.cancel()
        watching.cancel()
    if working.cancelled():
        raise ClientDisconnect
    outcome = working.result()
    if isinstance(outcome, Error):
        raise outcome
    return outcome


async def _caught(work: Coroutine[Any, Any, T]) -> T | Error:
    """A group would wrap an error, for which every route has its own answer."""
    try:
        return await work
    except Error as error:
        return error


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

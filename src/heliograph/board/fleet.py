"""The same work on many boards at once: bounded, each with its own time, none lost from the report."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from heliograph.board.inventory import Board
from heliograph.errors import BoardUnreachable, Error

AT_ONCE: Final = 16
"""How many boards are worked on at once, where nothing else is said."""
NONE_REACHABLE: Final = 3

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Result]):
    """What became of the work on one board: a value, or an error."""

    board: Board
    value: Result | None
    error: Error | None
    seconds: float

    @property
    def unreachable(self) -> bool:
        """Whether the board was not there at all."""
        return isinstance(self.error, BoardUnreachable)


async def each(
    boards: Sequence[Board],
    work: Callable[[Board], Awaitable[Result]],
    *,
    at_once: int = AT_ONCE,
    within: float | None = None,
    ended: Callable[[Outcome[Result]], None] = lambda _: None,
) -> list[Outcome[Result]]:
    """Do the work on all boards and return what became of it, in the boards' order.

    An error of one board stops no other. On cancellation all stop.

    Args:
        boards: which.
        work: what to do with one of them.
        at_once: how many at the same time.
        within: seconds that one board may take.
        ended: is called with each outcome as it comes.
    """
    turns = asyncio.Semaphore(at_once)

    async def one(board: Board) -> Outcome[Result]:
        async with turns:
            outcome = await _one(board, work, within)
        ended(outcome)
        return outcome

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(board), name=f"board-{board.name}") for board in boards]
    return [task.result() for task in tasks]


async def _one(
    board: Board, work: Callable[[Board], Awaitable[Result]], within: float | None
) -> Outcome[Result]:
    began = time.monotonic()
    value: Result | None = None
    failed: Error | None = None
    try:
        async with asyncio.timeout(within) as limit:
            value = await work(board)
    except TimeoutError:
        overdue = f"not done within {within:g} s; --timeout gives it more" if limit.expired() else ""
        failed = BoardUnreachable(board.name, overdue or "it gave no answer in time")
    except Error as error:
        failed = error
    return Outcome(board, value, failed, time.monotonic() - began)


def exit_status(outcomes: Sequence[Outcome[Result]]) -> int:
    """Return what a command over boards exits with: 0 all done, 1 some failed, 3 none was reachable."""
    if not any(outcome.error for outcome in outcomes):
        return 0
    return NONE_REACHABLE if all(outcome.unreachable for outcome in outcomes) else 1

"""How the work on many boards is shown: a line for each as it ends, then the ones that failed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    import argparse

    from heliograph.board.fleet import Outcome
    from heliograph.board.inventory import Board

Result = TypeVar("Result")


def on_boards(
    args: argparse.Namespace,
    boards: Sequence[Board],
    work: Callable[[Board], Awaitable[Result]],
    show: Callable[[Board, Result], str],
) -> int:
    """Do the work on the boards, print what it gave as it ends, and return the exit status."""
    from heliograph.board.fleet import each, exit_status
    from heliograph.cli.boards.asking import seconds

    with Progress(len(boards)) as progress:

        def ended(outcome: Outcome[Result]) -> None:
            text = "" if outcome.value is None else show(outcome.board, outcome.value)
            progress.ended(outcome, text)

        outcomes = asyncio.run(
            each(boards, work, at_once=args.at_once, within=seconds(args.timeout), ended=ended)
        )
    _tell_failures(outcomes)
    if progress.unread:
        raise BrokenPipeError
    return exit_status(outcomes)


class Progress:
    """One line that counts on a terminal, above which results appear; plain lines elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = self._failed = 0
        self.unread = False
        """Whether the reader of our output has gone, as ``head`` does."""
        self._live = sys.stderr.isatty() and total > 1

    def __enter__(self) -> Self:
        self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        self._erase()

    def ended(self, outcome: Outcome[Result], text: str) -> None:
        """Count a board, and print what there is to say about it."""
        self._done += 1
        self._failed += outcome.error is not None
        self._erase()
        if text and not self.unread:
            try:
                print(text, flush=True)
            except BrokenPipeError:  # the work goes on where nobody reads of it
                self.unread = True
        self._draw()

    def _draw(self) -> None:
        if self._live:
            filled = round(16 * self._done / self._total)
            bar = "█" * filled + "░" * (16 - filled)
            ok = self._done - self._failed
            text = f"{self._total} boards  {bar}  {ok} ok · {self._total - self._done} running"
            failed = f" · {self._failed} failed" if self._failed else ""
            print(f"\r{text}{failed}", end="", file=sys.stderr, flush=True)

    def _erase(self) -> None:
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _tell_failures(outcomes: Sequence[Outcome[Result]]) -> None:
    failed = [outcome for outcome in outcomes if outcome.error]
    for outcome in failed:
        print(f"helio board: {outcome.error}", file=sys.stderr)
    if failed and len(outcomes) > 1:
        done = len(outcomes) - len(failed)
        away = sum(outcome.unreachable for outcome in failed)
        others = f", {away} of them not reachable" if away else ""
        print(f"{done} done, {len(failed)} failed{others}", file=sys.stderr)

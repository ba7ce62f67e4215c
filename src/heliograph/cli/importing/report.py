"""What an import shows: how far it is, what it would do, and what both ends have in the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from heliograph.cli.importing.compared import Compared
from heliograph.cli.importing.copying import Watcher
from heliograph.cli.importing.target import Target
from heliograph.cli.questions.answers import Part
from heliograph.cli.questions.printing import TablePrinter
from heliograph.errors import HubError

_NAMED: Final = 20
"""So many fields that differ are named."""


class Lines:
    """Tells where no terminal is: a line when a part begins, and one a minute."""

    def __init__(self) -> None:
        self._title = ""
        self._points = 0
        self._told = time.monotonic()

    def begin(self, title: str) -> None:
        """Say what is copied now."""
        self._title = title
        print(title, file=sys.stderr, flush=True)

    def reached(self, share: float, points: int) -> None:
        """Count, and say it once a minute."""
        self._points += points
        if time.monotonic() - self._told > 60:
            self._told = time.monotonic()
            print(f"{self._title}: {share:.0%}, {self._points:,} points", file=sys.stderr, flush=True)


class Bar:
    """A bar at a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[points]:,} points"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._points = 0
        self._task = self.progress.add_task("", total=1.0, points=0)

    def begin(self, title: str) -> None:
        """Begin the bar anew for the next part."""
        self.progress.reset(self._task, description=title, points=self._points)

    def reached(self, share: float, points: int) -> None:
        """Move the bar."""
        self._points += points
        self.progress.update(self._task, completed=share, points=self._points)


@contextmanager
def watching() -> Iterator[Watcher]:
    """What shows the progress for the block: a bar at a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    bar = Bar()
    with bar.progress:
        yield bar


@contextmanager
def resumable() -> Iterator[None]:
    """A block that can be done again; whoever breaks it off is told so."""
    try:
        yield
    except (HubError, KeyboardInterrupt):
        print("What was copied stays; the same command goes on from there.", file=sys.stderr)
        raise


def print_compared(found: Sequence[Compared]) -> bool:
    """Print what both ends have by bucket, and what differs; return whether nothing does."""
    rows: list[list[object]] = []
    for source, bucket in dict.fromkeys((one.source, one.bucket) for one in found):
        mine = [one for one in found if (one.source, one.bucket) == (source, bucket)]
        there, here, before = (
            sum(getattr(one, end).total() for one in mine) for end in ("there", "here", "before")
        )
        verdict = "DIFFERENT" if any(one.differing for one in mine) else "equal" if there == here else "whole"
        rows.append([source, bucket, len(mine), there, here, before, verdict])
    titles = ["from", "into", "measurements", "values there", "values here", "here before", ""]
    print_table(titles, rows)
    told = [
        f"  {one.source} {one.measurement}, {name}: {one.there[name]:,} there, {one.here[name]:,} here,"
        f" {one.before[name]:,} before"
        for one in found
        for name in one.differing
    ]
    for line in told[:_NAMED]:
        print(line, file=sys.stderr)
    if len(told) > _NAMED:
        print(f"  and {len(told) - _NAMED:,} fields more", file=sys.stderr)
    return not told


def print_table(titles: list[str], rows: list[list[object]]) -> None:
    """Print rows below their titles."""
    printer = TablePrinter(sys.stdout)
    printer.add(Part(titles, rows))


def print_refused(target: Target) -> None:
    """Print how many lines the hub did not take, and why."""
    print_reasons("The hub refused", target.refused, target.reasons)


def print_reasons(subject: str, count: int, reasons: Iterable[str]) -> None:
    """Print how many lines are wrong, if any, and the first reasons."""
    if count:
        print(f"{subject} {count:,} line{'' if count == 1 else 's'}:", file=sys.stderr)
        for reason in reasons:
            print(f"  {reason}", file=sys.stderr)

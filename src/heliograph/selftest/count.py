"""Counting: is every acknowledged point there, once, with the time it was sent with?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.errors import HubError
from heliograph.selftest.http import HttpClient
from heliograph.selftest.load import BATCH, STEP_NS, Writer

SETTLE_LIMIT: Final = 60.0
_PAGE: Final = 200_000
_NAMED: Final = 10
"""Points that are named of each writer where some are missing or doubled."""


@dataclass(slots=True)
class Count:
    """What was found of the acknowledged points."""

    acknowledged: int = 0
    missing: int = 0
    duplicated: int = 0
    """Rows beyond the first of a point, and rows that nobody sent."""
    named: list[str] = field(default_factory=list)
    """Some of the wrong points, in words."""

    @property
    def is_right(self) -> bool:
        """Whether nothing is missing and nothing is there that should not be."""
        return not self.missing and not self.duplicated


async def count(hub: HttpClient, writers: Sequence[Writer]) -> Count:
    """Compare what the hub answers with what was acknowledged.

    Raises:
        HubError: the hub does not answer, or does not apply what its streams hold.
    """
    await _settle(hub)
    found = Count()
    for writer in writers:
        found.acknowledged += writer.points
        for first in range(0, writer.points, _PAGE):
            await _count_page(hub, writer, first, min(first + _PAGE, writer.points), found)
        await _count_unsent(hub, writer, found)
    return found


async def _settle(hub: HttpClient) -> None:
    """Wait until the store has applied what the streams hold."""
    deadline = time.monotonic() + SETTLE_LIMIT
    while True:
        streams = (await hub.json("GET", "/api/status"))["streams"]
        behind = [s["name"] for s in streams if s["applied_seq"] < s["last_seq"]]
        if not behind:
            return
        if time.monotonic() > deadline:
            raise HubError("selftest", f"the store does not follow {' and '.join(behind)}: {streams}")
        await asyncio.sleep(0.05)


async def _count_page(hub: HttpClient, writer: Writer, first: int, last: int, found: Count) -> None:
    page = f"{_right(writer)} AND value >= {first} AND value < {last}"
    [[rows, values]] = await _rows(hub, f"SELECT count(*), count(DISTINCT value) FROM load WHERE {page}")
    found.missing += last - first - values
    found.duplicated += rows - values
    if values < last - first:
        missing = await _rows(
            hub,
            f"SELECT n FROM range({first}, {last}) wanted(n)"
            f" WHERE n NOT IN (SELECT value FROM load WHERE {page}) ORDER BY n LIMIT {_NAMED}",
        )
        found.named.append(f"missing of {writer.name}: {_listed(missing)}")
    if rows > values:
        doubled = await _rows(
            hub,
            f"SELECT value FROM load WHERE {page}"
            f" GROUP BY value HAVING count(*) > 1 ORDER BY value LIMIT {_NAMED}",
        )
        found.named.append(f"more than once of {writer.name}: {_listed(doubled)}")


async def _count_unsent(hub: HttpClient, writer: Writer, found: Count) -> None:
    """Look for rows with a wrong time or a number that was not reached yet."""
    wrong = (
        f"writer = '{writer.name}' AND NOT"
        f" ({_right(writer)} AND value >= 0 AND value < {writer.points + BATCH})"
    )
    [[rows]] = await _rows(hub, f"SELECT count(*) FROM load WHERE {wrong}")
    if rows:
        found.duplicated += rows
        examples = await _rows(hub, f"SELECT value FROM load WHERE {wrong} ORDER BY value LIMIT {_NAMED}")
        found.named.append(f"never sent so by {writer.name}: {_listed(examples)}")


def _right(writer: Writer) -> str:
    """A point's time tells its number."""
    return f"writer = '{writer.name}' AND epoch_ns(time) = {writer.start_ns} + value * {STEP_NS}"


async def _rows(hub: HttpClient, sql: str) -> list[list[Any]]:
    rows: list[list[Any]] = (await hub.json("POST", "/api/sql", {"sql": sql}))["rows"]
    return rows


def _listed(rows: Sequence[Sequence[Any]]) -> str:
    dots = ", …" if len(rows) == _NAMED else ""
    return ", ".join(str(row[0]) for row in rows) + dots

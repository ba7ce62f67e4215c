"""Answers of Flux from a kept store, as plain rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from heliograph.query.flux.interpreter import run
from heliograph.query.flux.session import BucketRow, Session
from heliograph.query.flux.syntax.parser import parse
from heliograph.query.flux.tables import Tables
from heliograph.query.limits import QueryLimits
from tests.unit.stored_points import Kept

S = 1_000_000_000


class Everything:
    """Rights to read all there is."""

    def bucket(self, name: str) -> str:
        return name

    def buckets(self) -> Sequence[BucketRow]:
        return [BucketRow("telegraf", "0" * 16, "1" * 16, 0)]


def results(kept: Kept, text: str, *, now_ns: int = 1_000 * S) -> dict[str, Tables]:
    with kept.duck.cursor() as cursor:
        deadline = time.monotonic() + 120
        session = Session(kept.store, cursor, Everything(), now_ns, deadline, QueryLimits())
        return run(session, parse(text))


def tables(kept: Kept, text: str) -> list[dict[str, list[Any]]]:
    """Return the columns of each table of the only result."""
    (found,) = results(kept, text).values()
    return [{name: column.values for name, column in table.columns.items()} for table in found.tables]


def rows(kept: Kept, text: str, *names: str) -> list[tuple[Any, ...]]:
    """Return some columns of all rows of the only result."""
    found: list[tuple[Any, ...]] = []
    for table in tables(kept, text):
        found += zip(*(table[name] for name in names), strict=True)
    return found

"""The series of a hot table: their numbers, their latest rows, their tags as columns."""

from __future__ import annotations

import operator
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from heliograph.model.point import FieldType, SeriesKey
from heliograph.model.table import Column
from heliograph.model.time import MIN_TIME_NS
from heliograph.store import arrow
from heliograph.store.arrow import ArrowTable

_SPARE_KEYS: Final = 1_000
_BEFORE_ALL_NS: Final = MIN_TIME_NS - 1


@dataclass(slots=True)
class HotSeries:
    """Series by code, which counts from 0 in the order in which they came."""

    codes: dict[SeriesKey, int] = field(default_factory=dict)
    latest_ns: array[int] = field(default_factory=lambda: array("q"))
    """By code, the latest time."""
    last_rows: array[int] = field(default_factory=lambda: array("i"))
    """By code, the hot row of the latest time."""
    _by_identity: dict[int, int] = field(default_factory=dict)
    _held: list[SeriesKey] = field(default_factory=list)
    """The keys that are known by identity: as long as they are held no other object has it."""
    _columns: tuple[int, tuple[str, ...], list[Column]] | None = None
    _table: tuple[int, tuple[str, ...], ArrowTable] | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def translate(self, keys: Sequence[SeriesKey]) -> array[int]:
        """Return the codes of some series, new ones for new series.

        A parser hands out the same key objects from batch to batch, so a key is looked for by its identity
        first: to hash one costs more than all else that is done for its row.
        """
        known = list(map(self._by_identity.get, map(id, keys)))
        if None in known:
            known = [self._code(key) for key in keys]
            more = len(self.codes) - len(self.latest_ns)
            self.latest_ns.extend([_BEFORE_ALL_NS] * more)
            self.last_rows.extend([-1] * more)
        return array("i", known)  # type: ignore[arg-type]  # no None is left

    def unknown(self, keys: Sequence[SeriesKey]) -> list[SeriesKey]:
        """Return those of some series that may be new; the others are not."""
        return [key for key in keys if id(key) not in self._by_identity]

    def _code(self, key: SeriesKey) -> int:
        code = self._by_identity.get(id(key))
        if code is None:
            if len(self._held) > 4 * len(self.codes) + _SPARE_KEYS:
                self._by_identity.clear()
                self._held.clear()
            code = self.codes.setdefault(key, len(self.codes))
            self._by_identity[id(key)] = code
            self._held.append(key)
        return code

    def since(self, code: int) -> Iterator[tuple[SeriesKey, int]]:
        """Return the series from a code on, each with its latest time."""
        return islice(zip(self.codes, self.latest_ns, strict=True), code, None)

    def table(self, tags: tuple[str, ...]) -> ArrowTable:
        """Return the columns ``s`` and ``g0``, ``g1`` … in the order of ``tags``, NULL for a missing tag."""
        count = len(self.codes)
        table = self._table
        if table is None or table[:2] != (count, tags):
            columns = enumerate(self.tag_columns(tags))
            built: list[tuple[str, Any]] = [("s", arrow.integers(array("i", range(count))))]
            built += [(f"g{i}", arrow.column(column, count)) for i, column in columns]
            table = self._table = (count, tags, arrow.table(built, count))
        return table[2]

    def tag_columns(self, tags: tuple[str, ...]) -> list[Column]:
        """Return the values of each tag, by code."""
        columns = self._columns
        if columns is None or columns[:2] != (len(self.codes), tags):
            keys = [dict(key) for key in self.codes]
            made = [_tag_column(keys, tag) for tag in tags]
            columns = self._columns = (len(keys), tags, made)
        return columns[2]


def _tag_column(keys: Sequence[dict[str, str]], tag: str) -> Column:
    values = list(map(operator.methodcaller("get", tag, ""), keys))
    return Column(FieldType.STRING, values, bytearray(map(bool, values)))  # no tag has the value ""


def ranks(tag_columns: Sequence[Column], count: int) -> array[int]:
    """Return by code which place a series has when all are sorted by their tags, those without one last."""
    if not tag_columns:
        return array("i", range(count))
    keys = list(zip(*map(_sort_keys, tag_columns), strict=True))
    ranked = array("i", bytes(4 * count))
    for rank, code in enumerate(sorted(range(count), key=keys.__getitem__)):
        ranked[code] = rank
    return ranked


def _sort_keys(column: Column) -> Sequence[Any]:
    if 0 not in column.valid:
        return column.values
    return [(not there, value) for value, there in zip(column.values, column.valid, strict=True)]

"""What can be selected from each measurement, and what lists mean there, kept from question to question."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, TypeVar

from heliograph.query.influxql.plan.columns import Schema
from heliograph.store.schema import Measurement

_MOST: Final = 1_000
_MOST_LISTS: Final = 512
_T = TypeVar("_T")


class Meanings:
    """What was found out of some things, for the very same things. For several threads.

    Texts of one form have most of their tree in common, so it is told by its place in memory.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, ...], tuple[tuple[object, ...], Any]] = OrderedDict()

    def of(self, things: tuple[object, ...], find: Callable[[], _T]) -> _T:
        """Return what ``find`` gives, or gave of these things; what it raises is not kept."""
        key = tuple(map(id, things))
        known = self._kept.get(key)
        if known is not None:
            found: _T = known[1]
            return found
        found = find()
        self._kept[key] = things, found  # as long as they are held, nothing else gets their places
        while len(self._kept) > _MOST_LISTS:
            self._kept.popitem(last=False)
        return found


class Schemas:
    """The schemas of the measurements asked about last. A changed measurement gets a new one.

    For several threads: the worst that can happen is that two make the same.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[Measurement, Schema]] = {}
        self.meanings = Meanings()

    def of(self, bucket: str, measurement: Measurement) -> Schema:
        """Return what can be selected from a measurement, which nobody changes any more."""
        key = bucket, measurement.name
        known = self._kept.get(key)
        if known is not None and (known[0].fields, known[0].tags) == (measurement.fields, measurement.tags):
            return known[1]
        schema = Schema(
            {name: kind.value for name, (_, kind) in measurement.fields.items()}, frozenset(measurement.tags)
        )
        if len(self._kept) >= _MOST:
            self._kept = {}
        self._kept[key] = measurement, schema
        return schema

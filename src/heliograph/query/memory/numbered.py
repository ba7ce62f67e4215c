"""The series of some sources with a number each, and the groups that questions make of them."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.query.memory.native import SeriesTags, Source

_MAX_GROUPINGS: Final = 32


@dataclass(frozen=True, slots=True)
class Grouping:
    """Into which group of an answer each series goes."""

    groups: array[int]
    """By number of the series; -1 for one that is not asked for."""
    shown: list[tuple[int, dict[str, str]]]
    """The groups with their tags, in the order in which they are told."""


class Numbered:
    """Series numbered by their tags. Made once for some sources, and asked for each question to them."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.series = _sorted({tags for source in sources for tags in source.series})
        numbers = {tags: number for number, tags in enumerate(self.series)}
        self.ids = [array("i", [numbers[tags] for tags in source.series]) for source in sources]
        """Per source the number of each of its series."""
        self._groupings: dict[object, Grouping] = {}
        self._having: dict[int, dict[str, list[int]]] = {}
        """By place of a tag, and its value, the numbers of the series that have it."""

    def grouped(
        self, tags: Sequence[str], where: Mapping[str, tuple[str, ...]], group_by: tuple[str, ...]
    ) -> Grouping:
        """Return the groups of a question; ``tags`` names those of the series, in order."""
        key = (tuple(sorted(where.items())), group_by)
        found = self._groupings.get(key)
        if found is None:
            if len(self._groupings) >= _MAX_GROUPINGS:
                self._groupings.clear()
            found = self._groupings[key] = self._group(tags, where, group_by)
        return found

    def _group(
        self, tags: Sequence[str], where: Mapping[str, tuple[str, ...]], group_by: tuple[str, ...]
    ) -> Grouping:
        places = {tag: place for place, tag in enumerate(tags)}
        wanted = [(places.get(tag, -1), set(values)) for tag, values in where.items()]
        chosen = [places.get(tag, -1) for tag in group_by]
        groups = array("i", [-1]) * len(self.series)
        keys: dict[SeriesTags, int] = {}
        for number in self._wanted(wanted):
            series = self.series[number]
            key = tuple([tag_of(series, place) for place in chosen])
            groups[number] = keys.setdefault(key, len(keys))
        shown = [
            (keys[key], {tag: value for tag, value in zip(group_by, key, strict=True) if value is not None})
            for key in _sorted(keys)
        ]
        return Grouping(groups, shown)

    def _wanted(self, wanted: Sequence[tuple[int, set[str]]]) -> Sequence[int]:
        """Return the numbers of the series that have one of some values at each of some places, ascending."""
        found: set[int] | None = None
        for place, values in wanted:
            having = self._numbers(place)
            some = {number for value in values for number in having.get(value, ())}
            found = some if found is None else found & some
        return range(len(self.series)) if found is None else sorted(found)

    def _numbers(self, place: int) -> dict[str, list[int]]:
        having = self._having.get(place)
        if having is None:  # at worst two threads find the same
            having = {}
            for number, series in enumerate(self.series):
                having.setdefault(tag_of(series, place) or "", []).append(number)
            self._having[place] = having
        return having


def tag_of(series: SeriesTags, place: int) -> str | None:
    """Return a series' tag at a place, None where it has none."""
    return series[place] if 0 <= place < len(series) else None


def _sorted(keys: Collection[SeriesTags]) -> list[SeriesTags]:
    """Sort by tags; an absent one comes first."""
    try:
        return sorted(keys)  # nearly always no tag is absent
    except TypeError:
        return sorted(keys, key=lambda tags: [tag or "" for tag in tags])

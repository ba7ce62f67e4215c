"""Which series a bucket has, answered from the catalogue in memory: no point is read.

Only the copying happens under the store's lock, which a seal holds while a disk takes its entries. There
may be a million series: all of this is for threads, and not for the event loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from heliograph.model.point import SeriesKey
from heliograph.store.schema import Measurement
from heliograph.store.store import Store


class SeriesFound(NamedTuple):
    """One series."""

    measurement: str
    key: SeriesKey
    last_ns: int
    """The time of its latest point."""


def measurements_of(store: Store, bucket: str) -> list[tuple[Measurement, int]]:
    """Return the measurements that have series, by name, each with the time of its latest point.

    Raises:
        BucketNotFound: there is no such bucket.
    """
    with store.reading() as catalogue:
        known = [
            (measurement.copy(), list(series.values()))
            for measurement in catalogue.bucket(bucket).values()
            if (series := catalogue.series.get((bucket, measurement.name)))
        ]
    latest = [(measurement, max(times_ns)) for measurement, times_ns in known]
    return sorted(latest, key=lambda one: one[0].name)


def series_of(
    store: Store, bucket: str, measurement: str | None, where: Mapping[str, tuple[str, ...]]
) -> Iterator[SeriesFound]:
    """Give the series of a measurement, or of all; per tag of ``where`` one of the values must match.

    ``""`` matches a series without the tag. A series that lost its last points to age may still be there for
    a while.

    Raises:
        BucketNotFound: there is no such bucket.
    """
    with store.reading() as catalogue:
        names = [name for name in catalogue.bucket(bucket) if measurement in (None, name)]
        known = [(name, list(catalogue.series.get((bucket, name), {}).items())) for name in names]
    wanted = [(tag, frozenset((tag, value) for value in values)) for tag, values in where.items()]
    for name, some in known:
        for key, last_ns in some:
            if not wanted or _matches(key, wanted):
                yield SeriesFound(name, key, last_ns)


def _matches(key: SeriesKey, wanted: Sequence[tuple[str, frozenset[tuple[str, str]]]]) -> bool:
    return all(
        not pairs.isdisjoint(key) or ((tag, "") in pairs and all(name != tag for name, _ in key))
        for tag, pairs in wanted
    )


def values_of(series: Iterable[SeriesFound], tag: str) -> list[str]:
    """Return the different values of a tag, sorted."""
    return sorted({value for _, key, _ in series for name, value in key if name == tag})

"""Copying the points of a server, window by window, and comparing what both ends have."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol, TypeVar

from heliograph.cli.importing.compared import Compared
from heliograph.cli.importing.journal import Journal
from heliograph.cli.importing.source import Place, Source
from heliograph.cli.importing.target import Target
from heliograph.codec.lineprotocol.format import format_point
from heliograph.config.values import format_duration
from heliograph.errors import ConfigError, HubError, LineProtocolError, QueryError
from heliograph.model.time import HOUR_NS, SECOND_NS

BATCH_LINES: Final = 5_000
BATCH_BYTES: Final = 2 * 1024 * 1024
_WINDOW_POINTS: Final = 50_000
"""What a window should hold: a question that neither side finds large, and a step that is soon repeated."""
_FIRST_WINDOW_NS: Final = HOUR_NS
_TRIES: Final = (1.0, 2.0, 4.0, 8.0)
"""Seconds between tries while the source does not answer."""
_MARGIN_NS: Final = 600 * SECOND_NS
"""What is about to expire is not compared: it may go at one end and be there at the other."""

_Found = TypeVar("_Found")


class Watcher(Protocol):
    """Is told how far it is."""

    def begin(self, title: str) -> None:
        """Hear of a part that begins or goes on."""
        ...

    def reached(self, share: float, points: int) -> None:
        """Hear which share of the part is copied, and how many points more."""
        ...


class Copying:
    """One import from a server."""

    def __init__(
        self,
        source: Source,
        target: Target,
        journal: Journal,
        watcher: Watcher,
        *,
        since_ns: int,
        until_ns: int,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._target = target
        self._journal = journal
        self._watcher = watcher
        self._since_ns = since_ns
        self._until_ns = until_ns
        self._pause = pause
        self._keeps: dict[str, int] = {}

    def run(self, places: list[Place]) -> Iterator[Compared]:
        """Copy the points of some places; then yield what both ends have, measurement by measurement.

        Raises:
            ConfigError: a bucket of the hub would not keep what goes to it.
            HubError: one of the ends does not answer. What was copied is, and is not copied again.
            QueryError: one of them refuses.
        """
        self._keeps = self._target.buckets()
        parts = [(place, one) for place in places for one in self._source.measurements(place)]
        known = [(place, one, span) for place, one in parts if (span := self._span(place, one))]
        for place, _, (first_ns, _) in known:
            self._check_keep(place, first_ns)
        for place in places:
            if place.bucket not in self._keeps:
                self._target.make(place)
        self._keeps = self._target.buckets()
        for place, measurement, span in known:
            self._copy(place, measurement, *span)
        for place, measurement, span in known:
            compared = self._compare(place, measurement, *span)
            if compared.differing:  # as when the source was about to end, and had forgotten part of it
                self._journal.put(_key("next", place, measurement), None)
                self._copy(place, measurement, *span)
                compared = self._compare(place, measurement, *span)
            if compared.differing:  # the next try begins anew with it
                self._journal.put(_key("next", place, measurement), None)
                self._journal.put(_key("span", place, measurement), None)
            yield compared

    def _span(self, place: Place, measurement: str) -> tuple[int, int] | None:
        """Return where the points begin and end; what comes later is not of this import."""
        key = _key("span", place, measurement)
        told = self._journal.get(key)
        if told is None:
            found = self._patiently(
                lambda: self._source.bounds(place, measurement, self._since_ns, self._until_ns)
            )
            told = [] if found is None else [found[0], found[1] + 1]
            before = self._counts_here(place, measurement, *told) if told else Counter[str]()
            self._journal.put(_key("before", place, measurement), before)
            self._journal.put(key, told)
        return (told[0], told[1]) if told else None

    def _counts_here(self, place: Place, measurement: str, first_ns: int, end_ns: int) -> Counter[str]:
        if place.bucket not in self._keeps:
            return Counter()
        return self._target.counts(place.bucket, measurement, first_ns, end_ns)

    def _check_keep(self, place: Place, first_ns: int) -> None:
        keep = self._keeps.get(place.bucket)
        if not keep or (place.keep_seconds and place.keep_seconds <= keep):
            return
        if first_ns < time.time_ns() - keep * SECOND_NS:
            raise ConfigError(
                f'the bucket "{place.bucket}" keeps its points for {format_duration(keep)},'
                f" and {place.shown} has older ones: helio bucket set {place.bucket} --keep forever keeps"
                " them, --since leaves them out"
            )

    def _kept_ns(self, keeps: Iterable[int]) -> int:
        """Return the time before which points go, where one of the ends keeps them for so many seconds."""
        shortest = min((keep for keep in keeps if keep), default=0)
        return time.time_ns() - shortest * SECOND_NS if shortest else self._since_ns

    def _copy(self, place: Place, measurement: str, first_ns: int, end_ns: int) -> None:
        key = _key("next", place, measurement)
        first_ns = max(first_ns, self._kept_ns([self._keeps[place.bucket]]))
        at_ns = max(first_ns, self._journal.get(key) or first_ns)
        window_ns = _FIRST_WINDOW_NS
        self._watcher.begin(f"{place.shown} {measurement}")
        while at_ns < end_ns:
            stop_ns = min(end_ns, at_ns + window_ns)
            try:
                count = self._patiently(lambda: self._window(place, measurement, at_ns, stop_ns))  # noqa: B023
            except QueryError:  # too much at once for the source, as its limits have it
                if window_ns <= SECOND_NS:
                    raise
                window_ns //= 8
                continue
            if not count and stop_ns < end_ns:
                bounds = self._patiently(
                    lambda: self._source.bounds(place, measurement, stop_ns, end_ns)  # noqa: B023
                )
                stop_ns = bounds[0] if bounds else end_ns
            at_ns = stop_ns
            self._journal.reached(key, at_ns)
            self._watcher.reached((at_ns - first_ns) / (end_ns - first_ns), count)
            if count > 2 * _WINDOW_POINTS:
                window_ns = max(SECOND_NS, window_ns // 2)
            elif count < _WINDOW_POINTS // 2:
                window_ns *= 4 if count < _WINDOW_POINTS // 8 else 2

    def _window(self, place: Place, measurement: str, start_ns: int, end_ns: int) -> int:
        """Copy one range and return its number of points; each is acknowledged then."""
        batch: list[bytes] = []
        size = count = 0
        for point in self._source.points(place, measurement, start_ns, end_ns):
            count += 1
            try:
                line = format_point(point).encode()
            except LineProtocolError as error:
                self._target.refuse(1, error.reason)
                continue
            batch.append(line)
            size += len(line)
            if len(batch) == BATCH_LINES or size > BATCH_BYTES:
                self._target.write(place.bucket, batch)
                batch, size = [], 0
        if batch:
            self._target.write(place.bucket, batch)
        return count

    def _compare(self, place: Place, measurement: str, first_ns: int, end_ns: int) -> Compared:
        keeps = (self._keeps[place.bucket], place.keep_seconds)
        shortened = max(first_ns, self._kept_ns(keeps) + _MARGIN_NS) if any(keeps) else first_ns
        compared = Compared(place.shown, place.bucket, measurement)
        if shortened < end_ns:
            compared.before = Counter(self._journal.get(_key("before", place, measurement)))
            compared.there = self._patiently(
                lambda: self._source.counts(place, measurement, shortened, end_ns)
            )
            compared.here = self._target.counts(place.bucket, measurement, shortened, end_ns)
            if shortened > first_ns:  # some of what was there before may have expired
                compared.before &= compared.here
        return compared

    def _patiently(self, work: Callable[[], _Found]) -> _Found:
        """Try again what failed because the source did not answer; the hub's part has its own patience."""
        for wait in _TRIES:
            try:
                return work()
            except HubError as error:
                if not error.retry or error.url == self._target.url:
                    raise
                self._pause(wait)
        return work()


def _key(kind: str, place: Place, measurement: str) -> str:
    return f"{kind}\n{place.database}\n{place.policy}\n{measurement}"

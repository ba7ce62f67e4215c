"""The hub that points are copied to."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import quote

from heliograph.cli.endpoint import Endpoint
from heliograph.cli.importing.influxql import InfluxQl, name
from heliograph.cli.importing.source import Place
from heliograph.errors import HubError

_WAITS: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between tries while the hub cannot take points."""
_WRITTEN: Final = re.compile(r"(\d+) points were written")
_LINE: Final = re.compile(r"\bline (\d+)(?=, column)")
_EACH: Final = re.compile(r"; (?=line \d+, column|and \d+ more|\d+ points)")
_REASONS: Final = 20
_LONGEST_REASON: Final = 300


class Target:
    """Makes buckets, writes lines until they are acknowledged, and counts."""

    def __init__(self, hub: Endpoint, pause: Callable[[float], None] = time.sleep) -> None:
        self.url = hub.url
        self._hub = hub
        self._pause = pause
        self._questions = InfluxQl(hub)
        self.refused = 0
        """Lines that the hub did not take."""
        self.reasons: dict[str, None] = {}
        """The first different reasons for that."""

    def buckets(self) -> dict[str, int]:
        """Return how many seconds each bucket keeps its points, 0 for ever.

        Raises:
            HubError: the hub does not answer, or the token may not see them.
        """
        told = self._hub.json("GET", "/api/buckets")["buckets"]
        return {bucket["name"]: bucket["keep_seconds"] for bucket in told}

    def make(self, place: Place) -> None:
        """Make the bucket of a place; one of a policy is that policy for InfluxQL too.

        Raises:
            QueryError: the hub refuses it.
            HubError: it does not answer.
        """
        keep = f"{place.keep_seconds}s" if place.keep_seconds else "INF"
        if place.policy and place.bucket == place.database:
            self.execute(
                f"CREATE DATABASE {name(place.database)} WITH DURATION {keep} NAME {name(place.policy)}"
            )
        elif place.policy and place.bucket == f"{place.database}/{place.policy}":
            self.execute(
                f"CREATE RETENTION POLICY {name(place.policy)} ON {name(place.database)}"
                f" DURATION {keep} REPLICATION 1"
            )
        else:
            self._hub.json("POST", "/api/buckets", {"name": place.bucket, "keep_seconds": place.keep_seconds})

    def execute(self, text: str) -> None:
        """Carry out a statement of InfluxQL.

        Raises:
            QueryError: the hub refuses it.
            HubError: it does not answer.
        """
        self.rows(text)

    def rows(self, text: str) -> list[list[Any]]:
        """Return the rows that a statement of InfluxQL is answered with.

        Raises:
            QueryError: the hub refuses it.
            HubError: it does not answer.
        """
        return self._questions.rows(text)

    def write(
        self, bucket: str, batch: Sequence[bytes], precision: str = "ns", numbers: Sequence[int] = ()
    ) -> None:
        """Write lines and return when they are acknowledged; those that are refused are counted.

        ``numbers`` tell where the lines stand in a file, for what is said about those that are refused.

        Raises:
            HubError: the hub does not answer for a minute, or refuses more than some of the lines.
        """
        path = f"/api/v2/write?bucket={quote(bucket, safe='')}&precision={precision}"
        for wait in (*_WAITS, None):
            try:
                self._hub.json("POST", path, b"\n".join(batch), {"Content-Type": "text/plain"})
            except HubError as error:
                if error.status == 413 or "smaller batches" in error.reason:
                    self._halved(bucket, batch, precision, numbers, error)
                elif error.status in (400, 422):
                    self._refuse(batch, numbers, error)
                elif error.retry and wait is not None:
                    self._pause(wait)
                    continue
                else:
                    raise
            return

    def counts(self, bucket: str, measurement: str, start_ns: int, end_ns: int) -> Counter[str]:
        """Return how many values each field has at ``start_ns <= time < end_ns``.

        Raises:
            QueryError: the hub refuses the question.
            HubError: it does not answer.
        """
        database, _, policy = bucket.partition("/")
        return self._questions.counts(database, policy, measurement, start_ns, end_ns)

    def refuse(self, lines: int, reason: str) -> None:
        """Count lines that cannot be written."""
        self.refused += lines
        if len(self.reasons) < _REASONS:
            self.reasons[reason[:_LONGEST_REASON]] = None

    def _halved(
        self, bucket: str, batch: Sequence[bytes], precision: str, numbers: Sequence[int], error: HubError
    ) -> None:
        if len(batch) == 1:
            self.refuse(1, error.reason)
            return
        middle = len(batch) // 2
        feeds = sum(1 + line.count(b"\n") for line in batch[:middle])
        self.write(bucket, batch[:middle], precision, numbers[:feeds])
        self.write(bucket, batch[middle:], precision, numbers[feeds:])

    def _refuse(self, batch: Sequence[bytes], numbers: Sequence[int], error: HubError) -> None:
        if "partial write" not in error.reason:
            raise error
        written = _WRITTEN.search(error.reason)
        told = _LINE.sub(lambda line: f"line {_number(numbers, int(line[1]))}", error.reason)
        self.refused += max(1, len(batch) - (int(written[1]) if written else 0))
        for reason in _EACH.split(told.removeprefix("partial write: ")):
            self.refuse(0, reason)


def _number(numbers: Sequence[int], line: int) -> int:
    return numbers[line - 1] if 0 < line <= len(numbers) else line

"""A server that is asked in InfluxQL: an InfluxDB, or the hub."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from heliograph.cli.endpoint import Endpoint, lines
from heliograph.errors import HubError, QueryError
from heliograph.model.time import MAX_TIME_NS, SECOND_NS

TIMEOUT: Final = 600.0
_CHUNK_ROWS: Final = 5_000
_COUNT: Final = "count_"
_NEGATIVE_ZERO: Final = re.compile(rb"[\[,]-0[,\]]")
"""How a float of that value is written, which JSON's reader takes for a whole number without a sign."""
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class InfluxQl:
    """The route ``/query`` of a server."""

    endpoint: Endpoint

    def series(self, text: str, database: str = "", policy: str = "") -> Iterator[dict[str, Any]]:
        """Yield the series of one statement's answer in chunks, as they come.

        Raises:
            QueryError: the server refuses the statement.
            HubError: it does not answer.
        """
        form = {"q": text, "db": database, "epoch": "ns", "chunked": "true", "chunk_size": str(_CHUNK_ROWS)}
        body = urlencode(form | ({"rp": policy} if policy else {})).encode()
        try:
            answer = self.endpoint.open("POST", "/query", body, _FORM, timeout=TIMEOUT)
        except HubError as error:
            if error.status in (400, 422):
                raise QueryError(error.reason) from error
            raise
        for line in lines(self.endpoint.pieces(answer)):
            told = json.loads(line, parse_int=_whole) if _NEGATIVE_ZERO.search(line) else json.loads(line)
            for result in (told, *told.get("results", [])):
                yield from result.get("series", [])
                if "error" in result:
                    raise QueryError(result["error"])

    def rows(self, text: str, database: str = "", policy: str = "") -> list[list[Any]]:
        """Return the rows of a short answer.

        Raises:
            QueryError: the server refuses the statement.
            HubError: it does not answer.
        """
        return [row for one in self.series(text, database, policy) for row in one.get("values", [])]

    def counts(
        self, database: str, policy: str, measurement: str, start_ns: int, end_ns: int
    ) -> Counter[str]:
        """Return how many values each field has at ``start_ns <= time < end_ns``.

        A range that the server finds too much is counted in halves.

        Raises:
            QueryError: the server refuses even short ranges.
            HubError: it does not answer.
        """
        source = name(measurement)
        try:
            found: Counter[str] = Counter()
            text = f"SELECT count(*) FROM {source} WHERE {between(start_ns, end_ns)}"
            for one in self.series(text, database, policy):
                for row in one["values"]:
                    for column, count in zip(one["columns"][1:], row[1:], strict=True):
                        found[column.removeprefix(_COUNT)] += count or 0
            return +found
        except QueryError:
            if end_ns - start_ns < SECOND_NS:
                raise
        middle_ns = (start_ns + end_ns) // 2
        first = self.counts(database, policy, measurement, start_ns, middle_ns)
        return first + self.counts(database, policy, measurement, middle_ns, end_ns)


def _whole(text: str) -> float:
    return -0.0 if text == "-0" else int(text)


def name(text: str) -> str:
    """Return a name as InfluxQL quotes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def between(start_ns: int, end_ns: int) -> str:
    """Return the condition that a time is in a range, the end not included.

    As numbers: InfluxDB 1.6 finds the text of its own earliest time too early.
    """
    return f"time >= {start_ns} AND time <= {min(end_ns - 1, MAX_TIME_NS)}"

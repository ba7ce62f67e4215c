"""The names that the hub knows: buckets, measurements, tags and fields, fetched when they are wanted."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from heliograph.cli.endpoint import Endpoint
from heliograph.errors import HubError

_TIMEOUT: Final = 5.0
_FRESH_SECONDS: Final = 30.0
_MOST_BUCKETS: Final = 1_000
_MOST_MEASUREMENTS: Final = 5_000
_MOST_SCHEMAS: Final = 8
_PAGE: Final = 100

Columns = dict[str, list[str]]
"""Tags and fields by measurement."""


class Names:
    """What can be completed. Nobody waits long for it, and a hub that does not answer has no names."""

    def __init__(self, hub: Endpoint, clock: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._clock = clock
        self._buckets: tuple[float, list[str]] | None = None
        self._schemas: dict[str, tuple[float, Columns]] = {}

    def forget(self) -> None:
        """Fetch everything anew when it is wanted next."""
        self._buckets = None
        self._schemas.clear()

    def buckets(self) -> list[str]:
        """Return the buckets that this token sees, 1,000 at most."""
        if self._buckets is None or self._clock() - self._buckets[0] > _FRESH_SECONDS:
            self._buckets = (self._clock(), self._all_buckets())
        return self._buckets[1]

    def schema(self, bucket: str) -> Columns:
        """Return what the measurements of a bucket have, 5,000 of them at most."""
        known = self._schemas.get(bucket)
        if known is None or self._clock() - known[0] > _FRESH_SECONDS:
            while len(self._schemas) >= _MOST_SCHEMAS:
                del self._schemas[next(iter(self._schemas))]
            known = self._schemas[bucket] = (self._clock(), self._columns(bucket))
        return known[1]

    def _all_buckets(self) -> list[str]:
        found: list[str] = []
        while len(found) < _MOST_BUCKETS:
            page = self._told(f"/api/v2/buckets?limit={_PAGE}&offset={len(found)}").get("buckets", [])
            found += [one["name"] for one in page]
            if len(page) < _PAGE:
                break
        return found

    def _columns(self, bucket: str) -> Columns:
        from urllib.parse import quote

        told = self._told(f"/api/schema?bucket={quote(bucket, safe='')}").get("measurements", [])
        return {one["name"]: [*one["tags"], *one["fields"]] for one in islice(told, _MOST_MEASUREMENTS)}

    def _told(self, path: str) -> dict[str, Any]:
        try:
            return self._hub.json("GET", path, timeout=_TIMEOUT)
        except HubError:
            return {}

"""What the API may do to ingest rules, in JSON's values."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from heliograph.codec.ingest.convert import lines_of
from heliograph.codec.lineprotocol.format import format_point
from heliograph.errors import BucketNotFound
from heliograph.hub.ingest.rules import IngestRules, Kept
from heliograph.store.store import Store


class HubIngest:
    """The rules of a running hub. Each change is on disk when it returns."""

    def __init__(self, rules: IngestRules, store: Store) -> None:
        self._rules = rules
        self._store = store

    def report(self) -> list[dict[str, Any]]:
        """Return the rules that hold, in the order in which they are tried, with what they did."""
        return [_shown(kept) for kept in self._rules.current]

    async def add(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Let a rule hold from now on.

        Raises:
            ConfigError: it is no rule.
            NotPossible: there is one of that name.
            BucketNotFound: its bucket does not exist.
        """
        bucket = asked.get("bucket")
        if isinstance(bucket, str) and bucket and self._store.life(bucket) is None:
            raise BucketNotFound(bucket)
        return _shown(await asyncio.to_thread(self._rules.add, dict(asked)))

    async def remove(self, name: str) -> dict[str, Any]:
        """Let a rule hold no longer.

        Raises:
            NotFound: there is none of that name.
            ConfigError: it stands in a configuration file.
        """
        return _shown(await asyncio.to_thread(self._rules.remove, name))

    async def test(self, topic: str, payload: bytes, asked: dict[str, Any] | None) -> dict[str, Any]:
        """Return the points that a message would give; nothing is stored.

        Raises:
            ConfigError: ``asked`` is no rule.
            DecodeError: the payload is not what the rule says.
        """
        rule, points = await asyncio.to_thread(self._rules.try_out, topic, payload, asked)
        lines_of(points)
        return {
            "rule": None if rule is None else rule.as_json(),
            "points": [
                {
                    "measurement": point.measurement,
                    "tags": dict(point.tags),
                    "fields": dict(point.fields),
                    "time_ns": point.time_ns,
                    "line": format_point(point),
                }
                for point in points
            ],
        }


def _shown(kept: Kept) -> dict[str, Any]:
    return {
        "rule": kept.rule.as_json(),
        "origin": kept.origin,
        "since_ms": kept.since_ns // 1_000_000,
        "messages": kept.messages,
        "points": kept.points,
        "bad": kept.bad,
        "last_error": kept.last_error,
    }

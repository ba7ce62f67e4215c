"""What the hub kept of a topic, for the terminal: messages of the stream, and stored numbers as lines."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from heliograph.cli.explorer.text import printable, sparkline
from heliograph.topics.tree import Sighting

SPAN: Final = 3600.0
"""So many seconds back is looked."""
_MESSAGES: Final = 500
_FIELDS: Final = 12
_KINDS: Final = ("seen", "stream", "store")

Request = Callable[[str, str, dict[str, Any] | None], dict[str, Any]]
"""Asks the hub: method, path and body; may take its time, and raises HubError."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is shown of a topic beside its values: what was seen here, or what the hub kept."""

    kind: str = "seen"
    messages: tuple[Sighting, ...] = ()
    """Of the stream, the oldest first."""
    lines: str = ""
    """In place of messages."""

    @property
    def following(self) -> str:
        """What comes after this."""
        return _KINDS[(_KINDS.index(self.kind) + 1) % len(_KINDS)]

    @property
    def title(self) -> str:
        """What it is, as a line; nothing for what was seen here."""
        if self.kind == "stream":
            return f"{len(self.messages):,} messages of the last hour, from the hub's stream (QoS 1 and 2)\n"
        return "stored by the hub in the last hour\n" if self.kind == "store" else ""

    @classmethod
    async def of(cls, hub: HubPast, topic: str, kind: str, width: int) -> Past:
        """Ask the hub; charts of stored numbers are so many letters wide.

        Raises:
            HubError: it does not answer, or knows nothing of the topic.
        """
        if kind == "stream":
            found = tuple(await hub.messages(topic))
            return cls(kind, found, "" if found else "The stream has none of it.")
        return cls(kind, lines=await hub.stored(topic, width)) if kind == "store" else cls()


class HubPast:
    """A hub whose broker is looked at."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def add_rule(self, asked: dict[str, Any]) -> None:
        """Let an ingest rule hold from now on.

        Raises:
            HubError: the hub does not answer, or does not want it.
        """
        await asyncio.to_thread(self._request, "POST", "/api/ingest", asked)

    async def messages(self, topic: str) -> list[Sighting]:
        """Return what the stream has of the last hour, the oldest first; raises as :meth:`add_rule`."""
        since_ms = round((time.time() - SPAN) * 1000)
        path = f"/api/topics/history?topic={quote(topic, safe='')}&since_ms={since_ms}&limit={_MESSAGES}"
        answer = await asyncio.to_thread(self._request, "GET", path, None)
        return [_sighting(message) for message in reversed(answer["messages"])]

    async def stored(self, topic: str, width: int) -> str:
        """Return the numbers that are stored of the last hour as lines; raises as :meth:`add_rule`."""
        path = f"/api/topics/stored?topic={quote(topic, safe='')}"
        kept = await asyncio.to_thread(self._request, "GET", path, None)
        if kept["origin"] is None:
            return "Nothing of it is stored; s stores it."
        fields = [
            (series, field, kind)
            for series in kept["series"]
            for field, kind in series["fields"].items()
            if kind != "str"
        ][:_FIELDS]
        if not fields:
            return f"No numbers of it are stored{': ' + kept['problem'] if kept['problem'] else ''}."
        answer = await asyncio.to_thread(
            self._request, "POST", "/api/query", _asked(kept["bucket"], fields, width)
        )
        drawn = zip(fields, answer["results"], strict=True)
        return "\n".join(_line(series, field, result, width) for (series, field, _), result in drawn)


def _sighting(message: dict[str, Any]) -> Sighting:
    payload = base64.b64decode(message["base64"])
    return Sighting(message["time_ms"] * 1_000_000, payload, message["bytes"], retained=False)


def _asked(bucket: str, fields: list[tuple[dict[str, Any], str, str]], width: int) -> dict[str, Any]:
    end_ms = round(time.time() * 1000)
    queries = [
        {
            "id": str(number),
            "measurement": series["measurement"],
            "fields": [field],
            "fn": "last" if kind == "bool" else "mean",
            "where": {name: [value] for name, value in series["tags"].items()},
        }
        for number, (series, field, kind) in enumerate(fields)
    ]
    span_ms = round(SPAN * 1000)
    return {
        "bucket": bucket,
        "start_ms": end_ms - span_ms,
        "end_ms": end_ms,
        "interval_ms": span_ms // width,
        "queries": queries,
    }


def _line(series: dict[str, Any], field: str, result: dict[str, Any], width: int) -> str:
    tags = "".join(f",{name}={value}" for name, value in series["tags"].items())
    name = printable(f"{series['measurement']}{tags} {field}")
    values = [each for found in result.get("series", []) for each in found["values"] if each is not None]
    numbers = [float(value) for value in values]
    if not numbers:
        return f"{name}: {printable(result.get('error') or 'nothing in the last hour')}"
    return f"{name}: {min(numbers):g} to {max(numbers):g}\n{sparkline(numbers, width)}"

"""What is kept of a topic: points in the store, messages in the stream, and the rule it could have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from heliograph.codec.ingest.proposal import Preview, Seen, command_of, native_points, preview, propose
from heliograph.codec.ingest.rule import DEFAULT_BUCKET, NATIVE, Rule, make_rule
from heliograph.codec.lineprotocol.format import format_point
from heliograph.errors import DecodeError, NotFound
from heliograph.hub.ingest.rules import IngestRules
from heliograph.model.point import Point
from heliograph.stream.log import MQTT, MQTT_PREFIX, StreamLog
from heliograph.stream.passing import subjects_of
from heliograph.topics.tree import Sighting, Topic, TopicTree
from heliograph.topics.view import message_json

MESSAGES: Final = 1_000
PREVIEWED: Final = 50
_SERIES: Final = 50


class TopicKeeping:
    """What the page asks when somebody wants to keep a topic, or to look further back than memory does.

    Args:
        tree: what was seen.
        rules: those that hold.
        stream: where messages of QoS 1 and 2 are; asked only if ``is_own``.
        is_own: whether the hub's own broker is used: another one's messages become points on their way in.
    """

    def __init__(
        self, tree: TopicTree, rules: IngestRules, stream: StreamLog, *, is_own: Callable[[], bool]
    ) -> None:
        self._tree = tree
        self._rules = rules
        self._stream = stream
        self._is_own = is_own

    async def stored(self, topic: str) -> dict[str, Any]:
        """Return which points become of a topic, or the rule that would make some.

        Raises:
            NotFound: no message of it was seen.
        """
        messages = [_seen(each) for each in _newest(self._find(topic))]
        return await asyncio.to_thread(self._stored, topic, messages)

    def _stored(self, topic: str, messages: Sequence[Seen]) -> dict[str, Any]:
        seen = messages[0]
        told: dict[str, Any] = {
            "topic": topic,
            "rule": None,
            "origin": None,
            "proposal": None,
            "command": None,
        }
        found = self._rules.rule_of(topic)
        if topic.startswith(NATIVE):
            told |= {"origin": "tel", "bucket": DEFAULT_BUCKET} | _native(topic, seen)
        elif found is not None:
            rule, origin = found
            # what a broker had kept is of unknown age, but it does show which series there are
            made = preview(rule, topic, [Seen(seen.time_ns, seen.payload)], self._rules.trial())[0]
            told |= {"rule": rule.as_json(), "origin": origin, "bucket": rule.bucket}
            told |= {"series": _series(made.points), "problem": made.reason or None}
        else:
            rule_or_none = propose(topic, (each.payload for each in messages))
            told |= {"bucket": None, "series": [], "problem": None}
            if rule_or_none is not None:
                told |= {"proposal": rule_or_none.as_json(), "command": command_of(rule_or_none)}
        return told

    async def preview(self, topic: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what a rule would make of the last messages of a topic, the newest first.

        Raises:
            NotFound: no message of it was seen.
            ConfigError: it is no rule.
        """
        messages = _newest(self._find(topic))
        return await asyncio.to_thread(self._preview, topic, make_rule(asked), messages)

    def _preview(self, topic: str, rule: Rule, messages: Sequence[Sighting]) -> dict[str, Any]:
        made = preview(rule, topic, map(_seen, messages), self._rules.trial())
        taken = self._rules.rule_of(topic)
        return {
            "rule": rule.as_json(),
            "command": command_of(rule),
            "taken_by": None if taken is None else taken[0].name,
            "messages": [_shown(each) for each in made],
        }

    async def history(self, topic: str, since_ms: int, limit: int) -> dict[str, Any]:
        """Return what the stream has of a topic since a time, the newest first; ``MESSAGES`` at most.

        Raises:
            StreamError: nats-server does not answer.
        """
        subjects = subjects_of(topic)
        told: dict[str, Any] = {"topic": topic, "since_ms": since_ms, "messages": []}
        if not self._is_own() or not subjects:
            return told | {"kept": False}
        since_ns = min(since_ms * 1_000_000, time.time_ns())
        subject = f"{MQTT_PREFIX}{subjects[0]}"
        found, from_ns = await self._stream.newest(
            MQTT, subject, since_ns=since_ns, limit=min(limit, MESSAGES)
        )
        sightings = [Sighting(kept.time_ns, kept.data, len(kept.data), retained=False) for kept in found]
        messages = [message_json(topic, each) for each in reversed(sightings)]
        return told | {"kept": True, "since_ms": from_ns // 1_000_000, "messages": messages}

    def _find(self, topic: str) -> Topic:
        node = self._tree.find(topic)
        if node is None or node.topic is None:
            raise NotFound("topic", topic)
        return node.topic


def _newest(topic: Topic) -> list[Sighting]:
    return [topic.last, *reversed(topic.earlier or ())][:PREVIEWED]


def _seen(sighting: Sighting) -> Seen:
    return Seen(sighting.time_ns, sighting.payload, sighting.retained)


def _native(topic: str, seen: Seen) -> dict[str, Any]:
    try:
        return {"series": _series(native_points(topic, seen)), "problem": None}
    except DecodeError as error:
        return {"series": [], "problem": str(error)}


def _series(points: Iterable[Point]) -> list[dict[str, Any]]:
    """Return the series of points, each once, with its fields."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, str]] = {}
    for point in points:
        fields = found.setdefault((point.measurement, tuple(sorted(point.tags.items()))), {})
        fields |= {name: type(value).__name__ for name, value in point.fields.items()}
    return [
        {"measurement": measurement, "tags": dict(tags), "fields": fields}
        for (measurement, tags), fields in list(found.items())[:_SERIES]
    ]


def _shown(made: Preview) -> dict[str, Any]:
    return {
        "time_ms": made.time_ns // 1_000_000,
        "lines": [format_point(point) for point in made.points],
        "reason": made.reason or None,
    }

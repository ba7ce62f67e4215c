"""From a topic that somebody looks at to a rule that stores it: a first proposal, and what it would make."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from heliograph.codec.ingest.convert import convert, lines_of
from heliograph.codec.ingest.facts import Facts, MemoryFacts
from heliograph.codec.ingest.message import Incoming
from heliograph.codec.ingest.rule import NATIVE, Rule, make_rule
from heliograph.codec.payload.decode import decode
from heliograph.errors import ConfigError, DecodeError
from heliograph.model.point import Point

_PARSERS: Final = {"json": "json", "cbor": "cbor", "senml": "senml", "lp": "lp", "sparkplug": "sparkplug"}
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_NAME_LETTERS: Final = 64
_WORDS: Final = ("value:string",)


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as a broker's client saw it."""

    time_ns: int
    payload: bytes
    is_retained: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would make of one message."""

    time_ns: int
    """When the message came."""
    points: tuple[Point, ...]
    reason: str
    """Why there are no points; empty where there are some."""


def propose(topic: str, payloads: Iterable[bytes]) -> Rule | None:
    """Return a rule that stores this topic; None for what needs none or can give no points.

    Of several payloads the first one that has values counts; words are stored where there is nothing else.
    """
    rules = [rule for rule in (_proposed(topic, payload) for payload in payloads) if rule is not None]
    return next((rule for rule in rules if rule.fields != _WORDS), rules[0] if rules else None)


def _proposed(topic: str, payload: bytes) -> Rule | None:
    found = decode(payload, topic=topic)
    is_tree = isinstance(found.value, dict | list)
    parser = _PARSERS.get(found.form) if is_tree or found.form == "lp" else None
    if parser is None and found.form not in ("json", "text"):
        return None
    fields = _WORDS if isinstance(found.value, str) and parser is None else ()
    levels = [_NO_NAME.sub("-", level).strip("-.") for level in topic.split("/")]
    asked = {
        "name": "-".join(filter(None, levels))[:_NAME_LETTERS].lstrip("-._"),
        "topic": topic,
        "parser": parser or "value",
        "measurement": next((level for level in reversed(levels) if level), ""),
        "fields": fields,
    }
    if parser in ("lp", "senml", "sparkplug"):
        del asked["measurement"]  # they name their own
    try:
        return make_rule(asked)
    except ConfigError:
        return None


def preview(rule: Rule, topic: str, messages: Iterable[Seen], facts: Facts | None = None) -> list[Preview]:
    """Return what a rule would make of messages of a topic; nothing is stored or learned."""
    known = facts or MemoryFacts()
    if not rule.takes(topic):
        return [Preview(seen.time_ns, (), f"{rule.topic} is not the filter of {topic}") for seen in messages]
    return [_preview(rule, topic, seen, known) for seen in messages]


def _preview(rule: Rule, topic: str, seen: Seen, facts: Facts) -> Preview:
    try:
        points = convert(Incoming(rule, topic, seen.payload, seen.time_ns, facts, seen.is_retained))
        lines_of(points)
    except DecodeError as error:
        return Preview(seen.time_ns, (), str(error))
    reason = "" if points else "there is nothing to store in it"
    if seen.is_retained and not points:
        reason = "the broker had kept it, and it has no time of its own: nobody knows how old it is"
    return Preview(seen.time_ns, tuple(points), reason)


def native_points(topic: str, seen: Seen) -> list[Point]:
    """Return the points of line protocol below ``tel/``, which no rule is needed for.

    Raises:
        DecodeError: it is not line protocol.
    """
    return convert(
        Incoming(Rule("tel", f"{NATIVE}#", "lp"), topic, seen.payload, seen.time_ns, MemoryFacts())
    )


def command_of(rule: Rule) -> str:
    """Return the command that adds a rule."""
    words = ["helio", "ingest", "add", rule.name, "--topic", rule.topic, "--parser", rule.parser]
    for option, value in (
        ("--bucket", rule.as_json().get("bucket")),
        ("--measurement", rule.measurement),
        ("--time", rule.time),
        ("--time-form", rule.as_json().get("time_form")),
    ):
        if value:
            words += [option, value]
    for name, text in rule.tags.items():
        words += ["--tag", f"{name}={text}"]
    for each in rule.fields:
        words += ["--field", each]
    return shlex.join(words)

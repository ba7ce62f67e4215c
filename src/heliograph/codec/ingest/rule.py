"""An ingest rule: which topics it takes, how their payloads are read, and what the points are called."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from heliograph.codec.ingest.selection import Selection, parse_selection
from heliograph.errors import ConfigError, TopicError
from heliograph.model.topic_filter import check_filter, matches

DEFAULT_BUCKET: Final = "telegraf"
NATIVE: Final = "tel/"
"""Below this line protocol of devices comes, which needs no rule."""
PARSERS: Final = (
    *("lp", "json", "value", "cbor", "senml", "sparkplug", "tasmota", "zigbee2mqtt", "homeassistant"),
    "homie",
)
TIME_FORMS: Final = ("auto", "s", "ms", "us", "ns", "iso")
MEASUREMENT_LEVEL: Final = "measurement"
FIELD_LEVEL: Final = "field"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LEVEL: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")
_PLACE: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; made by :func:`make_rule`, which checks it."""

    name: str
    topic: str
    """A topic filter in which a level may have a name: ``home/{room}/+/state``."""
    parser: str
    bucket: str = DEFAULT_BUCKET
    measurement: str = ""
    """A name, in which ``{level}`` stands for a level of the topic; empty: what the parser says."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """More tags, in which ``{level}`` stands for a level of the topic."""
    fields: tuple[str, ...] = ()
    """``path``, ``name=path`` or ``name:type=path``; none means every number and truth value."""
    time: str = ""
    """The path of the point's time; empty means when the message came."""
    time_form: str = "auto"

    @property
    def topic_filter(self) -> str:
        """The filter as a broker knows it."""
        return _LEVEL.sub("+", self.topic)

    def takes(self, topic: str) -> bool:
        """Return whether a topic is this rule's."""
        return not topic.startswith(NATIVE) and matches(self.topic_filter, topic)

    def levels(self, topic: str) -> dict[str, str]:
        """Return the named levels of a topic that this rule takes."""
        named = (_LEVEL.fullmatch(level) for level in self.topic.split("/"))
        return {
            found[1]: level for found, level in zip(named, topic.split("/"), strict=False) if found and level
        }

    @property
    def selections(self) -> tuple[Selection, ...]:
        """The fields that are wanted; none means all."""
        return tuple(parse_selection(text) for text in self.fields)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON and TOML have it, without what is as it would be anyway."""
        kept = asdict(self) | {"tags": dict(self.tags), "fields": list(self.fields)}
        unsaid = {"bucket": DEFAULT_BUCKET, "measurement": "", "tags": {}, "fields": [], "time": ""}
        unsaid["time_form"] = "auto"
        return {key: value for key, value in kept.items() if key not in unsaid or unsaid[key] != value}


def fill(template: str, levels: Mapping[str, str]) -> str:
    """Return a text with levels of the topic in place of their names; what is not there is empty."""
    return _PLACE.sub(lambda found: levels.get(found[1], ""), template)


def make_rule(asked: Mapping[str, Any]) -> Rule:
    """Return the rule that a table of TOML or an object of JSON describes.

    Raises:
        ConfigError: a key is unknown or missing, or a value is not as it should be.
    """
    known = [entry.name for entry in fields(Rule)]
    for key in asked:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f'did you mean "{close[0]}"?' if close else f"known are {', '.join(known)}"
            raise ConfigError(f'unknown key "{key}" of an ingest rule; {hint}', key=key)
    texts = {
        key: _text(key, asked.get(key, "")) for key in ("name", "topic", "parser", "measurement", "time")
    }
    rule = Rule(
        **texts,
        bucket=_text("bucket", asked.get("bucket") or DEFAULT_BUCKET),
        tags=_tags(asked.get("tags") or {}),
        fields=_fields(asked.get("fields") or ()),
        time_form=_text("time_form", asked.get("time_form") or "auto"),
    )
    _check(rule)
    return rule


def make_rules(tables: Sequence[tuple[Mapping[str, Any], str]]) -> tuple[Rule, ...]:
    """Return the rules of configuration files, each given with where it stands.

    Raises:
        ConfigError: one is wrong, or two have the same name.
    """
    rules: dict[str, Rule] = {}
    for number, (table, place) in enumerate(tables, 1):
        try:
            rule = make_rule(table)
        except ConfigError as error:
            raise ConfigError(f"{place}: [[ingest]] number {number}: {error}", key=error.key) from error
        if rule.name in rules:
            raise ConfigError(f'{place}: two [[ingest]] have the name "{rule.name}"', key="name")
        rules[rule.name] = rule
    return tuple(rules.values())


def _check(rule: Rule) -> None:
    if not _NAME.fullmatch(rule.name):
        raise _wrong("name", "1 to 64 of A-Z a-z 0-9 _ . -, beginning with a letter or digit", rule.name)
    if rule.parser not in PARSERS:
        raise _wrong("parser", f"one of {', '.join(PARSERS)}", rule.parser)
    if rule.time_form not in TIME_FORMS:
        raise _wrong("time_form", f"one of {', '.join(TIME_FORMS)}", rule.time_form)
    try:
        check_filter(rule.topic_filter)
    except TopicError as error:
        raise ConfigError(f"topic: {error.reason}", key="topic") from error
    if rule.topic.startswith((NATIVE, "$")) or "{" in rule.topic_filter:
        raise _wrong(
            "topic", "a filter like home/{room}/+, not below tel/, which needs no rule, nor $", rule.topic
        )
    names = [found[1] for level in rule.topic.split("/") if (found := _LEVEL.fullmatch(level))]
    if len(names) != len(set(names)):
        raise _wrong("topic", "a name for one level only", rule.topic)
    for template in (rule.measurement, *rule.tags.values()):
        for name in _PLACE.findall(template):
            if name not in names:
                raise _wrong(template, f"a level of the topic in braces ({', '.join(names) or 'none'})", name)
    _ = rule.selections


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(key, "a text", value)
    return value


def _tags(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(tag, str) and tag for tag in value.values()):
        raise _wrong("tags", 'names with texts such as { house = "a" }', value)
    return {str(name): str(tag) for name, tag in value.items()}


def _fields(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) and text for text in value):
        raise _wrong("fields", 'a list such as ["temperature", "power=ENERGY.Power"]', value)
    return tuple(value)


def _wrong(key: str, expected: str, came: object) -> ConfigError:
    return ConfigError(f"{key}: {expected} was expected, {came!r} came"[:300], key=key)

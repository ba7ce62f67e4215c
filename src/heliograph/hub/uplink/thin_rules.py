"""What a gateway sends less of: rules of the file ``edge.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from heliograph.config.values import format_duration, parse_duration
from heliograph.errors import ConfigError
from heliograph.model.time import SECOND_NS

FUNCTIONS: Final = ("mean", "min", "max", "last", "count")
SHORTEST_WINDOW: Final = 1.0
LONGEST_WINDOW: Final = 3_600.0
_MOST: Final = 1e300
_KEYS: Final = frozenset({"measurement", "fields", "window", "send", "dead_band", "at_least_every", "drop"})


@dataclass(frozen=True, slots=True)
class ThinRule:
    """What is done with some fields of some measurements: one of windows, a dead band, or nothing is sent."""

    measurement: str = "*"
    """A name, with ``*`` and ``?`` for others."""
    fields: tuple[str, ...] = ("*",)
    """Likewise."""
    window_ns: int = 0
    """The length of windows; 0 for none."""
    send: tuple[str, ...] = ()
    """What is sent of a window."""
    dead_band: float | None = None
    """A value is sent when it differs by more from the one that was sent last."""
    at_least_ns: int = 0
    """With a dead band: a value is sent after so long anyway; 0 for never."""
    drop: bool = False

    def takes(self, measurement: str, field: str) -> bool:
        """Return whether this rule is about a field."""
        return fnmatchcase(measurement, self.measurement) and any(fnmatchcase(field, f) for f in self.fields)


def read_rules(path: Path) -> list[ThinRule]:
    """Return the rules of a file, none where there is no file.

    Raises:
        ConfigError: it says something else.
    """
    try:
        with path.open("rb") as file:
            told = tomllib.load(file)
    except FileNotFoundError:
        return []
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", path=path) from error
    rules = told.pop("thin", [])
    if told or not isinstance(rules, list):
        raise ConfigError(
            f"only [[thin]] is known here, {', '.join(told) or 'something else'} came", path=path
        )
    try:
        return make_rules(rules)
    except ConfigError as error:
        raise ConfigError(str(error), path=path) from error


def make_rules(asked: Sequence[Mapping[str, Any]]) -> list[ThinRule]:
    """Return rules as they stand in a list.

    Raises:
        ConfigError: one makes no sense; it is told which one.
    """
    found = []
    for number, one in enumerate(asked, 1):
        if not isinstance(one, Mapping):
            raise ConfigError(f"[[thin]] number {number}: a table was expected, {one!r:.80} came")
        try:
            found.append(make_rule(one))
        except ConfigError as error:
            raise ConfigError(f"[[thin]] number {number}: {error}") from error
    return found


def make_rule(asked: Mapping[str, Any]) -> ThinRule:
    """Return a rule as it stands in a file.

    Raises:
        ConfigError: it makes no sense.
    """
    unknown = asked.keys() - _KEYS
    if unknown:
        raise ConfigError(f"{', '.join(sorted(unknown))} is not known; known are {', '.join(sorted(_KEYS))}")
    ways = [
        way
        for way in ("window", "dead_band", "drop")
        if asked.get(way) is not None and asked[way] is not False
    ]
    if len(ways) != 1:
        raise ConfigError(
            f"one of window, dead_band and drop was expected, {' and '.join(ways) or 'none'} came"
        )
    if ways == ["drop"] and asked["drop"] is not True:
        raise ConfigError(f"drop is true or false; {asked['drop']!r:.80} came")
    return ThinRule(
        measurement=_text(asked, "measurement"),
        fields=_fields(asked),
        window_ns=_window(asked),
        send=_send(asked, ways[0]),
        dead_band=_dead_band(asked),
        at_least_ns=_seconds_ns(asked, "at_least_every"),
        drop=ways[0] == "drop",
    )


def as_asked(rule: ThinRule) -> dict[str, Any]:
    """Return a rule as it may stand in a file, for :func:`make_rule`."""
    told: dict[str, Any] = {"measurement": rule.measurement, "fields": list(rule.fields)}
    if rule.window_ns:
        told |= {"window": format_duration(rule.window_ns / SECOND_NS), "send": list(rule.send)}
    if rule.dead_band is not None:
        told["dead_band"] = rule.dead_band
    if rule.at_least_ns:
        told["at_least_every"] = format_duration(rule.at_least_ns / SECOND_NS)
    return told | ({"drop": True} if rule.drop else {})


def _text(asked: Mapping[str, Any], key: str) -> str:
    value = asked.get(key, "*")
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{key} is a name, such as cpu or cpu*; {value!r} came")
    return value


def _fields(asked: Mapping[str, Any]) -> tuple[str, ...]:
    value = asked.get("fields", ["*"])
    if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
        raise ConfigError(f'fields is a list of names, such as ["temp", "hum*"]; {value!r} came')
    return tuple(value)


def _send(asked: Mapping[str, Any], way: str) -> tuple[str, ...]:
    if way != "window":
        if "send" in asked:
            raise ConfigError("send means something with window only")
        return ()
    value = asked.get("send", ["mean"])
    if not isinstance(value, list) or not value or any(each not in FUNCTIONS for each in value):
        raise ConfigError(f"send is a list of {', '.join(FUNCTIONS)}; {value!r} came")
    return tuple(dict.fromkeys(value))


def _dead_band(asked: Mapping[str, Any]) -> float | None:
    value = asked.get("dead_band")
    if value is None:
        if "at_least_every" in asked:
            raise ConfigError("at_least_every means something with dead_band only")
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _MOST:
        raise ConfigError(f"dead_band is a number of 0 or more, not infinite; {value!r} came")
    return float(value)


def _window(asked: Mapping[str, Any]) -> int:
    window_ns = _seconds_ns(asked, "window")
    if window_ns and not SHORTEST_WINDOW <= window_ns / SECOND_NS <= LONGEST_WINDOW:
        raise ConfigError(f"window is 1s to 1h; {asked['window']!r} came")
    return window_ns


def _seconds_ns(asked: Mapping[str, Any], key: str) -> int:
    if key not in asked:
        return 0
    if not isinstance(asked[key], str):
        raise ConfigError(f'{key} is a duration, such as "1m"; {asked[key]!r} came')
    return round(parse_duration(asked[key]) * SECOND_NS)

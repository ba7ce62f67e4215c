"""Payloads with places for values: ``{random:20:30}``, ``{now}``, ``{seq}`` and others."""

from __future__ import annotations

import json
import math
import os
import random
import re
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

from heliograph.errors import ConfigError

PLACES: Final = {
    "{seq}": "1, 2, 3 …; {seq:100} begins at 100",
    "{now}": "the time in ISO 8601; {now:s}, {now:ms}, {now:us}, {now:ns} as a number since 1970",
    "{random:20:30}": "a number in between with two decimals, or as many as the bounds have",
    "{int:1:6}": "a whole number, the bounds among them",
    "{walk:20:30}": "a number that wanders in between, in small steps",
    "{sin:20:30:60}": "a number that swings between them, in seconds",
    "{choice:on|off}": "one of these",
    "{bool}": "true or false",
    "{uuid}": "a random id",
    "{host}": "the name of this machine",
    "{env:NAME}": "an environment variable",
}
_PLACE: Final = re.compile(r"\{\{([a-z]+(?::[^{}]*)?)\}\}|\{([a-z]+)(?::([^{}]*))?\}")
_UNITS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


@dataclass(slots=True)
class Moment:
    """What a template is filled from: the number of the message and its time."""

    seq: int
    time_ns: int = field(default_factory=time.time_ns)


Filler = Callable[[Moment], Any]


class Template:
    """A text with places, read once and filled many times. ``{{seq}}`` is ``{seq}`` as it stands."""

    def __init__(self, text: str, chance: random.Random | None = None) -> None:
        chance = chance or random.Random()
        self.is_fixed = True
        self._parts: list[str | Filler] = []
        at = 0
        for match in _PLACE.finditer(text):
            self._parts.append(text[at : match.start()])
            at = match.end()
            if match[1] is not None:
                self._parts.append(f"{{{match[1]}}}")
            else:
                self._parts.append(_filler(match[2], match[3], chance, match[0]))
                self.is_fixed = False
        self._parts.append(text[at:])
        self._parts = [part for part in self._parts if part != ""]

    @classmethod
    def fixed(cls, text: str) -> Self:
        """Return a template that is just this text."""
        template = cls("")
        template._parts = [text]
        return template

    def fill(self, moment: Moment) -> str:
        """Return the text of this moment."""
        return "".join(part if isinstance(part, str) else _said(part(moment)) for part in self._parts)

    def value(self, moment: Moment) -> Any:
        """Return the value itself, a number as a number, where the template is one place and nothing else."""
        if len(self._parts) == 1 and not isinstance(self._parts[0], str):
            return self._parts[0](moment)
        return self.fill(moment)


class JsonTemplate:
    """JSON with places in its texts; a text that is one place becomes what fills it, as a number.

    A place may also stand without quotes, as in ``{"t": {random:20:30}}``.
    """

    def __init__(self, text: str, chance: random.Random | None = None) -> None:
        chance = chance or random.Random()
        try:
            self._tree: Any = _templates(json.loads(text), chance)
            self._whole: Template | None = None
        except json.JSONDecodeError:
            self._whole = Template(text, chance)
        self.fill(Moment(1))

    def fill(self, moment: Moment) -> str:
        """Return the JSON of this moment.

        Raises:
            ConfigError: it is no JSON.
        """
        if self._whole is None:
            return json.dumps(_filled(self._tree, moment), ensure_ascii=False)
        text = self._whole.fill(moment)
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            reason = f"not JSON: {error.msg.lower()} at column {error.colno} of {text!r}"
            raise ConfigError(reason) from error
        return text


def _templates(tree: Any, chance: random.Random) -> Any:
    if isinstance(tree, str):
        template = Template(tree, chance)
        return template if not template.is_fixed else template.fill(Moment(0))
    if isinstance(tree, list):
        return [_templates(each, chance) for each in tree]
    if isinstance(tree, dict):
        return {key: _templates(each, chance) for key, each in tree.items()}
    return tree


def _filled(tree: Any, moment: Moment) -> Any:
    if isinstance(tree, Template):
        return tree.value(moment)
    if isinstance(tree, list):
        return [_filled(each, moment) for each in tree]
    if isinstance(tree, dict):
        return {key: _filled(each, moment) for key, each in tree.items()}
    return tree


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _filler(name: str, argument: str | None, chance: random.Random, place: str) -> Filler:
    maker = _MAKERS.get(name)
    if maker is None:
        known = ", ".join(each.partition(":")[0].strip("{}") for each in PLACES)
        raise ConfigError(
            f"{place} is no place of a template; known are {known}; {{{place}}} is the text itself"
        )
    try:
        return maker(argument or "", chance)
    except (ValueError, KeyError, IndexError) as error:
        like = next(each for each in PLACES if each.strip("{}").partition(":")[0] == name)
        raise ConfigError(f"{place} is not as in {like}: {PLACES[like]}") from error


def _seq(argument: str, _: random.Random) -> Filler:
    first = int(argument or "1")
    return lambda moment: first + moment.seq - 1


def _now(argument: str, _: random.Random) -> Filler:
    if not argument:
        return _iso
    unit_ns = _UNITS[argument]
    return lambda moment: moment.time_ns // unit_ns


def _iso(moment: Moment) -> str:
    return datetime.fromtimestamp(moment.time_ns / 1e9, UTC).isoformat(timespec="milliseconds")


def _bounds(argument: str) -> tuple[float, float, int, list[str]]:
    low, high, *rest = argument.split(":")
    decimals = max((len(bound.partition(".")[2]) for bound in (low, high)), default=0)
    if not math.isfinite(float(low)) or not math.isfinite(float(high)):
        raise ValueError(argument)
    return float(low), float(high), max(2, decimals), rest


def _random(argument: str, chance: random.Random) -> Filler:
    low, high, decimals, _ = _bounds(argument)
    return lambda _: round(chance.uniform(low, high), decimals)


def _int(argument: str, chance: random.Random) -> Filler:
    low, high = (int(bound) for bound in argument.split(":"))
    chance.randint(low, high)
    return lambda _: chance.randint(low, high)


def _walk(argument: str, chance: random.Random) -> Filler:
    low, high, decimals, _ = _bounds(argument)
    at = [chance.uniform(low, high)]

    def step(_: Moment) -> float:
        at[0] = min(high, max(low, at[0] + chance.gauss(0, (high - low) / 50)))
        return round(at[0], decimals)

    return step


def _sin(argument: str, _: random.Random) -> Filler:
    low, high, decimals, rest = _bounds(argument)
    period_ns = float(rest[0]) * 1e9
    if period_ns <= 0:
        raise ValueError(argument)
    middle, swing = (low + high) / 2, (high - low) / 2
    return lambda moment: round(
        middle + swing * math.sin(2 * math.pi * (moment.time_ns % period_ns) / period_ns), decimals
    )


def _choice(argument: str, chance: random.Random) -> Filler:
    choices = argument.split("|")
    if not argument:
        raise ValueError(argument)
    return lambda _: chance.choice(choices)


def _env(argument: str, _: random.Random) -> Filler:
    value = os.environ[argument]
    return lambda _: value


_MAKERS: Final[dict[str, Callable[[str, random.Random], Filler]]] = {
    "seq": _seq,
    "now": _now,
    "random": _random,
    "int": _int,
    "walk": _walk,
    "sin": _sin,
    "choice": _choice,
    "bool": lambda _, chance: lambda _moment: chance.random() < 0.5,
    "uuid": lambda _, chance: lambda _moment: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "host": lambda _, _chance: lambda _moment: socket.gethostname(),
    "env": _env,
}

"""Which values of a payload become fields, of which type, and which one is the time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from heliograph.codec.payload.decoded import Plain, leaves
from heliograph.errors import ConfigError, PayloadError
from heliograph.model.point import FieldValue

FIELD_TYPES: Final = ("auto", "float", "int", "bool", "string")
_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
TRUE: Final = frozenset({"true", "on", "yes", "open", "online", "1"})
FALSE: Final = frozenset({"false", "off", "no", "closed", "close", "offline", "0"})
_SCALES: Final = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_BELOW: Final = ((10**11, "s"), (10**14, "ms"), (10**17, "us"))
"""A number of seconds below the first is before the year 5138, one of ms after 1973, and so on."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A value that is wanted: under which name, of which type, from which place."""

    name: str
    type: str
    path: str


def parse_selection(text: str) -> Selection:
    """Return what ``path``, ``name=path`` or ``name:type=path`` asks for.

    Raises:
        ConfigError: it is none of them.
    """
    head, equals, path = text.partition("=")
    name, _, kind = head.partition(":")
    kind = kind or "auto"
    if not name or kind not in FIELD_TYPES or (equals and not path):
        types = ", ".join(FIELD_TYPES[1:])
        raise ConfigError(
            f'fields: "path", "name=path" or "name:type=path" with a type of {types} was expected,'
            f' "{text}" came',
            key="fields",
        )
    return Selection(name, kind, path or name)


def find(value: Plain, path: str) -> Plain:
    """Return what stands at a path such as ``ENERGY.Power`` or ``values[0]``; None if nothing does."""
    if isinstance(value, dict) and path in value:
        return value[path]
    for step in _STEP.finditer(path):
        key, index = step[1], step[2]
        if isinstance(value, dict) and key is not None:
            value = value.get(key)
        elif isinstance(value, list) and index is not None and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value


def chosen(value: Plain, selections: tuple[Selection, ...], *, but: str = "") -> dict[str, FieldValue]:
    """Return the fields that a payload has; without selections every number and truth value.

    ``but`` is the path of the time, which is no field then.

    Raises:
        PayloadError: a value cannot be of the type that it should have.
    """
    if selections:
        wanted = ((each, find(value, each.path)) for each in selections)
        return {each.name: typed(each, found) for each, found in wanted if found is not None}
    return {
        path.replace("[", "_").replace("]", "").replace(".", "_"): number
        for path, number in numbers(value)
        if path != but
    }


def numbers(value: Plain) -> Iterator[tuple[str, float | bool]]:
    """Yield each finite number, as float, and each truth value, with its path."""
    for path, leaf in leaves(value):
        if isinstance(leaf, bool):
            yield path or "value", leaf
        elif isinstance(leaf, int | float) and math.isfinite(leaf):
            yield path or "value", float(leaf)


def typed(selection: Selection, value: Plain) -> FieldValue:
    """Return a value in the type that a field should have; ``auto`` makes a float of every number.

    Raises:
        PayloadError: it cannot be that.
    """
    try:
        match selection.type:
            case "string":
                return value if isinstance(value, str) else str(value)
            case "bool":
                return truth(value)
            case "int":
                return int(value) if not isinstance(value, str) else int(float(value))
            case "float":
                return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        reason = f"{selection.path} is {value!r}, which is no {selection.type}"
        raise PayloadError("what the rule expects", reason) from error
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return float(value)
    raise PayloadError("what the rule expects", f"{selection.path} is a list or an object, not one value")


def truth(value: Plain) -> bool:
    """Return what a device means by ``ON``, ``false``, ``1`` and the like.

    Raises:
        ValueError: neither.
    """
    word = str(value).strip().lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise ValueError(f"{value!r} is neither on nor off")


def time_of(value: Any, form: str) -> int:
    """Return a time in ns since 1970.

    Raises:
        PayloadError: it is no time of that form, or has no zone.
    """
    try:
        if form == "iso" or (form == "auto" and isinstance(value, str) and not _is_number(value)):
            return _iso_ns(str(value))
        number = value if isinstance(value, int) else float(value)
        if form == "auto":
            form = next((unit for below, unit in _BELOW if abs(number) < below), "ns")
        return round(number * _SCALES[form])
    except (TypeError, ValueError, OverflowError) as error:
        raise PayloadError("what the rule expects", f"the time is {value!r}: {error}") from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _iso_ns(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("it has no zone such as Z or +01:00")
    return round(moment.timestamp() * 1_000_000) * 1_000

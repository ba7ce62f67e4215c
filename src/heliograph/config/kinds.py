"""The kinds of values that a setting may have: each reads TOML and text, and writes TOML.

A kind stands in the annotation of a field of the tree, and it is the one place that knows what the
field accepts, how that is said in an error, and how it is written in the sample file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeVar

from heliograph.config.values import (
    DURATION_FORMS,
    SIZE_FORMS,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)
from heliograph.errors import ConfigError

Value = TypeVar("Value")


class Kind(Protocol[Value]):
    """How one sort of value is read and written.

    ``decode`` takes what TOML gives, ``decode_text`` what an environment variable or the command
    line gives; both raise a ConfigError without a place. ``encode`` gives TOML.
    """

    def decode(self, value: object) -> Value:
        """Return the setting's value for a value of a TOML file."""

    def decode_text(self, text: str) -> Value:
        """Return the setting's value for the text of a variable or an option."""

    def encode(self, value: Value) -> str:
        """Return the value as it is written in a TOML file."""


@dataclass(frozen=True, slots=True)
class Text:
    """Any text; ``empty`` tells whether it may have no characters."""

    empty: bool = False

    def decode(self, value: object) -> str:
        """Return the text."""
        if not isinstance(value, str) or (not value and not self.empty):
            raise _unexpected("a text in double quotes" if self.empty else "a text that is not empty", value)
        return value

    def decode_text(self, text: str) -> str:
        """Return the text."""
        return self.decode(text)

    def encode(self, value: str) -> str:
        """Return the text in quotes."""
        return _quoted(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def decode(self, value: object) -> bool:
        """Return the truth."""
        if not isinstance(value, bool):
            raise _unexpected("true or false", value)
        return value

    def decode_text(self, text: str) -> bool:
        """Return the truth of ``true`` or ``false``, in any case of letters."""
        return self.decode({"true": True, "false": False}.get(text.lower(), text))

    def encode(self, value: bool) -> str:  # noqa: FBT001 - a kind writes its value
        """Return ``true`` or ``false``."""
        return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from ``lowest`` to ``highest``."""

    lowest: int
    highest: int

    def decode(self, value: object) -> int:
        """Return the number."""
        if isinstance(value, bool) or not isinstance(value, int) or not self.lowest <= value <= self.highest:
            raise _unexpected(f"a whole number from {self.lowest} to {self.highest}", value)
        return value

    def decode_text(self, text: str) -> int:
        """Return the number that the digits mean."""
        digits = text.removeprefix("-")
        plain = digits.isascii() and digits.isdigit() and len(digits) < 20
        return self.decode(int(text) if plain else text)

    def encode(self, value: int) -> str:
        """Return the digits."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration, kept as float seconds; a number in a file is seconds. ``zero`` allows 0 as well."""

    lowest: float = 0.0
    highest: float = 366 * 86_400.0
    zero: bool = False

    def decode(self, value: object) -> float:
        """Return the seconds."""
        if isinstance(value, str):
            seconds = parse_duration(value)
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            seconds = float(value)
        else:
            raise _unexpected(f"{DURATION_FORMS} or a number of seconds", value)
        if not self.lowest <= seconds <= self.highest and not (self.zero and seconds == 0):
            shortest, longest = format_duration(self.lowest), format_duration(self.highest)
            or_zero = " or 0" if self.zero else ""
            raise _unexpected(f"a duration from {shortest} to {longest}{or_zero}", value)
        return seconds

    def decode_text(self, text: str) -> float:
        """Return the seconds; digits alone are seconds."""
        return self.decode(int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text)

    def encode(self, value: float) -> str:
        """Return the duration with its unit, in quotes."""
        return _quoted(format_duration(value))


@dataclass(frozen=True, slots=True)
class Seconds(Duration):
    """A duration whose setting is called after its unit: written as a number."""

    def encode(self, value: float) -> str:
        """Return the number of seconds."""
        return f"{value:g}"


@dataclass(frozen=True, slots=True)
class Size:
    """A size, kept as int bytes; a number in a file is bytes. ``zero`` allows 0 as well."""

    lowest: int
    highest: int
    zero: bool = False

    def decode(self, value: object) -> int:
        """Return the bytes."""
        if isinstance(value, str):
            size_bytes = parse_size(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            size_bytes = value
        else:
            raise _unexpected(SIZE_FORMS, value)
        if not self.lowest <= size_bytes <= self.highest and not (self.zero and size_bytes == 0):
            smallest, largest = format_size(self.lowest), format_size(self.highest)
            or_zero = " or 0" if self.zero else ""
            raise _unexpected(f"a size from {smallest} to {largest}{or_zero}", value)
        return size_bytes

    def decode_text(self, text: str) -> int:
        """Return the bytes."""
        return self.decode(text)

    def encode(self, value: int) -> str:
        """Return the size with its unit, in quotes."""
        return _quoted(format_size(value))


@dataclass(frozen=True, slots=True)
class Sync:
    """When the stream is written through to the disk: ``always``, or a duration from 1 ms to 1 h as text."""

    def decode(self, value: object) -> str:
        """Return ``always`` or the duration in its shortest form."""
        if value == "always":
            return "always"
        if not isinstance(value, str):
            raise _unexpected(f'"always" or {DURATION_FORMS}', value)
        return format_duration(Duration(lowest=0.001, highest=3_600.0).decode(value))

    def decode_text(self, text: str) -> str:
        """Return ``always`` or the duration in its shortest form."""
        return self.decode(text)

    def encode(self, value: str) -> str:
        """Return the text in quotes."""
        return _quoted(value)


@dataclass(frozen=True, slots=True)
class Names:
    """A list of names; commas part them in a variable."""

    def decode(self, value: object) -> tuple[str, ...]:
        """Return the names in order."""
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            raise _unexpected('a list of names such as ["cpu", "mem"]', value)
        return tuple(value)

    def decode_text(self, text: str) -> tuple[str, ...]:
        """Return the names between the commas; no text is no name."""
        return self.decode([name.strip() for name in text.split(",")] if text.strip() else [])

    def encode(self, value: tuple[str, ...]) -> str:
        """Return the names as a list."""
        return f"[{', '.join(_quoted(name) for name in value)}]"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Texts by name; ``name=text`` with commas between them in a variable."""

    def decode(self, value: object) -> Mapping[str, str]:
        """Return the pairs; they cannot be changed."""
        if not isinstance(value, dict) or not all(
            name and isinstance(text, str) and text for name, text in value.items()
        ):
            raise _unexpected('names with texts such as { room = "lab" }', value)
        return MappingProxyType(dict(value))

    def decode_text(self, text: str) -> Mapping[str, str]:
        """Return the pairs between the commas; no text is no pair."""
        pairs = [pair.partition("=") for pair in text.split(",")] if text.strip() else []
        if not all(equals for _, equals, _ in pairs):
            raise _unexpected("pairs such as room=lab,floor=2", text)
        return self.decode({name.strip(): worth.strip() for name, _, worth in pairs})

    def encode(self, value: Mapping[str, str]) -> str:
        """Return the pairs as a table in one line."""
        if not value:
            return "{}"
        return f"{{ {', '.join(f'{_quoted(name)} = {_quoted(text)}' for name, text in value.items())} }}"


def _unexpected(expected: str, value: object) -> ConfigError:
    came = _quoted(value) if isinstance(value, str) else json.dumps(value, default=str)
    return ConfigError(f"{expected} was expected, {came[:80]} came")


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, except that TOML wants DEL escaped and JSON leaves it.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

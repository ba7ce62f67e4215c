"""A payload as plain values: what every decoder gives."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Plain: TypeAlias = Any
"""None, bool, int, float, str, and lists and dicts (by str) of them: what JSON can say."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A payload whose form is known."""

    form: str
    """Which decoder made it, or ``empty``."""
    value: Plain
    """Its values."""

    def text(self, *, is_pretty: bool = False) -> str:
        """Return it for people: text as it is, all else as JSON, on one line unless ``is_pretty``."""
        if isinstance(self.value, str) and self.form in {"text", "hex", "empty"}:
            return self.value
        return json.dumps(self.value, ensure_ascii=False, indent=2 if is_pretty else None)


def leaves(value: Plain, path: str = "") -> Iterator[tuple[str, Plain]]:
    """Yield every single value with its path, as ``metrics[0].value``; an empty list or dict is one, too."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from leaves(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for at, below in enumerate(value):
            yield from leaves(below, f"{path}[{at}]")
    else:
        yield path, value


def plain_number(number: float) -> float | str:
    """Return a number that JSON can say; what it cannot becomes its name."""
    return number if math.isfinite(number) else str(number)


def plain_bytes(raw: bytes) -> str:
    """Return bytes inside of a payload as text: as UTF-8 if they are that, otherwise as ``0x…``."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return f"0x{raw.hex()}"
    return text if text.isprintable() else f"0x{raw.hex()}"

"""JSON text by Python's own means."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any, Final

_EXACT: Final = 2.0**53
_WITH_ALL_DIGITS: Final = 1e21
"""From here on Go writes a float with an exponent."""


def dump(value: object, *, whole: bool = False) -> bytes:
    """Return a value as JSON; numbers that JSON lacks become null.

    With ``whole`` a float without a fraction is written as a whole number, as Go does.

    Raises:
        TypeError: something is not of JSON's types.
        UnicodeEncodeError: a text is none.
    """
    options: dict[str, Any] = {"ensure_ascii": False, "separators": (",", ":")}
    if whole:
        return json.dumps(plain(value), **options).encode()
    try:
        return json.dumps(value, allow_nan=False, **options).encode()
    except ValueError:
        return json.dumps(_finite(value), **options).encode()


def plain(value: object) -> object:
    """Return a value with floats that have no fraction as whole numbers, and None for what JSON lacks."""
    if isinstance(value, float):
        return whole_number(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def whole_number(value: float) -> float | int | None:
    """Return a float without a fraction as a whole number, of no more digits than tell the float."""
    if not math.isfinite(value):
        return None
    if not value.is_integer() or abs(value) >= _WITH_ALL_DIGITS:
        return value
    return int(value) if abs(value) < _EXACT else int(Decimal(repr(value)))


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value

"""JSON text by Python's own means."""

from __future__ import annotations

import json
import math
from typing import Any


def dump(value: object) -> bytes:
    """Return a value as JSON; numbers that JSON lacks become null.

    Raises:
        TypeError: something is not of JSON's types.
        UnicodeEncodeError: a text is none.
    """
    options: dict[str, Any] = {"ensure_ascii": False, "separators": (",", ":")}
    try:
        return json.dumps(value, allow_nan=False, **options).encode()
    except ValueError:
        return json.dumps(_finite(value), **options).encode()


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value

"""Careful reading of JSON that anybody may have written: every value may be of any kind."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

from heliograph.errors import QueryError

Json: TypeAlias = dict[str, Any]
MAX_DEPTH: Final = 48
"""How deep a dashboard may be nested; real ones need about fifteen."""
MAX_VALUES: Final = 500_000
"""Values in one dashboard; the largest of the real ones that we know has 70,000."""
MAX_PANELS: Final = 2_000


def mapping(value: object) -> Json:
    """Return an object as it is, and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Json]:
    """Return the objects of a list; of anything else none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: object, default: str = "") -> str:
    """Return a text as it is, and anything else as the default."""
    return value if isinstance(value, str) else default


def number(value: object) -> float | int | None:
    """Return a finite number, also where it is written as a text; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value.strip())
        except ValueError:
            return None
    if isinstance(value, int):
        return value if abs(value) < 2**63 else None
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def whole(value: object, default: int, low: int = 0, high: int = 100_000) -> int:
    """Return a whole number within bounds, and the default for what is none."""
    found = number(value)
    return default if found is None else max(low, min(high, int(found)))


def check_size(document: object) -> None:
    """Refuse what is too deep or too large to be a dashboard.

    Raises:
        QueryError: it is.
    """
    level: list[object] = [document]
    seen = depth = 0
    while level:
        depth += 1
        seen += len(level)
        if depth > MAX_DEPTH:
            raise QueryError(f"the dashboard is nested more than {MAX_DEPTH} levels deep; that is none")
        if seen > MAX_VALUES:
            raise QueryError(f"the dashboard has more than {MAX_VALUES:,} values; split it into several")
        level = [inner for value in level for inner in _inner(value)]


def _inner(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []

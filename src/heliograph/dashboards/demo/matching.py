"""Texts that a regular expression finds, and texts that it does not."""

from __future__ import annotations

import importlib
import re
from typing import Any, Final

_CATEGORIES: Final = {
    "CATEGORY_DIGIT": "1",
    "CATEGORY_SPACE": " ",
    "CATEGORY_WORD": "a",
    "CATEGORY_NOT_DIGIT": "a",
}
_MOST: Final = 2
"""Repetitions where any number would do."""


def matching_text(pattern: str, fallback: str) -> str:
    """Return a text in which a pattern is found; the fallback where it is, or where none can be made."""
    try:
        compiled = re.compile(pattern)
        if compiled.search(fallback):
            return fallback
        # the standard library's own reader of patterns has no public name
        made = _all(importlib.import_module("re._parser").parse(pattern))
    except (re.error, RecursionError, OverflowError):
        return fallback
    return made if made and compiled.search(made) else fallback


def other_text(pattern: str, fallback: str) -> str:
    """Return a text in which a pattern is not found."""
    try:
        compiled = re.compile(pattern)
    except re.error:
        return fallback
    tries = (fallback, "demo", "x1", "Zq7", "0", "ttt")
    return next((one for one in tries if not compiled.search(one)), fallback)


def _text(op: Any, value: Any, *, captured: bool) -> str:
    name = str(op)
    if name == "LITERAL":
        return chr(value)
    if name == "NOT_LITERAL":
        return "b" if chr(value) == "a" else "a"
    if name == "ANY":
        return "a"
    if name == "IN":
        return _class(value)
    if name == "BRANCH":
        return _all(value[1][0])
    if name == "SUBPATTERN":
        return _all(value[3], captured=True)
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, high, inner = value
        return _all(inner) * max(int(low), min(int(high), 1 if low or captured else 0, _MOST))
    return ""


def _all(parts: Any, *, captured: bool = False) -> str:
    """Return a text of several parts; what is captured is meant to be something."""
    return "".join(_text(op, value, captured=captured) for op, value in parts)


def _class(parts: Any) -> str:
    """Return a character of a class; of one that leaves some out, one that is not among them."""
    if str(parts[0][0]) == "NEGATE":
        left_out = re.compile("|".join(map(re.escape, map(_member, parts[1:]))) or "(?!)")
        return next((c for c in "abcxyz019_-. " if not left_out.fullmatch(c)), "a")
    return _member(parts[0])


def _member(part: Any) -> str:
    op, value = str(part[0]), part[1]
    if op == "LITERAL":
        return chr(value)
    if op == "RANGE":
        return chr(value[0])
    return _CATEGORIES.get(str(value), "-")

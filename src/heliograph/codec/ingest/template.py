"""The part of Home Assistant's value templates that sensors use: a path into the payload, and filters.

``{{ value }}``, ``{{ value_json.ENERGY.Power }}``, ``{{ value_json['a b'][0] | float(0) | round(1) }}``.
"""

from __future__ import annotations

import re
from typing import Any, Final

_WHOLE: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[\s*'([^']*)'\s*\]|\[\s*\"([^\"]*)\"\s*\]|\[\s*(\d+)\s*\]")
_HEAD: Final = re.compile(r"value(_json)?")
_FILTER: Final = re.compile(r"(\w+)(?:\(\s*(-?\d*(?:\.\d+)?)\s*\))?")


class Unsupported(Exception):
    """A template that asks for more than is known here."""


def render(template: str, text: str, value_json: Any) -> Any:
    """Return what a template makes of a payload, given as text and as JSON; None where there is nothing.

    Raises:
        Unsupported: it uses something else.
    """
    whole = _WHOLE.fullmatch(template.strip())
    if whole is None:
        raise Unsupported(template)
    head, *filters = (part.strip() for part in whole[1].split("|"))
    value = _look_up(head, text, value_json)
    for each in filters:
        value = _filtered(value, each)
    return value


def _look_up(head: str, text: str, value_json: Any) -> Any:
    found = _HEAD.match(head)
    if found is None:
        raise Unsupported(head)
    value = value_json if found[1] else text
    at = found.end()
    while at < len(head):
        step = _STEP.match(head, at)
        if step is None:
            raise Unsupported(head)
        at = step.end()
        key = next((name for name in step.groups()[:3] if name is not None), None)
        if isinstance(value, dict) and key is not None:
            value = value.get(key)
        elif isinstance(value, list) and step[4] is not None:
            value = value[int(step[4])] if int(step[4]) < len(value) else None
        else:
            return None
    return value


def _filtered(value: Any, text: str) -> Any:
    found = _FILTER.fullmatch(text)
    if found is None or found[1] not in {"float", "int", "round", "is_defined"}:
        raise Unsupported(text)
    name, argument = found[1], found[2]
    if name == "is_defined" or (value is None and name == "round"):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return float(argument) if argument and name in {"float", "int"} else None
    if name == "round":
        return round(number, int(float(argument or 0)))
    return float(int(number)) if name == "int" else number

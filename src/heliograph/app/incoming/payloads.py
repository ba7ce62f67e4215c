"""Payloads to values of the type that a handler asks for, and values back to payloads.

Types: bytes, str, numbers, bool, None, Any, lists, dicts, tuples, Literal, Enum, unions, dataclasses and
TypedDict, nested as one likes. What does not fit is told with its place: ``speed.left: a number was …``.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import types
from collections.abc import Mapping, Sequence
from typing import (
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from heliograph.errors import DecodeError, MessageError
from heliograph.model.point import Point

_TRUE = frozenset({"true", "on", "yes", "1"})
_FALSE = frozenset({"false", "off", "no", "0"})


def decode(payload: bytes, wanted: Any) -> Any:
    """Return the payload as a value of the wanted type.

    Text that is no JSON is taken as text where text is wanted, and ``on`` and ``off`` where a bool is.

    Raises:
        MessageError: it is not one; the message says where.
    """
    if wanted is bytes:
        return payload
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise MessageError(f"text in UTF-8 was expected, {payload[:40]!r} came") from error
    if wanted is str:
        return text
    if wanted is bool and text.strip().lower() in _TRUE | _FALSE:
        return text.strip().lower() in _TRUE
    if wanted is type(None) and not text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = text  # a bare word: right where text is one of the possible types
    return convert(value, wanted, "")


def encode(value: Any) -> bytes:
    """Return a payload: bytes and text as they are, a number as its digits, the rest in JSON.

    Raises:
        MessageError: JSON cannot hold it.
    """
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, str):
        return value.encode()
    try:
        return json.dumps(value, default=plain, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise MessageError(
            f"a payload of {type(value).__name__} cannot be written in JSON: {error}"
        ) from error


def plain(value: Any) -> Any:
    """Return what JSON can write for a value that it does not know.

    Raises:
        TypeError: there is nothing.
    """
    if isinstance(value, Point):
        return {"measurement": value.measurement, "fields": dict(value.fields), "tags": dict(value.tags)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def convert(value: Any, wanted: Any, place: str) -> Any:
    """Return a value out of JSON as one of the wanted type; ``place`` says where it stands.

    Raises:
        MessageError: it is not one.
    """
    if wanted in (Any, object):
        return value
    origin = get_origin(wanted)
    if origin in (Required, NotRequired) or hasattr(wanted, "__metadata__"):  # Annotated
        return convert(value, get_args(wanted)[0], place)
    if origin in (Union, types.UnionType):
        return _one_of(value, get_args(wanted), place)
    if origin is Literal:
        return _choice(value, get_args(wanted), place)
    if is_typeddict(wanted):
        return _typed_dict(value, wanted, place)
    if isinstance(origin or wanted, type):
        return _instance(value, wanted, origin or wanted, place)
    return value


def _instance(value: Any, wanted: Any, kind: type, place: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _dataclass(value, kind, place)
    if issubclass(kind, enum.Enum):
        return _enum(value, kind, place)
    if issubclass(kind, Mapping):
        return _mapping(value, get_args(wanted), place)
    if issubclass(kind, Sequence) and not issubclass(kind, str | bytes):
        return _sequence(value, kind, get_args(wanted), place)
    return _scalar(value, kind, place)


def _scalar(value: Any, kind: type, place: str) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    names = {float: "a number", int: "a whole number", bool: "true or false", str: "text", type(None): "null"}
    raise _unexpected(place, names.get(kind, kind.__name__), value)


def _dataclass(value: Any, kind: type, place: str) -> Any:
    hints = get_type_hints(kind, include_extras=True)
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    required = {
        name
        for name, field in fields.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    parts = _parts(value, {name: hints[name] for name in fields}, required, place)
    try:
        return kind(**parts)
    except (TypeError, ValueError) as error:  # its __post_init__ says no
        raise MessageError(f"{_at(place)}{error}") from error


def _typed_dict(value: Any, kind: Any, place: str) -> Any:
    hints = get_type_hints(kind, include_extras=True)
    required = {
        name
        for name, hint in hints.items()
        # Python itself does not see NotRequired in annotations that are text, as they are in most files.
        if get_origin(hint) is not NotRequired
        and (get_origin(hint) is Required or name in kind.__required_keys__)
    }
    return _parts(value, hints, required, place)


def _parts(value: Any, hints: Mapping[str, Any], required: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _unexpected(place, f"an object with {_listed(hints)}", value)
    missing = [name for name in hints if name in required and name not in value]
    if missing:
        raise MessageError(f"{_at(place)}{_listed(missing)} missing; {_listed(hints)} were expected")
    unknown = [name for name in value if name not in hints]
    if unknown:
        raise MessageError(f"{_at(place)}unknown {_listed(unknown)}; {_listed(hints)} were expected")
    return {name: convert(part, hints[name], f"{place}.{name}".lstrip(".")) for name, part in value.items()}


def _mapping(value: Any, arguments: tuple[Any, ...], place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _unexpected(place, "an object", value)
    inner = arguments[1] if len(arguments) == 2 else Any
    return {name: convert(part, inner, f"{place}.{name}".lstrip(".")) for name, part in value.items()}


def _sequence(value: Any, kind: type, arguments: tuple[Any, ...], place: str) -> Any:
    if not isinstance(value, list):
        raise _unexpected(place, "a list", value)
    inner = arguments[0] if arguments else Any
    found = [convert(part, inner, f"{place}[{index}]") for index, part in enumerate(value)]
    return tuple(found) if issubclass(kind, tuple) else found


def _enum(value: Any, kind: type[enum.Enum], place: str) -> enum.Enum:
    for member in kind:
        if value in (member.value, member.name):
            return member
    raise _unexpected(place, f"one of {_listed([member.value for member in kind])}", value)


def _choice(value: Any, choices: tuple[Any, ...], place: str) -> Any:
    if value not in choices:
        raise _unexpected(place, f"one of {_listed(choices)}", value)
    return value


def _one_of(value: Any, kinds: tuple[Any, ...], place: str) -> Any:
    reasons = []
    for kind in kinds:
        try:
            return convert(value, kind, place)
        except DecodeError as error:
            reasons.append(error.reason)
    raise MessageError("; or ".join(reasons))


def _listed(names: Any) -> str:
    return ", ".join(str(name) for name in names)


def _at(place: str) -> str:
    return f"{place}: " if place else ""


def _unexpected(place: str, expected: str, value: Any) -> MessageError:
    came = json.dumps(value, default=str, ensure_ascii=False)
    return MessageError(f"{_at(place)}{expected} was expected, {came[:80]} came")

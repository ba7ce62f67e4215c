"""What a function returned, as points of this device."""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypedDict, get_args, get_origin, get_type_hints, is_typeddict

from heliograph.errors import MessageError
from heliograph.model.point import FieldValue, Point, UInt

Fields: TypeAlias = Mapping[str, FieldValue | None]
"""Named values of one moment: numbers, bools, texts. None is left out."""


class OutputWords(TypedDict, total=False):
    """What `App.every` and `App.on` may be told about the results of a function."""

    measurement: str | None
    """Otherwise the app's name."""
    field: str | None
    """The field of a bare value; otherwise the function's name."""
    tags: Mapping[str, str]
    """Of each of its points, beside ``host``."""
    topic: str | None
    """Publish the result there instead: bytes and text as they are, everything else in JSON."""
    retain: bool
    """Whether the broker keeps that for those who subscribe later."""


@dataclasses.dataclass(frozen=True, slots=True)
class Output:
    """Where the results of a function go."""

    measurement: str | None = None
    field: str | None = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    topic: str | None = None
    """Instead of points: the result itself, to this topic."""
    qos: int = 1
    retain: bool = False


@dataclasses.dataclass(frozen=True)
class Shape:
    """How the results of one function become points.

    A whole number is sent as a float unless the annotation says int: the type of a field is settled by
    its first value, and a sensor that happens to say 21 first could never say 21.5 again.
    """

    measurement: str
    field: str
    """The name of the field for a bare value: that of the function."""
    tags: Mapping[str, str]
    integers: frozenset[str] | None = frozenset()
    """Fields that are annotated as int; None: all of them."""

    def points(self, result: Any, time_ns: int) -> Iterator[Point]:
        """Yield the points of a result: a value, a dict, a dataclass, a Point, or several of them.

        Raises:
            MessageError: it is nothing of that kind.
        """
        if result is None:
            return
        if isinstance(result, Point):
            yield Point(
                result.measurement, result.fields, {**self.tags, **result.tags}, result.time_ns or time_ns
            )
        elif isinstance(result, Iterable) and not isinstance(result, str | bytes | Mapping):
            for part in result:
                yield from self.points(part, time_ns)
        else:
            fields, tags = self._parts(result)
            if fields:
                yield Point(self.measurement, fields, {**self.tags, **tags}, time_ns)

    def _parts(self, result: Any) -> tuple[dict[str, FieldValue], dict[str, str]]:
        if isinstance(result, Mapping):
            return self._fields(result.items(), self.integers), {}
        if dataclasses.is_dataclass(result) and not isinstance(result, type):
            return self._of_dataclass(result)
        return self._fields([(self.field, result)], self.integers), {}

    def _of_dataclass(self, result: Any) -> tuple[dict[str, FieldValue], dict[str, str]]:
        fields, tags = [], {}
        for field in dataclasses.fields(result):
            value = getattr(result, field.name)
            if field.metadata.get("tag"):
                tags[field.name] = str(value)
            else:
                fields.append((field.name, value))
        return self._fields(fields, whole_numbers(type(result))), tags

    def _fields(
        self, pairs: Iterable[tuple[Any, Any]], integers: frozenset[str] | None
    ) -> dict[str, FieldValue]:
        fields: dict[str, FieldValue] = {}
        for name, value in pairs:
            if value is None:
                continue
            fields[str(name)] = _value(str(name), value, whole=integers is None or name in integers)
        return fields


def whole_numbers(annotation: Any) -> frozenset[str] | None:
    """Return the fields that a return annotation says to be int; None if it says so of the bare value."""
    if annotation is int:
        return None
    if dataclasses.is_dataclass(annotation) or is_typeddict(annotation):
        hints = get_type_hints(annotation)
        return frozenset(name for name, hint in hints.items() if hint is int or int in get_args(hint))
    arguments = get_args(annotation)
    if get_origin(annotation) is not None and issubclass_of_mapping(annotation) and arguments[1:] == (int,):
        return None
    for argument in arguments:  # list[Reading], Reading | None, AsyncIterator[Reading]
        found = whole_numbers(argument)
        if found is None or found:
            return found
    return frozenset()


def issubclass_of_mapping(annotation: Any) -> bool:
    """Return whether an annotation with arguments is one of a mapping."""
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _value(name: str, value: Any, *, whole: bool) -> FieldValue:
    if isinstance(value, bool | str | UInt):
        return value
    if isinstance(value, numbers.Integral):
        return int(value) if whole else float(value)
    if isinstance(value, numbers.Real):  # numpy's numbers, Fraction
        return float(value)
    raise MessageError(
        f"the field {name!r} is {type(value).__name__}; return numbers, texts, bools, a dict of them, "
        "a dataclass or Points"
    )

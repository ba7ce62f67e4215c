"""Results of functions as points."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypedDict

import pytest

from heliograph.app.outgoing.points import Shape, whole_numbers
from heliograph.errors import DecodeError
from heliograph.model.point import Point


@dataclass
class Reading:
    celsius: float
    count: int
    door: str = field(default="front", metadata={"tag": True})


class Counts(TypedDict):
    visitors: int
    warm: float


def points(result: Any, annotation: Any = None) -> list[Point]:
    return list(Shape("app", "fn", {"host": "pi"}, whole_numbers(annotation)).points(result, 7))


@pytest.mark.parametrize(
    ("result", "annotation", "fields"),
    [
        (21, None, {"fn": 21.0}),
        (21, int, {"fn": 21}),
        (21.5, float, {"fn": 21.5}),
        (True, None, {"fn": True}),
        ("open", str, {"fn": "open"}),
        (Fraction(1, 2), None, {"fn": 0.5}),
        ({"a": 1, "b": None, "c": "x"}, None, {"a": 1.0, "c": "x"}),
        ({"a": 1}, dict[str, int], {"a": 1}),
        ({"visitors": 3, "warm": 20}, Counts, {"visitors": 3, "warm": 20.0}),
        ({"visitors": 3, "warm": 20}, Counts | None, {"visitors": 3, "warm": 20.0}),
        (3, int | None, {"fn": 3}),
    ],
)
def test_values_become_fields(result: Any, annotation: Any, fields: dict[str, Any]) -> None:
    [point] = points(result, annotation)
    assert (point.measurement, point.tags, point.time_ns) == ("app", {"host": "pi"}, 7)
    assert point.fields == fields
    assert [type(value) for value in point.fields.values()] == [type(value) for value in fields.values()]


def test_a_dataclass_has_fields_and_tags() -> None:
    [point] = points(Reading(20, 5))
    assert point == Point("app", {"celsius": 20.0, "count": 5}, {"host": "pi", "door": "front"}, 7)
    assert isinstance(point.fields["celsius"], float)


def test_points_keep_what_they_say() -> None:
    [point] = points(Point("door", {"open": 1}, {"host": "other"}, 3))
    assert point == Point("door", {"open": 1}, {"host": "other"}, 3)
    [untimed] = points(Point("door", {"open": 1}, {}))
    assert untimed == Point("door", {"open": 1}, {"host": "pi"}, 7)


def test_several_results_are_several_points() -> None:
    assert len(points([1.0, {"a": 2}, [Reading(1, 2)], None])) == 3
    assert points(None) == points({}) == points([]) == []


@pytest.mark.parametrize(
    "annotation", [list[Reading], Iterator[Reading], AsyncIterator[Reading], Reading | None]
)
def test_annotations_are_looked_into(annotation: Any) -> None:
    assert whole_numbers(annotation) == frozenset({"count"})


@pytest.mark.parametrize("result", [object(), b"x", {"a": object()}, {"a": [1]}])
def test_what_is_no_value_is_refused_with_advice(result: Any) -> None:
    with pytest.raises(DecodeError, match="return numbers, texts, bools"):
        points(result)

from __future__ import annotations

from array import array
from typing import Any

import pytest

from heliograph.errors import TopicError
from heliograph.model.point import FieldType, FieldValue, UInt, field_type
from heliograph.model.table import Column, Table, empty_values
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS, Precision
from heliograph.model.topic import device_id, device_of, presence_topic, telemetry_topic


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, FieldType.BOOLEAN),
        (1, FieldType.INTEGER),
        (UInt(1), FieldType.UNSIGNED),
        (1.0, FieldType.FLOAT),
        ("1", FieldType.STRING),
    ],
)
def test_the_python_type_tells_the_field_type(value: FieldValue, expected: FieldType) -> None:
    assert field_type(value) is expected


@pytest.mark.parametrize("kind", list(FieldType))
def test_a_column_is_padded_with_absent_values(kind: FieldType) -> None:
    column = Column.empty(kind)
    column.pad(3)
    assert list(column.values) == ["" if kind is FieldType.STRING else 0] * 3
    assert column.valid == b"\x00\x00\x00"
    column.pad(2)
    assert len(column.values) == len(column.valid) == 3
    assert type(column.values) is type(empty_values(kind))


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        (FieldType.INTEGER, [-(2**63), 2**63 - 1]),
        (FieldType.UNSIGNED, [0, 2**64 - 1]),
        (FieldType.FLOAT, [-1.7976931348623157e308, 5e-324]),
    ],
)
def test_columns_hold_the_whole_range_of_their_type(kind: FieldType, ends: list[Any]) -> None:
    values = empty_values(kind)
    assert isinstance(values, array)
    values.extend(ends)
    assert values.tolist() == ends


def test_a_table_is_as_long_as_its_times() -> None:
    table = Table("m")
    assert len(table) == 0
    table.times_ns.extend([MIN_TIME_NS, MAX_TIME_NS])
    assert len(table) == 2


def test_tables_share_nothing() -> None:
    one, other = Table("m"), Table("m")
    one.series.append(())
    one.times_ns.append(1)
    assert other.series == []
    assert len(other) == 0


def test_a_precision_is_its_length_in_nanoseconds() -> None:
    assert [precision.value for precision in (Precision.NS, Precision.US, Precision.MS, Precision.S)] == [
        1,
        10**3,
        10**6,
        10**9,
    ]
    assert Precision.HOUR.value == 60 * Precision.MINUTE.value == 3600 * Precision.S.value


@pytest.mark.parametrize(
    ("host", "device"),
    [
        ("pi-4", "pi-4"),
        ("pi.lab.example", "pi-lab-example"),
        ("Küche 2", "K-che-2"),
        ("..a..", "a"),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_device_id_is_made_of_a_host_name(host: str, device: str) -> None:
    assert device_id(host) == device
    assert device_of(telemetry_topic(device)) == device


@pytest.mark.parametrize("host", ["", "...", "東京"])
def test_a_host_name_without_usable_letters_is_refused(host: str) -> None:
    with pytest.raises(TopicError, match="no device id"):
        device_id(host)


def test_topics_of_a_device() -> None:
    assert telemetry_topic("pi") == "tel/pi/lp"
    assert presence_topic("pi") == "sta/pi"


@pytest.mark.parametrize("topic", ["tel", "tel/pi", "tem/pi/lp", "/tel/pi/lp", ""])
def test_a_topic_that_is_not_below_tel_is_refused(topic: str) -> None:
    with pytest.raises(TopicError, match="points belong below tel/"):
        device_of(topic)


@pytest.mark.parametrize("topic", ["tel//lp", "tel/a b/lp", "tel/a.b/lp", f"tel/{'x' * 65}/lp"])
def test_a_topic_with_another_device_id_is_refused(topic: str) -> None:
    with pytest.raises(TopicError) as caught:
        device_of(topic)
    assert caught.value.column == 5

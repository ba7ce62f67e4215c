from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.config.values import format_duration, format_size, parse_duration, parse_size
from heliograph.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("0s", 0.0),
        ("250ms", 0.25),
        ("30s", 30.0),
        ("1.5s", 1.5),
        ("10m", 600.0),
        ("6h", 21_600.0),
        ("7d", 604_800.0),
        ("1h30m", 5_400.0),
    ],
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "s", "-1s", "1 s", "1w", "1s ", "s1", "1e3s", "٣s", "1" * 40 + "s"]
)
def test_what_is_no_duration_is_told_the_forms(text: str) -> None:
    with pytest.raises(ConfigError, match=r'a duration such as "500ms", "30s".* came'):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.25, "250ms"),
        (1.5, "1500ms"),
        (90.0, "90s"),
        (600.0, "10m"),
        (5_400.0, "90m"),
        (86_400.0, "1d"),
    ],
)
def test_durations_are_written_in_the_largest_unit_that_divides_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 10**11))
def test_a_written_duration_is_read_again(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("17", 17),
        ("17B", 17),
        ("1kB", 1_000),
        ("10MB", 10_000_000),
        ("512KiB", 524_288),
        ("64MiB", 67_108_864),
        ("64 MiB", 67_108_864),
        ("1.5GiB", 1_610_612_736),
        ("1TiB", 2**40),
    ],
)
def test_sizes_are_bytes(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1 M", "1mib", "64M", "1e3", "1  MiB", "9" * 40])
def test_what_is_no_size_is_told_the_forms(text: str) -> None:
    with pytest.raises(ConfigError, match=r'a size such as "512KiB", "64MiB".* came'):
        parse_size(text)


@given(st.integers(0, 2**50))
def test_a_written_size_is_read_again(size_bytes: int) -> None:
    assert parse_size(format_size(size_bytes)) == size_bytes


def test_sizes_are_written_in_the_largest_unit_that_divides_them() -> None:
    assert [format_size(size) for size in (0, 1_000, 1_024, 67_108_864, 2**40)] == [
        "0B",
        "1000B",
        "1KiB",
        "64MiB",
        "1TiB",
    ]

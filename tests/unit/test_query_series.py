"""Which series there are, and the values of their tags."""

from __future__ import annotations

import pytest

from heliograph.errors import BucketNotFound
from heliograph.query.series import series_of, values_of
from tests.unit.stored_points import BUCKET, Kept, point


@pytest.fixture
def three(kept: Kept) -> Kept:
    kept.write(
        point("cpu", 5, {"host": "b", "core": "0"}, v=1),
        point("cpu", 7, {"host": "a", "core": "0"}, v=1),
        point("cpu", 9, {"host": "a"}, v=1),
        point("mem", 1, {"host": "c"}, v=1),
    )
    return kept


def test_series_have_their_measurement_tags_and_latest_time(three: Kept) -> None:
    three.write(point("mem", 3, {"host": "c"}, v=1), point("mem", 2, {"host": "c"}, v=1))
    (found,) = series_of(three.store, BUCKET, "mem", {})
    assert found == ("mem", (("host", "c"),), 3)


@pytest.mark.parametrize(
    ("measurement", "where", "hosts"),
    [
        (None, {}, ["a", "b", "c"]),
        ("cpu", {}, ["a", "b"]),
        ("nope", {}, []),
        ("cpu", {"core": ("0",)}, ["a", "b"]),
        ("cpu", {"core": ("",)}, ["a"]),
        ("cpu", {"core": ("", "0"), "host": ("b", "x")}, ["b"]),
        (None, {"nope": ("",)}, ["a", "b", "c"]),
        (None, {"nope": ("x",)}, []),
        (None, {"host": ()}, []),
    ],
)
def test_values_of_a_tag(
    three: Kept, measurement: str | None, where: dict[str, tuple[str, ...]], hosts: list[str]
) -> None:
    assert values_of(series_of(three.store, BUCKET, measurement, where), "host") == hosts


def test_an_unknown_bucket_is_told(kept: Kept) -> None:
    with pytest.raises(BucketNotFound):
        list(series_of(kept.store, "nope", None, {}))

"""The native parser gives what the Python parser gives: values to the bit, order, errors, questions asked."""

from __future__ import annotations

import struct
import threading
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heliograph.codec.lineprotocol import NO_LIMITS, FieldTypes, LineLimits, python
from heliograph.model.point import FieldType
from heliograph.model.time import Precision
from tests.fuzz.batches import TOKENS, Batches
from tests.parsers import Parse, everything

native = pytest.importorskip(
    "heliograph.codec.lineprotocol.native", reason="the native parser is not built here"
)
TIME_NS = 1_700_000_000_123_456_789


def no_types(_measurement: str, _field: str) -> None:
    return None


def outcome(parse: Parse, body: bytes, types: FieldTypes, **settings: Any) -> Any:
    asked = []

    def recorded(measurement: str, field: str) -> FieldType | None:
        asked.append((measurement, field))
        return types(measurement, field)

    return everything(parse(body, time_ns=TIME_NS, types=recorded, **settings)), asked


def assert_alike(body: bytes, types: FieldTypes = no_types, **settings: Any) -> None:
    assert outcome(native.parse, body, types, **settings) == outcome(python.parse, body, types, **settings)


@pytest.mark.parametrize("seed", range(150))
def test_batches_and_their_mutations_are_read_alike(seed: int) -> None:
    batches = Batches(seed)
    body = batches.batch()
    for changed in (body, batches.mutated(body), batches.mutated(body)):
        precision = batches.random.choice(list(Precision))
        max_errors = batches.random.choice([0, 3, 100])
        limits = batches.random.choice([NO_LIMITS, LineLimits(batches.random.randrange(20, 300), 3, 4)])
        assert_alike(changed, batches.types(), precision=precision, max_errors=max_errors, limits=limits)


ORDINARY = [b"m,h=a v=1 1\n", b"m,h=b v=2,i=3i\n", b'm s="x y",b=t 5\n', b"n u=7u\n", b"m,p=a\\ b v=1e3 -4\n"]


@given(st.lists(st.sampled_from(ORDINARY) | st.sampled_from(TOKENS) | st.binary(max_size=3), max_size=40))
@example([b"m v=1\n", b"m v=1 9223372036854775807\n"])
@example([b"m v=1,v=2i\n", b"m v=1i\n"])
@example([b"#no v=1\n", b"m v=1\n", b"#m v=1\n"])
@example([b"m v=-0\n", b"m v=-.\n", b"m v=.\n", b"m v=-\n"])
def test_pieces_of_lines_are_read_alike(pieces: list[bytes]) -> None:
    assert_alike(b"".join(pieces))


def assert_exact(literals: list[str]) -> None:
    body = "".join(f"m v={literal}\n" for literal in literals).encode()
    column = native.parse(body, time_ns=0, types=no_types).batch["m"].columns["v"]
    assert column.values.tobytes() == struct.pack(f"{len(literals)}d", *map(float, literals))


digits = st.text("0123456789", min_size=1, max_size=25)


@given(st.lists(st.builds("{}.{}e{}".format, digits, digits, st.integers(-345, 280)), min_size=1))
def test_a_decimal_number_is_the_nearest_float(literals: list[str]) -> None:
    assert_exact(literals)


@given(st.integers(2**52, 2**53 - 1), st.integers(0, 200))
def test_a_number_halfway_between_floats_is_the_even_one(mantissa: int, power: int) -> None:
    between = (2 * mantissa + 1) << power
    assert_exact([f"{between + nudge}" for nudge in (-1, 0, 1)])


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_what_repr_writes_is_read_to_the_bit(numbers: list[float]) -> None:
    assert_exact([repr(number) for number in numbers])


@pytest.mark.parametrize("before", [0, 4095, 4096, 4097])
def test_more_lines_than_are_kept_in_records(before: int) -> None:
    sparse = b"".join(b'm,h=%d v=%d\nm,h=%d s="%d",b=t\n' % (n % 3, n, n % 5, n) for n in range(3000))
    assert_alike(b"m,h=0 v=1,i=1i,u=1u\n" * before + sparse + b"m,h=0 i=2i 7\n")


def test_more_fields_in_a_line_than_are_kept_in_records() -> None:
    line = b"m " + b",".join(b"f%d=%d" % (n, n) for n in range(17_000)) + b"\n"
    assert_alike(b"m f0=1\n" + line + line + b"m f0=2\n")


def test_more_series_and_fields_than_are_remembered() -> None:
    series = b"".join(b"m,h=%d v=%d\n" % (n, n) for n in range(21_000))
    fields = b"f " + b",".join(b"f%d=%d" % (n, n) for n in range(21_000)) + b"\n"
    native.forget()
    for body in (series, fields, series, fields, ORDINARY[0]):
        assert_alike(body)


def test_a_field_may_have_another_type_in_the_next_body() -> None:
    assert_alike(b"m v=1\n")
    assert_alike(b"m v=1i\n")
    assert_alike(b"m v=1i\nm v=2\n", lambda _measurement, _field: FieldType.FLOAT)


def test_an_exception_of_the_catalogue_comes_through_and_leaves_nothing_behind() -> None:
    def broken(_measurement: str, _field: str) -> FieldType:
        raise LookupError("the catalogue is closed")

    with pytest.raises(LookupError, match="closed"):
        native.parse(b"m v=1\nm v=2\n", time_ns=0, types=broken)
    assert_alike(b"m v=1\nm v=2\n")


def test_a_catalogue_may_parse_while_it_is_asked() -> None:
    inner = []

    def types(_measurement: str, _field: str) -> None:
        inner.append(native.parse(b"m v=1i\nm w=2\n", time_ns=0, types=no_types).points)

    assert native.parse(b"m v=1\nm w=2\n", time_ns=0, types=types).points == 2
    assert inner == [2, 2]


def test_threads_do_not_share_what_they_read() -> None:
    bodies = [b"m,t=%d v=%d\n" % (n, n) * 30_000 for n in range(4)]
    expected = [everything(python.parse(body, time_ns=0, types=no_types)) for body in bodies]
    came: list[Any] = [None] * len(bodies)

    def read(number: int) -> None:
        came[number] = everything(native.parse(bodies[number], time_ns=0, types=no_types))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert came == expected

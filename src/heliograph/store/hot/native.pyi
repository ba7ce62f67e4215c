# What native.pyx gives, for the type checker: the same as python.py.

from array import array
from collections.abc import Sequence
from typing import Any, TypeVar

from heliograph.model.table import Values

_V = TypeVar("_V", bound=Values)

def bounds(times_ns: array[int]) -> tuple[int, int]: ...
def days(times_ns: array[int]) -> list[int]: ...
def place(
    hot: tuple[array[int], array[int]],
    latest: tuple[array[int], array[int]],
    codes: array[int],
    times_ns: array[int],
) -> tuple[array[int] | None, bool]: ...
def merge(values: Any, valid: bytearray, rows: array[int], more: Any, more_valid: bytearray) -> None: ...
def pack_bits(flags: bytes | bytearray) -> bytes | None: ...
def order(
    codes: array[int], times_ns: array[int], ranks: array[int], span: tuple[int, int], *, in_order: bool
) -> tuple[array[int], array[int] | None]: ...
def take(values: _V, rows: array[int]) -> _V: ...
def last_valid(
    valid: Sequence[int], rows: array[int], points: array[int]
) -> tuple[array[int], bytearray]: ...

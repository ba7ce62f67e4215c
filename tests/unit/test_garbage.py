"""Pauses of the collector of cycles: the living are set aside after a long one, and taken back in time."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from heliograph.aio.garbage import LONG, LOOK_AGAIN, ShortPauses, short_pauses

FULL, YOUNG = {"generation": 2}, {"generation": 0}


class Clock:
    """Says what it is told to say: how long a collection takes is the machine's affair."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(autouse=True)
def nothing_set_aside() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def collection(pauses: ShortPauses, used: Clock, seconds: float, info: dict[str, int]) -> int:
    """Let a collection of so many seconds pass, and return how many objects are set aside then."""
    pauses("start", info)
    used.seconds += seconds
    pauses("stop", info)
    return gc.get_freeze_count()


def test_only_a_long_collection_of_everything_sets_the_living_aside() -> None:
    used = Clock()
    pauses = ShortPauses(used, Clock())
    assert collection(pauses, used, LONG / 2, FULL) == 0
    assert collection(pauses, used, LONG * 2, YOUNG) == 0
    assert collection(pauses, used, LONG * 2, FULL) > 0


def test_after_an_hour_everything_is_looked_at_again() -> None:
    used, now = Clock(), Clock()
    pauses = ShortPauses(used, now)
    assert collection(pauses, used, LONG * 2, FULL) > 0
    now.seconds += LOOK_AGAIN + 1
    assert collection(pauses, used, LONG / 2, FULL) == 0
    assert collection(pauses, used, LONG * 2, FULL) > 0


def test_what_is_set_aside_is_freed_once_nobody_refers_to_it() -> None:
    freed: list[int] = []

    class Kept:
        def __del__(self) -> None:
            freed.append(1)

    kept = [Kept()]
    gc.freeze()
    kept.clear()
    assert freed == [1]


def test_it_ends_with_the_program_that_asked() -> None:
    before = list(gc.callbacks)
    with short_pauses():
        assert len(gc.callbacks) == len(before) + 1
        gc.freeze()
    assert gc.callbacks == before
    assert gc.get_freeze_count() == 0

"""A damaged catalogue: what can be read of it, of its copy and of the segments makes a new one."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from heliograph.model.point import Point
from heliograph.store.applied import Position
from heliograph.store.database import Database
from heliograph.store.duck import Duck
from heliograph.store.rescue import adopt, good_copy, is_sound, put_aside_damaged
from tests.unit.stored_points import Kept, Rows, merged, point

MEASUREMENTS = ("cpu", "mem", "a/b ü")


def filled(kept: Kept, first: int = 0) -> dict[str, Rows]:
    """Seal points of some measurements and return them."""
    points: dict[str, list[Point]] = {name: [] for name in MEASUREMENTS}
    for seal in range(first, first + 4):
        for name in MEASUREMENTS:
            new = [
                point(name, seal * 100 + i, {"host": f"h{i % 4}", "v": "tag"}, v=i * 0.5, n=i)
                for i in range(20)
            ]
            points[name] += new
            kept.write(*new, position=Position("LP", "c", seal + 1))
        kept.store.seal()
    return {name: merged(some) for name, some in points.items()}


def everything(kept: Kept) -> dict[str, Rows]:
    return {name: kept.rows(name) for name in MEASUREMENTS}


def started_again(kept: Kept) -> int:
    """Do what a start of the hub does with a damaged catalogue; return how many segments were entered."""
    assert put_aside_damaged(kept.folder / "catalog.db")
    segments = kept.folder / "segments"
    database = Database(kept.folder / "catalog.db")
    duck = Duck((segments,), memory_bytes=64 * 2**20, threads=1)
    adopted = adopt(database, duck, segments)
    duck.close()
    database.close()
    kept.open()
    return adopted


def with_holes(chance: random.Random) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        damaged = bytearray(content)
        for _ in range(3):
            at = chance.randrange(4096, len(content) - 600)
            damaged[at : at + 600] = chance.randbytes(600)
        return bytes(damaged)

    return change


@pytest.mark.parametrize("seed", range(6))
def test_holes_in_the_catalogue_cost_no_point(kept: Kept, seed: int) -> None:
    points = filled(kept)
    kept.store.damage.look_on()  # makes the copy
    damage(kept, with_holes(random.Random(seed)))
    if is_sound(kept.folder / "catalog.db"):  # the holes are where nothing was
        kept.open()
        assert everything(kept) == points
        return
    started_again(kept)
    assert everything(kept) == points
    assert kept.store.streams.watermarks() == {}, "the streams are read again"
    assert len(kept.store.damage.catalogues) == 1


@pytest.mark.thorough
@pytest.mark.parametrize(
    "change", [lambda _: b"", lambda content: content[:5_000], lambda _: b"no database" * 999]
)
def test_without_a_readable_page_the_copy_and_the_segments_remain(
    kept: Kept, change: Callable[[bytes], bytes]
) -> None:
    points = filled(kept)
    kept.store.damage.look_on()
    later = filled(kept, 4)
    damage(kept, change)
    assert started_again(kept) == 12, "those that came after the copy"
    assert everything(kept) == {name: points[name] | later[name] for name in MEASUREMENTS}
    with kept.store.reading() as catalogue:
        assert catalogue.series["telegraf", "cpu"] == {
            (("host", f"h{i}"), ("v", "tag")): 716 + i for i in range(4)
        }


def damage(kept: Kept, change: Callable[[bytes], bytes]) -> None:
    kept.close()
    path = kept.folder / "catalog.db"
    path.write_bytes(change(path.read_bytes()))


def test_a_sound_catalogue_is_left_alone_and_has_a_copy(kept: Kept) -> None:
    points = filled(kept)
    kept.store.damage.look_on()
    kept.close()
    assert not put_aside_damaged(kept.folder / "catalog.db")
    assert good_copy(kept.folder / "catalog.db").exists()
    assert not (kept.folder / "damaged").exists()
    kept.open()
    assert everything(kept) == points

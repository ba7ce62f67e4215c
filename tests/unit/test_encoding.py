"""Files are written in the way that makes them smallest, and hold the same whichever that is."""

from __future__ import annotations

import random
from pathlib import Path

from heliograph.store.parquet.encoding import TRY_EVERY, TRY_ROWS, WAYS, Encodings
from tests.unit.stored_points import Kept, point

FOLDER = Path("b")
ROWS = 2 * TRY_ROWS


def walk(kept: Kept, measurement: str, start: int) -> None:
    """Write whole numbers that walk: nothing comes back, and differences are small."""
    chance = random.Random(start)
    value, points = 10**9, []
    for i in range(ROWS):
        value += chance.randint(0, 7)
        points.append(point(measurement, start + i, {"host": "a"}, n=value))
    kept.write(*points)
    kept.store.seal()


def test_whole_numbers_that_walk_are_kept_as_differences_from_the_first_seal_on(tmp_path: Path) -> None:
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        for number in range(3):
            walk(kept, "walk", number * ROWS)
        sizes = [file.stat().st_size for file in kept.files]
        assert max(sizes) < ROWS * 2, "a dictionary takes eight bytes for each value"
        assert len(kept.rows("walk")) == 3 * ROWS
        assert [f.suffix for f in kept.files] == [".parquet"] * 3


def test_readings_that_come_back_are_kept_as_dictionaries(tmp_path: Path) -> None:
    chance = random.Random(1)
    readings = [chance.random() for _ in range(200)]
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        kept.write(*(point("m", i, f=chance.choice(readings)) for i in range(ROWS)))
        kept.store.seal()
        (file,) = kept.files
        assert file.stat().st_size < ROWS * 4


def test_the_other_ways_are_tried_at_the_first_and_then_now_and_then(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept, kept.duck.cursor() as cursor:
        encodings = Encodings()
        file = tmp_path / "segments" / "x.tmp"
        counters = f"SELECT range * 1000 AS n FROM range({ROWS})"
        plain = f"COPY ({counters}) TO '{file}' ({encodings.options(FOLDER)})"
        sizes = []
        for _ in range(TRY_EVERY + 1):
            cursor.rows(plain)
            encodings.improve(cursor, FOLDER, file, ROWS)
            sizes.append(file.stat().st_size)
        assert sizes[0] < sizes[1] == sizes[TRY_EVERY - 1] > sizes[TRY_EVERY]
        assert cursor.rows(f"SELECT sum(n) FROM read_parquet('{file}')") == [(1000 * ROWS * (ROWS - 1) // 2,)]
        assert WAYS[1] in encodings.options(FOLDER) or WAYS[2] in encodings.options(FOLDER)
        assert encodings.options(Path("other")) == Encodings().options(FOLDER)
        assert [f.name for f in file.parent.iterdir()] == ["x.tmp"]


def test_few_rows_teach_nothing(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept, kept.duck.cursor() as cursor:
        encodings = Encodings()
        encodings.improve(cursor, FOLDER, tmp_path / "no such file", TRY_ROWS - 1)
        assert encodings.options(FOLDER) == Encodings().options(FOLDER)

"""Segments that are not what was written: found, set aside, told, and the rest goes on."""

from __future__ import annotations

import os
import random
import resource
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest

from heliograph.store.damage import Damaged
from heliograph.store.segments import folder_name
from tests.unit.stored_points import BUCKET, Kept, merged, point


def sealed(kept: Kept, seals: int = 3) -> list[list[int]]:
    """Seal some segments of one measurement and return the times in each."""
    parts = [list(range(number * 100, number * 100 + 50)) for number in range(seals)]
    for times in parts:
        kept.write(*(point("m", t, {"host": f"h{t % 5}"}, v=t * 1.5, n=t) for t in times))
        kept.store.seal()
    return parts


def joined(parts: Iterable[list[int]]) -> list[int]:
    return list(chain.from_iterable(parts))


def looked_over(kept: Kept) -> list[Damaged]:
    """Read all segments over and return what was found."""
    while kept.store.damage.look_on() or kept.store.damage._waiting:
        pass
    return kept.store.damage.found


def times(kept: Kept) -> list[int]:
    return sorted(time_ns for _, time_ns in kept.rows("m"))


def test_whole_segments_stay(kept: Kept) -> None:
    parts = sealed(kept)
    assert looked_over(kept) == []
    assert times(kept) == joined(parts)


def test_too_many_open_files_are_no_damage(kept: Kept) -> None:
    """The process's own limit is lowered for a moment, as many connections would fill it."""
    parts = sealed(kept)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Path(os.devnull).open() as next_free:
        limit = next_free.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            kept.store.damage.check_all((BUCKET, "m"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert kept.store.damage.check_all((BUCKET, "m")) == 0
    assert times(kept) == joined(parts)


def flip(path: Path, at: int, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(12))
def test_one_flipped_bit_anywhere_is_found_and_costs_that_segment_alone(kept: Kept, seed: int) -> None:
    chance = random.Random(seed)
    parts = sealed(kept)
    victim = chance.randrange(3)
    path = kept.files[victim]
    flip(path, chance.randrange(path.stat().st_size), chance.randrange(8))
    kept.reopen()
    [found] = looked_over(kept)
    assert (found.rows, found.min_ns, found.max_ns) == (50, parts[victim][0], parts[victim][-1])
    assert "50 points" in str(found)
    assert "telegraf/m" in str(found)
    assert (kept.folder / "damaged" / found.file).exists()
    assert times(kept) == joined(parts[:victim] + parts[victim + 1 :])
    kept.reopen()
    assert kept.store.damage.found == [found], "told until somebody removes the note"
    assert kept.store.unknown_files == 0
    assert times(kept) == joined(parts[:victim] + parts[victim + 1 :])


@pytest.mark.parametrize("length", [0, 3, 100, -1])
def test_a_truncated_segment_is_found(kept: Kept, length: int) -> None:
    parts = sealed(kept)
    path = kept.files[0]
    path.write_bytes(path.read_bytes()[:length])
    assert [found.rows for found in looked_over(kept)] == [50]
    assert times(kept) == joined(parts[1:])


def test_a_segment_whose_file_is_gone_is_told(kept: Kept) -> None:
    parts = sealed(kept)
    kept.files[1].unlink()
    [found] = looked_over(kept)
    assert "gone" in found.reason
    assert times(kept) == parts[0] + parts[2]


def test_a_damaged_segment_is_not_merged_into_a_whole_one(kept: Kept) -> None:
    parts = sealed(kept, 13)
    with kept.store.reading() as catalogue:
        path = catalogue.segments[BUCKET, "m"][4].path
    flip(path, path.stat().st_size // 2, 3)
    kept.store.upkeep.compact()
    [found] = kept.store.damage.found
    assert times(kept) == joined(parts[:4] + parts[5:])
    assert looked_over(kept) == [found]


def test_a_measurement_may_lose_all_its_segments_and_go_on(kept: Kept) -> None:
    sealed(kept)
    for path in kept.files:
        path.write_bytes(b"")
    assert len(looked_over(kept)) == 3
    assert kept.rows("m") == {}
    kept.store.upkeep.compact()
    again = [point("m", 7, v=1.5, n=1)]
    kept.write(*again)
    kept.store.seal()
    kept.reopen()
    assert kept.rows("m") == merged(again)


def test_segments_of_earlier_versions_have_no_checksum_and_are_known_by_their_size(kept: Kept) -> None:
    parts = sealed(kept, 1)
    [path] = kept.files
    old = path.with_name(".".join([path.name.split(".")[0], "parquet"]))
    path.rename(old)
    with kept.database.transaction() as sql:
        sql.execute("UPDATE segment SET path = ?", (f"{BUCKET}/{folder_name('m')}/{old.name}",))
    kept.reopen()
    assert looked_over(kept) == []
    assert times(kept) == parts[0]
    old.write_bytes(old.read_bytes()[:-1])
    assert len(looked_over_again(kept)) == 1


def looked_over_again(kept: Kept) -> list[Damaged]:
    kept.store.damage.check_all((BUCKET, "m"))
    return kept.store.damage.found

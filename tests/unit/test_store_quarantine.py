"""The quarantine is bounded, counts each refusal once and remembers over restarts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from heliograph.store.database import Database
from heliograph.store.quarantine import EXCERPT_BYTES, Quarantine, Refusal

LIMIT = 5


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "catalog.db")
    yield opened
    opened.close()


def refusal(number: int, excerpt: bytes = b"bad") -> Refusal:
    return Refusal(f"S:{number}", "tel/pi/lp", "pi", "missing fields", excerpt, number)


def test_the_latest_are_kept_and_all_are_counted(database: Database) -> None:
    quarantine = Quarantine(database, LIMIT)
    for number in range(12):
        quarantine.add(refusal(number))
    kept, total, recent = quarantine.report()
    assert (kept, total) == (LIMIT, 12)
    assert recent == [refusal(number) for number in (11, 10, 9, 8, 7)]
    assert quarantine.report(latest=2)[2] == recent[:2]


def test_what_waits_is_bounded_without_a_flush(database: Database) -> None:
    quarantine = Quarantine(database, LIMIT)
    for number in range(1_000):
        quarantine.add(refusal(number))
        assert len(quarantine._waiting) <= 2 * LIMIT
    assert quarantine.report()[1] == 1_000


def test_a_replay_counts_nothing_twice(database: Database) -> None:
    quarantine = Quarantine(database, LIMIT)
    for _ in range(3):
        for number in range(4):
            quarantine.add(refusal(number))
        quarantine.flush()
    assert quarantine.report()[:2] == (4, 4)


def test_a_replay_after_a_restart_counts_nothing_twice(database: Database) -> None:
    for _ in range(2):
        quarantine = Quarantine(database, LIMIT)
        for number in range(4):
            quarantine.add(refusal(number))
        quarantine.flush()
    kept, total, recent = Quarantine(database, LIMIT).report()
    assert (kept, total, len(recent)) == (4, 4, 4)


def test_the_total_outlives_a_restart_and_what_was_pushed_out(database: Database) -> None:
    quarantine = Quarantine(database, LIMIT)
    for number in range(9):
        quarantine.add(refusal(number))
    quarantine.flush()
    again = Quarantine(database, LIMIT)
    again.add(refusal(100))
    assert again.report()[:2] == (LIMIT, 10)


def test_excerpts_are_bytes_of_bounded_length(database: Database) -> None:
    quarantine = Quarantine(database, LIMIT)
    quarantine.add(refusal(1, b"\xff\x00" * 1_000))
    assert quarantine.report()[2][0].excerpt == (b"\xff\x00" * 1_000)[:EXCERPT_BYTES]


def test_a_limit_of_none_still_counts(database: Database) -> None:
    quarantine = Quarantine(database, 0)
    for number in range(3):
        quarantine.add(refusal(number))
    assert quarantine.report() == (0, 3, [])


def test_a_full_disk_loses_the_oldest_and_stops_nobody(database: Database) -> None:
    quarantine = Quarantine(database, 100)
    pages = database.rows("PRAGMA page_count")[0][0]
    database.rows(f"PRAGMA max_page_count = {pages}")
    for number in range(500):
        quarantine.add(refusal(number, b"x" * EXCERPT_BYTES))
        assert len(quarantine._waiting) <= 2 * 100 + 1
    assert quarantine.report()[:2] == (0, 0)
    database.rows("PRAGMA max_page_count = 100000")
    quarantine.add(refusal(500))
    kept, total, recent = quarantine.report()
    assert kept == 100
    assert 100 <= total <= 201
    assert [r.time_ns for r in recent[:2]] == [500, 499]

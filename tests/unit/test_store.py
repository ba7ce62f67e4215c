"""The store over restarts, crashes and full disks: nothing that was sealed is lost, nothing stands twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.errors import BucketNotFound, StoreBusy, StoreError, TooManyColumns
from heliograph.model.point import FieldType, Point, UInt
from heliograph.model.time import DAY_NS
from heliograph.model.watermark import Watermark
from heliograph.store.applied import Position
from heliograph.store.catalogue import MAX_COLUMNS
from heliograph.store.database import _MIGRATIONS, Database
from heliograph.store.duck import Duck
from heliograph.store.generations import SEAL_BYTES
from heliograph.store.segments import folder_name
from heliograph.store.store import BUSY_FACTOR, Store
from tests.unit.stored_points import BUCKET, Kept, batch, merged, point, types_of

LP = Position("LP", "2026-01-01T00:00:00+00:00", 7)


def test_a_restart_keeps_schema_series_segments_and_watermarks(kept: Kept) -> None:
    points = [
        Point("cpu", {"load": 1.5, "n": 3, "u": UInt(2**64 - 1), "up": True, "s": "x"}, {"host": "pi"}, 10),
        Point("cpu", {"load": 2.5}, {"host": "pi", "cpu": "cpu0"}, 30),
    ]
    kept.write(*points, position=LP)
    before = types_of(kept, "cpu")
    assert kept.store.seal() == 2
    statistics = kept.store.statistics()
    kept.reopen()
    assert kept.rows("cpu") == merged(points)
    assert types_of(kept, "cpu") == before
    assert kept.store.streams.watermarks() == {"LP": Watermark(LP.created, 7)}
    assert kept.store.statistics() == statistics
    with kept.store.reading() as catalogue:
        assert catalogue.series[BUCKET, "cpu"] == {
            (("host", "pi"),): 10,
            (("cpu", "cpu0"), ("host", "pi")): 30,
        }


def test_a_declared_type_outlives_a_crash_before_the_seal(kept: Kept) -> None:
    kept.write(point("cpu", 1, load=1.5))
    kept.reopen()
    assert kept.store.field_types(BUCKET)("cpu", "load") is FieldType.FLOAT
    assert kept.rows("cpu") == {}


def test_files_of_a_seal_that_was_not_committed_are_swept(kept: Kept) -> None:
    kept.write(point("cpu", 1, load=1.5))
    kept.store.seal()
    known = kept.files
    kept.write(point("cpu", 2, load=2.5))
    snapshot = kept.store.snapshot(BUCKET, "cpu")
    assert snapshot is not None
    stamp = f"{kept.store._started:x}-crashed"
    hot = kept.store._hot.current.tables[BUCKET, "cpu"]
    hot.freeze()
    stray = list(kept.store._writer.write(BUCKET, snapshot.measurement, hot, stamp))
    unfinished = stray[0].path.with_suffix(".tmp")
    unfinished.write_bytes(b"half a file")
    assert len(kept.files) == len(known) + 2
    kept.reopen()
    assert kept.files == known
    assert kept.rows("cpu") == merged([point("cpu", 1, load=1.5)])


def test_a_replay_after_a_crash_gives_the_same_points(kept: Kept) -> None:
    first, second = [point("cpu", t, load=float(t)) for t in (1, 2)], [point("cpu", t, n=t) for t in (2, 3)]
    kept.write(*first, position=Position("LP", "c", 1))
    kept.store.seal()
    kept.write(*second, position=Position("LP", "c", 2))
    kept.reopen()
    assert kept.store.streams.watermarks()["LP"].seq == 1
    kept.write(*first, position=Position("LP", "c", 1))  # once more than needed: it must not matter
    kept.write(*second, position=Position("LP", "c", 2))
    assert kept.rows("cpu") == merged([*first, *second])
    kept.store.seal()
    assert kept.rows("cpu") == merged([*first, *second])


def blocked(kept: Kept, measurement: str) -> Path:
    """Put a file where the folder of a measurement's segments would be; removing it is the repair."""
    obstacle = kept.folder / "segments" / BUCKET / folder_name(measurement)
    obstacle.parent.mkdir(exist_ok=True)
    obstacle.write_bytes(b"")
    return obstacle


def test_points_of_a_failed_seal_stay_visible_and_the_next_seal_writes_them(kept: Kept) -> None:
    points = [point("aaa", 1, v=1), point("bbb", 1, v=1)]
    kept.write(*points, position=LP)
    obstacle = blocked(kept, "bbb")
    for _ in range(2):
        with pytest.raises(OSError, match="bbb"):
            kept.store.seal()
    assert kept.rows("aaa") == merged(points[:1])
    assert kept.rows("bbb") == merged(points[1:])
    assert kept.store.streams.watermarks() == {}
    later = point("bbb", 1, v=2, w=3)
    kept.write(later, position=Position("LP", LP.created, 8))
    assert kept.store.seal_due(3600), "a failed seal is due at once"
    obstacle.unlink()
    assert kept.store.seal() == 3
    kept.reopen()
    assert kept.rows("aaa") == merged(points[:1])
    assert kept.rows("bbb") == merged([points[1], later])
    assert kept.store.streams.watermarks()["LP"].seq == 8


def test_a_seal_that_fails_again_and_again_writes_no_file_twice(kept: Kept) -> None:
    points = [point("aaa", t * DAY_NS, v=t) for t in range(3)]
    kept.write(*points, point("bbb", 1, v=1), position=LP)
    obstacle = blocked(kept, "bbb")
    for _ in range(4):
        with pytest.raises(OSError, match="bbb"):
            kept.store.seal()
    assert len([file for file in kept.files if file != obstacle]) == 3
    kept.write(point("aaa", 1, {"new": "tag"}, w=1.5), position=Position("LP", LP.created, 8))
    obstacle.unlink()
    assert kept.store.seal() == 5
    assert len(kept.files) == 5
    kept.reopen()
    assert kept.rows("aaa") == merged([*points, point("aaa", 1, {"new": "tag"}, w=1.5)])


def test_a_bucket_may_go_while_its_seal_fails(kept: Kept) -> None:
    kept.store.create_bucket("lab", {})
    columns = batch([point("aaa", 1, v=1)])
    kept.store.declare("lab", columns)
    kept.store.append("lab", columns, LP)
    kept.write(point("bbb", 1, v=1))
    obstacle = blocked(kept, "bbb")
    with pytest.raises(OSError, match="bbb"):
        kept.store.seal()
    kept.store.delete_bucket("lab", {})
    assert kept.files == [obstacle]
    obstacle.unlink()
    assert kept.store.seal() == 1


def test_a_seal_that_the_engine_refuses_keeps_the_points(kept: Kept, tmp_path: Path) -> None:
    kept.write(point("cpu", 1, load=1.5))
    elsewhere = Duck((tmp_path / "elsewhere",), memory_bytes=64 * 2**20, threads=1)
    other = Store(tmp_path / "segments", kept.database, elsewhere, seal_rows=10)
    other.append(BUCKET, batch([point("cpu", 2, load=2.5)]), LP)
    with pytest.raises(StoreError, match=r"elsewhere|[Pp]ermission"):
        other.seal()
    assert other.statistics().rows_hot == 1
    assert other.streams.watermarks() == {}
    elsewhere.close()


def test_a_store_that_cannot_seal_asks_to_try_again_and_takes_points_after_the_repair(tmp_path: Path) -> None:
    with Kept(tmp_path, seal_rows=10) as kept:
        obstacle = blocked(kept, "cpu")
        for t in range(BUSY_FACTOR * 10 + 1):
            kept.write(point("cpu", t, v=t))
        with pytest.raises(OSError, match="cpu"):
            kept.store.seal()
        with pytest.raises(StoreBusy) as busy:
            kept.store.declare(BUCKET, batch([point("new", 1, v=1)]))
        assert (busy.value.retry, busy.value.http_status) == (True, 503)
        assert kept.store.snapshot(BUCKET, "new") is None, "nothing was changed"
        obstacle.unlink()
        kept.store.seal()
        kept.write(point("new", 1, v=1))
        assert len(kept.rows("cpu")) == BUSY_FACTOR * 10 + 1


def test_a_full_disk_under_the_catalogue_is_told_as_busy_and_passes(kept: Kept) -> None:
    pages = kept.database.rows("PRAGMA page_count")[0][0]
    kept.database.rows(f"PRAGMA max_page_count = {pages}")
    wide = batch([Point("wide", {f"field_{i}": 1.0 for i in range(1_000)}, {}, 1)])
    with pytest.raises(StoreBusy, match="full"):
        kept.store.declare(BUCKET, wide)
    assert kept.store.snapshot(BUCKET, "wide") is None, "what is not on disk is not known"
    kept.database.rows("PRAGMA max_page_count = 100000")
    assert kept.store.declare(BUCKET, wide)
    kept.reopen()
    assert len(types_of(kept, "wide")) == 1_000


def test_an_unknown_bucket_is_named(kept: Kept) -> None:
    for ask in (
        kept.store.field_types,
        lambda b: kept.store.snapshot(b, "m"),
        lambda b: kept.store.declare(b, {}),
    ):
        with pytest.raises(BucketNotFound, match='bucket "nope" not found'):
            ask("nope")


def test_append_tells_what_changed(kept: Kept) -> None:
    applied = kept.write(
        point("cpu", 30, {"host": "a"}, v=1), point("cpu", 10, v=2), point("mem", 5, {"host": "b"}, v=1)
    )
    assert applied.spans == {"cpu": (10, 30), "mem": (5, 5)}
    assert applied.hosts == {"cpu": frozenset({"a", ""}), "mem": frozenset({"b"})}
    assert applied.new_schema
    assert not kept.write(point("cpu", 40, {"host": "a"}, v=3)).new_schema
    assert kept.write(point("cpu", 40, {"host": "c"}, v=3)).new_schema


def test_messages_without_points_move_the_watermark(kept: Kept) -> None:
    kept.store.skip(LP)
    assert kept.store.seal() == 0
    assert kept.store.streams.watermarks() == {"LP": Watermark(LP.created, 7)}


def test_seals_are_remembered_by_time_so_that_old_messages_may_go(kept: Kept) -> None:
    kept.write(point("cpu", 1, v=1), position=LP)
    kept.store.seal()
    assert kept.store.streams.sealed_before(0) == {}
    assert kept.store.streams.sealed_before(2**62) == {"LP": 7}


def test_each_utc_day_gets_a_file_of_its_own(kept: Kept) -> None:
    times = [-DAY_NS - 1, -DAY_NS, -1, 0, DAY_NS - 1, DAY_NS, 40 * DAY_NS]
    points = [point("cpu", t, v=t) for t in times]
    kept.write(*points)
    assert kept.store.seal() == len(times)
    assert sorted(int(path.name.rsplit("-", 3)[0]) for path in kept.files) == [-2, -1, 0, 1, 40]
    assert kept.rows("cpu") == merged(points)


@pytest.mark.thorough
@settings(max_examples=5)
@given(
    rounds=st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=3),
        min_size=13,
        max_size=27,
    )
)
def test_merging_segments_changes_no_answer(
    folders: Iterator[Path], rounds: list[list[tuple[int, bool]]]
) -> None:
    with Kept(next(folders)) as kept:
        points: list[Point] = []
        for number, times in enumerate(rounds):
            sealed = [point("m", t, {"host": "a"}, **{"v" if first else "w": number}) for t, first in times]
            points += sealed
            kept.write(*sealed)
            kept.store.seal()
            kept.store.upkeep.compact()
            assert kept.rows("m") == merged(points)
        kept.reopen()
        assert kept.rows("m") == merged(points)


def test_merged_files_stay_for_the_queries_that_know_them_and_go_later(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept:
        kept.store = Store(tmp_path / "segments", kept.database, kept.duck, seal_rows=10, retire_after=0.0)
        snapshots = []
        for t in range(20):
            kept.write(point("m", t, v=t))
            kept.store.seal()
            snapshots.append(kept.store.snapshot(BUCKET, "m"))
            if kept.store.upkeep.compact():
                break
        old = snapshots[-1]
        assert old is not None
        assert all(segment.path.exists() for segment in old.segments)
        assert kept.store.statistics().segments < len(old.segments)
        kept.store.upkeep.compact()
        known = {segment.path for segments in kept.store._catalogue.segments.values() for segment in segments}
        assert set(kept.files) == known


NASTY = [
    "..",
    ".",
    "a/b",
    "x" * 300,
    "CON",
    "ü☀🙂" * 40,
    "a b",
    "%2E",
    "a\x00b",
    "nul.",
    "~",
    '*?<>|:"\\',
    "a%2Fb",
    "",
]


def test_folder_names_are_safe_and_different() -> None:
    names = [folder_name(name) for name in NASTY if name]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert name not in (".", "..")
        assert len(name.encode()) <= 120
        assert not set(name) & set('/\\:*?"<>|\x00')


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_names_never_share_a_folder(one: str, other: str) -> None:
    if one.encode(errors="replace") == one.encode(errors="surrogatepass") and one != other:
        assert folder_name(one) != folder_name(other)


@pytest.mark.parametrize("name", [name for name in NASTY if name and "\x00" not in name])
def test_measurements_of_any_name_are_sealed_inside_the_data_folder(kept: Kept, name: str) -> None:
    points = [point(name, 1, {name: "x"}, **{name: 1.5})]
    kept.write(*points)
    kept.store.seal()
    assert kept.rows(name) == merged(points)
    assert [len(path.relative_to(kept.folder / "segments").parts) for path in kept.files] == [3]


def test_a_catalogue_of_a_newer_program_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"newer Heliograph .*update"):
        Database(path)


@pytest.mark.parametrize("asked", [True, False])
def test_policies_of_a_catalogue_in_which_influxql_made_its_own_tables_stay(
    tmp_path: Path, *, asked: bool
) -> None:
    row = ("db", "week", "db/week", 86_400, 1, 1)
    old = sqlite3.connect(tmp_path / "catalog.db")
    old.executescript("".join(_MIGRATIONS[:6]) + "PRAGMA user_version = 6;")
    if asked:
        old.executescript(_MIGRATIONS[6])
        old.execute("INSERT INTO influx_policy VALUES (?, ?, ?, ?, ?, ?)", row)
        old.commit()
    old.close()
    with closing(Database(tmp_path / "catalog.db")) as database:
        assert database.rows("SELECT * FROM influx_policy") == ([row] if asked else [])
        assert database.rows("SELECT * FROM influx_dropped") == []
        assert database.rows("PRAGMA user_version") == [(len(_MIGRATIONS),)]


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.db")
    with pytest.raises(StoreError), database.transaction() as sql:
        sql.executemany("INSERT INTO bucket VALUES (?, 1)", [("half",), ("half",)])
    assert database.rows("SELECT * FROM bucket") == []
    with database.transaction() as sql:
        sql.execute("INSERT INTO bucket VALUES ('whole', 1)")
    assert database.rows("SELECT name FROM bucket") == [("whole",)]
    database.close()


def test_a_look_at_the_catalogue_does_not_wait_for_a_transaction(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.db")
    with ThreadPoolExecutor(1) as other, database.transaction() as sql:
        sql.execute("INSERT INTO bucket VALUES ('new', 1)")
        assert other.submit(database.committed, "SELECT name FROM bucket").result(60) == []
    assert database.committed("SELECT name FROM bucket") == [("new",)]
    database.close()


def test_files_that_no_catalogue_names_are_left_alone(kept: Kept) -> None:
    kept.write(point("cpu", 1, load=1.5))
    kept.store.seal()
    lost = kept.files
    kept.close()
    for path in kept.folder.glob("catalog.db*"):
        path.unlink()
    kept.open()
    assert kept.files == lost, "the points of a lost catalogue are not thrown away"
    assert kept.store.unknown_files == len(lost)


def test_a_stream_that_ends_before_what_was_sealed_of_it_is_read_again_also_after_a_crash(kept: Kept) -> None:
    kept.write(point("cpu", 1, load=1.5), position=Position("LP", "c", 10))
    kept.store.seal()
    assert kept.store.streams.resume("LP", "c", first_seq=1, last_seq=12) == 10
    assert kept.store.streams.resume("LP", "c", first_seq=1, last_seq=1) == 0, "restored from an older copy"
    kept.reopen()
    assert kept.store.streams.resume("LP", "c", first_seq=1, last_seq=30) == 0, "the old mark is void"
    assert kept.store.streams.resume("LP", "other", first_seq=5, last_seq=30) == 4, "recreated"


def test_generations_stay_small_however_far_sealing_is_behind(kept: Kept) -> None:
    text = "x" * 100_000
    for t in range(400):
        kept.write(point("log", t, line=text))
    biggest = max(generation.size_bytes for generation in kept.store._hot.sealing)
    assert SEAL_BYTES <= biggest < SEAL_BYTES + 2 * len(text)
    assert kept.store.seal() == 400
    assert kept.store.statistics().rows_hot == 0


def test_two_measurements_never_share_a_file(kept: Kept) -> None:
    long = "a" * 200
    fold = folder_name(long)
    kept.write(point(long, 1, v=1.0), point(fold, 1, v=2.0))
    assert kept.store.seal() == 2
    assert kept.rows(long) == merged([point(long, 1, v=1.0)])
    assert kept.rows(fold) == merged([point(fold, 1, v=2.0)])


def test_a_measurement_cannot_get_more_columns_than_can_be_sealed(kept: Kept) -> None:
    wide = {f"f{i}": 1.5 for i in range(MAX_COLUMNS - 1)}
    kept.write(*[Point("wide", wide, {"host": "a"}, t) for t in (3, 1, 2)])  # out of order: the costly way
    with pytest.raises(TooManyColumns, match="1,001"):
        kept.write(point("wide", 4, {"host": "a"}, one_more=1.0))
    assert kept.store.seal() == 3
    assert len(kept.rows("wide")) == 3


def test_points_that_find_no_room_for_their_fields_are_left_out_and_no_others(kept: Kept) -> None:
    kept.write(Point("wide", {f"f{i}": 1.5 for i in range(MAX_COLUMNS - 4)}, {"host": "a"}, 1))
    some = [
        point("wide", 2, {"host": "a"}, f0=2.0),
        point("wide", 3, {"host": "a"}, a=1.0, b=1.0, c=1.0, d=1.0),  # three find room
        point("wide", 4, {"host": "a"}, a=4.0, b=4.0),
        point("wide", 5, {"host": "a", "room": "x", "floor": "y"}, a=5.0),  # two tags, and one place is left
        point("wide", 6, {"host": "a", "room": "x"}, a=6.0),
        point("wide", 7, {"host": "a"}, e=7.0),
        point("small", 1, {"host": "a"}, v=1.0),
    ]
    fits, refused = kept.store.refuse_new_columns(BUCKET, batch(some))
    assert refused == {"wide": 3}
    assert list(fits["wide"].times_ns) == [2, 4, 6]
    assert list(fits["small"].times_ns) == [1]
    assert kept.store.declare(BUCKET, fits)
    kept.store.append(BUCKET, fits, LP)
    assert kept.store.seal() == 5
    assert sorted(time_ns for _, time_ns in kept.rows("wide")) == [1, 2, 4, 6]
    again, refused = kept.store.refuse_new_columns(BUCKET, batch(some))
    assert (list(again["wide"].times_ns), refused) == ([2, 4, 6], {"wide": 3}), "a replay takes the same"

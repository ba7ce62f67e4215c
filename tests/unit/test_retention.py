"""What is kept for how long: nothing younger is ever forgotten, and what is gone stays gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.errors import BucketExists, BucketNotFound, StoreBusy, StoreError
from heliograph.model.point import Point
from heliograph.model.time import DAY_NS, SECOND_NS
from heliograph.model.watermark import Watermark
from heliograph.store import forgetting
from heliograph.store.applied import Position
from heliograph.store.database import _MIGRATIONS
from heliograph.store.relation import Segment
from heliograph.store.retention import FOREVER, WHOLE_BUCKET, Keeping, Place, keep_ns, surplus, without_old
from heliograph.store.store import Store
from tests.unit.stored_points import BUCKET, Kept, batch, merged, point, read, series_key, types_of

HOUR_NS = 3_600 * SECOND_NS
NOW = 100 * DAY_NS + 20 * HOUR_NS


def sealed(kept: Kept, *points: Point) -> None:
    kept.write(*points)
    kept.store.seal()


def series_of(kept: Kept, measurement: str) -> set[tuple[tuple[str, str], ...]]:
    with kept.store.reading() as catalogue:
        return set(catalogue.series.get((BUCKET, measurement), {}))


def rows_of_catalogue(kept: Kept) -> set[Path]:
    return {kept.folder / "segments" / path for (path,) in kept.database.rows("SELECT path FROM segment")}


# --- which rule, and what goes: pure -------------------------------------------------------------


def test_the_closest_rule_wins() -> None:
    rules = {WHOLE_BUCKET: 1, "cpu": 2, "cpu*": 3, "c*": 4, "alarm?": FOREVER, "[": 6}
    default = 99
    told = {name: keep_ns(rules, name, default) for name in ("cpu", "cpu_all", "cold", "alarm1", "mem", "[")}
    assert told == {"cpu": 2, "cpu_all": 3, "cold": 4, "alarm1": FOREVER, "mem": 1, "[": 6}
    assert keep_ns({"cpu": 2}, "mem", default) == default
    assert keep_ns({"CPU*": 2}, "cpu1", default) == default, "names differ by case"


SIZED = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 9), st.integers(1, 9)), max_size=20
).map(
    lambda found: [
        ((BUCKET, name), Segment(i, Path(), frozenset(), 1, day * DAY_NS, day * DAY_NS + high, size))
        for i, (name, day, high, size) in enumerate(found)
    ]
)


@given(placed=SIZED, limit_bytes=st.integers(0, 60))
def test_the_oldest_days_make_room_and_no_more_than_needed(
    placed: list[tuple[Place, Segment]], limit_bytes: int
) -> None:
    segments: dict[Place, list[Segment]] = {}
    for place, segment in placed:
        segments.setdefault(place, []).append(segment)
    gone = [segment for _, segment in surplus(segments, limit_bytes=limit_bytes)]
    stay = [segment for _, segment in placed if segment not in gone]
    assert sum(s.size_bytes for s in stay) <= limit_bytes
    if gone:
        assert sum(s.size_bytes for s in [*stay, gone[-1]]) > limit_bytes
        newest_day = max(s.min_ns // DAY_NS for s in gone)
        assert all(s.min_ns // DAY_NS >= newest_day for s in stay)


POINTS = st.lists(
    st.builds(
        lambda name, time_ns, host, fields: Point(name, fields, {"host": host} if host else {}, time_ns),
        st.sampled_from(["a", "b"]),
        st.integers(-5, 20),
        st.sampled_from(["", "x", "y"]),
        st.dictionaries(st.sampled_from(["f", "g"]), st.floats(0, 9), min_size=1)
        | st.dictionaries(st.sampled_from(["s"]), st.sampled_from(["p", "q"]), min_size=1),
    ),
    min_size=1,
)


@given(points=POINTS, limit_ns=st.integers(-6, 21))
def test_a_batch_without_its_old_points_is_the_batch_of_the_others(
    points: list[Point], limit_ns: int
) -> None:
    young = [p for p in points if p.time_ns is not None and p.time_ns >= limit_ns]
    rest, refused = without_old(batch(points), lambda _: limit_ns)
    assert refused == len(points) - len(young)
    wanted = batch(young)
    assert rest.keys() == wanted.keys()
    for name, table in rest.items():
        other = wanted[name]
        assert (table.series, table.codes, table.times_ns) == (other.series, other.codes, other.times_ns)
        assert table.columns.keys() == other.columns.keys()
        for field, column in table.columns.items():
            column.pad(len(table))
            other.columns[field].pad(len(table))
            assert column == other.columns[field]


# --- expiry ----------------------------------------------------------------------------------------

ROUND = st.lists(
    st.tuples(
        st.sampled_from(["m", "mm"]),
        st.integers(0, 45),
        st.sampled_from(["a", "b"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.thorough
@settings(max_examples=15)
@given(
    rounds=st.lists(st.tuples(ROUND, st.booleans()), min_size=1, max_size=16),
    keeps=st.dictionaries(
        st.sampled_from([WHOLE_BUCKET, "m", "m?"]), st.sampled_from([0, 6, 30]), min_size=1
    ),
)
def test_expiry_never_removes_a_point_younger_than_is_kept(
    folders: Iterator[Path],
    rounds: list[tuple[list[tuple[str, int, str, bool]], bool]],
    keeps: dict[str, int],
) -> None:
    """Random seals, merges, rules and restarts; against the naive model of what must still be there."""
    with Kept(next(folders)) as kept:
        rules = {pattern: hours * HOUR_NS for pattern, hours in keeps.items()}
        for pattern, keep in rules.items():
            kept.store.set_rule(BUCKET, pattern, keep)
        written: dict[str, list[Point]] = {}
        for number, (entries, seals) in enumerate(rounds):
            for name, hours, host, first in entries:
                each = point(
                    name, NOW - hours * HOUR_NS, {"host": host}, **{"v" if first else "w": float(number)}
                )
                written.setdefault(name, []).append(each)
                kept.write(each)
            if seals:
                kept.store.seal()
                kept.store.upkeep.compact()
            kept.store.forgetting.expire(NOW)
        kept.store.seal()
        gone = kept.store.forgetting.expire(NOW)
        assert kept.store.forgetting.expire(NOW).rows == 0, f"everything is gone at the first call: {gone}"
        kept.reopen()
        for name, points in written.items():
            keep = keep_ns(rules, name, FOREVER)
            all_, there = merged(points), kept.rows(name)
            oldest_ns = -1 if keep == FOREVER else NOW - keep
            for key, fields in all_.items():
                if key[1] >= oldest_ns:
                    assert there[key] == fields
            assert there.keys() <= all_.keys()
            with kept.store.reading() as catalogue:
                segments = catalogue.segments.get((BUCKET, name), [])
            assert all(s.max_ns >= oldest_ns for s in segments)
            assert {series for series, _ in there} <= series_of(kept, name)
        assert set(kept.files) == rows_of_catalogue(kept)


def test_a_whole_day_goes_when_its_newest_point_is_too_old(kept: Kept) -> None:
    kept.store.set_rule(BUCKET, WHOLE_BUCKET, 2 * DAY_NS)
    day = 90 * DAY_NS
    points = [point("m", day + hour * HOUR_NS, v=hour) for hour in (1, 23)]
    sealed(kept, *points)
    assert kept.store.forgetting.expire(points[1].time_ns + 2 * DAY_NS if points[1].time_ns else 0).rows == 0
    assert kept.rows("m") == merged(points), "the older one stays as long as the other does"
    gone = kept.store.forgetting.expire(day + 23 * HOUR_NS + 2 * DAY_NS + 1)
    assert (gone.rows, gone.segments, gone.newest_ns) == (2, 1, day + 23 * HOUR_NS)
    assert kept.rows("m") == {}


def test_a_running_query_finds_its_files_and_they_go_later(kept: Kept) -> None:
    sealed(kept, point("m", 1, v=1))
    kept.store.set_rule(BUCKET, WHOLE_BUCKET, HOUR_NS)
    looked_up = kept.store.snapshot(BUCKET, "m")
    assert looked_up is not None
    assert kept.store.forgetting.expire(NOW).rows == 1
    assert read(looked_up, kept.duck) == merged([point("m", 1, v=1)])
    assert kept.rows("m") == {}
    kept.store.forgetting.expire(NOW)
    assert len(kept.files) == 1, "not before retire_after"


def test_files_and_empty_folders_of_what_is_forgotten_go(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept:
        kept.store = Store(tmp_path / "segments", kept.database, kept.duck, seal_rows=10, retire_after=0.0)
        kept.store.create_bucket("lab", {WHOLE_BUCKET: HOUR_NS})
        columns = batch([point("m", 1, v=1)])
        kept.store.declare("lab", columns)
        kept.store.append("lab", columns, None)
        sealed(kept, point("m", 1, v=1))
        assert kept.store.forgetting.expire(NOW).rows == 1
        kept.store.forgetting.expire(NOW)
        assert [path.parent.parent.name for path in kept.files] == [BUCKET]
        assert [path.name for path in (tmp_path / "segments").iterdir()] == [BUCKET]
        sealed(kept, point("m", 2, v=2))
        assert len(kept.rows("m")) == 2, "a removed folder is made again"


def test_devices_long_gone_leave_the_catalogue_and_columns_stay(kept: Kept) -> None:
    kept.store.set_rule(BUCKET, WHOLE_BUCKET, DAY_NS)
    gone, silent, alive = ({"host": host} for host in ("gone", "silent", "alive"))
    sealed(kept, point("m", NOW - 5 * DAY_NS, gone, v=1), point("only", NOW - 5 * DAY_NS, gone, w=1))
    sealed(kept, point("m", NOW - HOUR_NS, silent, v=1))
    kept.write(point("m", NOW, alive, v=1))
    kept.store.forgetting.expire(NOW)
    left = {series_key(silent), series_key(alive)}
    assert (series_of(kept, "m"), series_of(kept, "only")) == (left, set())
    kept.store.seal()
    kept.reopen()
    assert (series_of(kept, "m"), series_of(kept, "only")) == (left, set())
    assert types_of(kept, "only").keys() == {"w"}
    sealed(kept, point("only", NOW, gone, w=2))
    assert series_of(kept, "only") == {series_key(gone)}


def test_a_series_with_hot_points_stays_over_expiry_seal_and_restart(kept: Kept) -> None:
    host = {"host": "a"}
    sealed(kept, point("m", NOW - 9 * DAY_NS, host, v=1))
    kept.store.set_rule(BUCKET, "m", DAY_NS)
    kept.write(point("m", NOW - HOUR_NS, host, v=2))
    assert kept.store.forgetting.expire(NOW).rows == 1
    assert series_of(kept, "m") == {series_key(host)}
    kept.store.seal()
    kept.reopen()
    assert series_of(kept, "m") == {series_key(host)}
    assert kept.rows("m") == merged([point("m", NOW - HOUR_NS, host, v=2)])


def test_the_cap_never_takes_hot_points_and_stops_when_the_rest_fits(kept: Kept) -> None:
    for day in (3, 1, 2):
        sealed(kept, point("m", day * DAY_NS, v=day), point("n", day * DAY_NS, v=day))
    kept.write(point("m", 1, v=0))
    size = kept.store.statistics().size_bytes
    assert kept.store.forgetting.shrink(size).segments == 0
    gone = kept.store.forgetting.shrink(size - 1)
    assert (gone.segments, gone.newest_ns) == (1, DAY_NS)
    gone = kept.store.forgetting.shrink(0)
    assert gone.segments == 5
    assert kept.store.statistics().rows_hot == 1
    assert kept.rows("m") == merged([point("m", 1, v=0)])


def test_expiry_that_fails_on_the_way_goes_on_at_the_next_call(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "FORGET_AT_ONCE", 2)
    for day in range(5):
        sealed(kept, point("m", day * DAY_NS, v=day))
    kept.store.set_rule(BUCKET, WHOLE_BUCKET, HOUR_NS)
    kept.database.rows(
        "CREATE TRIGGER refuse BEFORE DELETE ON segment WHEN old.id = 4"
        " BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
    )
    with pytest.raises(StoreError):
        kept.store.forgetting.expire(NOW)
    assert [time_ns // DAY_NS for _, time_ns in sorted(kept.rows("m"))] == [2, 3, 4]
    kept.database.rows("DROP TRIGGER refuse")
    kept.reopen()
    assert set(kept.files) == rows_of_catalogue(kept)
    assert [time_ns // DAY_NS for _, time_ns in sorted(kept.rows("m"))] == [2, 3, 4]
    assert kept.store.forgetting.expire(NOW).rows == 3


# --- what comes too late ---------------------------------------------------------------------------


def test_points_older_than_is_kept_are_refused_by_their_receive_time(kept: Kept) -> None:
    kept.store.set_rule(BUCKET, WHOLE_BUCKET, DAY_NS)
    kept.store.set_rule(BUCKET, "log*", FOREVER)
    columns = batch(
        [point("m", NOW - DAY_NS - 1, old=1), point("m", NOW - DAY_NS, v=1), point("log1", 5, v=1)]
    )
    rest, refused = kept.store.refuse_old(BUCKET, columns, NOW)
    assert refused == 1
    assert {name: list(table.times_ns) for name, table in rest.items()} == {"m": [NOW - DAY_NS], "log1": [5]}
    assert rest["m"].columns.keys() == {"v"}, "a refused point settles no type"
    assert kept.store.refuse_old(BUCKET, rest, NOW)[0]["m"] is rest["m"], "what is young enough is not copied"
    assert kept.store.refuse_old(BUCKET, columns, NOW - 1)[1] == 0


# --- buckets ---------------------------------------------------------------------------------------


def test_buckets_and_rules_outlive_a_restart(kept: Kept) -> None:
    kept.store.create_bucket("lab", {WHOLE_BUCKET: 5 * DAY_NS})
    kept.store.set_rule("lab", "cpu*", HOUR_NS)
    kept.store.set_rule("lab", "mem", FOREVER)
    kept.store.set_rule("lab", "cpu*", None)
    before = kept.store.buckets()
    kept.reopen()
    assert kept.store.buckets() == before
    lab, telegraf = before
    assert (lab.name, lab.keep_ns, lab.own, lab.rules) == ("lab", 5 * DAY_NS, True, {"mem": FOREVER})
    assert (telegraf.name, telegraf.keep_ns, telegraf.own, telegraf.rules) == (BUCKET, FOREVER, False, {})
    with pytest.raises(BucketExists, match='bucket "lab" exists already'):
        kept.store.create_bucket("lab", {})
    with pytest.raises(BucketNotFound):
        kept.store.set_rule("nope", WHOLE_BUCKET, 1)
    with pytest.raises(BucketNotFound):
        kept.store.delete_bucket("nope", {})


def test_a_bucket_without_a_rule_follows_the_default(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept:
        sealed(kept, point("m", NOW - 3 * DAY_NS, v=1))
        kept.store = Store(
            tmp_path / "segments", kept.database, kept.duck, seal_rows=10, keeping=Keeping(2 * DAY_NS)
        )
        assert kept.store.buckets()[0].keep_ns == 2 * DAY_NS
        assert kept.store.forgetting.expire(NOW).rows == 1


def test_a_report_tells_the_oldest_point_and_the_next_to_go(kept: Kept) -> None:
    kept.store.set_rule(BUCKET, WHOLE_BUCKET, 10 * DAY_NS)
    kept.store.set_rule(BUCKET, "log", FOREVER)
    sealed(kept, point("log", 5, v=1), point("m", NOW - DAY_NS, v=1))
    kept.write(point("m", NOW, v=1))
    (report,) = kept.store.buckets()
    assert (report.rows, report.segments, report.oldest_ns) == (3, 2, 5)
    assert report.next_expiry_ns == NOW + 9 * DAY_NS
    assert report.size_bytes == kept.store.statistics().size_bytes


def test_a_deleted_bucket_leaves_nothing_and_its_messages_are_known(kept: Kept) -> None:
    kept.store.create_bucket("lab", {"m": DAY_NS})
    columns = batch([point("m", 1, v=1)])
    kept.store.declare("lab", columns)
    kept.store.append("lab", columns, Position("LP", "c", 6))
    kept.store.seal()
    kept.store.append("lab", columns, Position("LP", "c", 7))  # this one stays hot
    assert kept.store.delete_bucket("lab", {"LP": Watermark("c", 9)}).rows == 2
    assert kept.store.life("lab") is None
    assert kept.store.statistics().rows_hot == 0
    for table in ("bucket", "column_", "series", "segment", "retention"):
        name = "name" if table == "bucket" else "bucket"
        assert kept.database.rows(f"SELECT * FROM {table} WHERE {name} = 'lab'") == []
    kept.store.seal()
    kept.reopen()
    assert kept.files == []
    with pytest.raises(BucketNotFound):
        kept.store.snapshot("lab", "m")
    kept.store.create_bucket("lab", {})
    assert kept.store.streams.was_deleted("lab", Position("LP", "c", 9))
    assert not kept.store.streams.was_deleted("lab", Position("LP", "c", 10))
    assert not kept.store.streams.was_deleted("lab", Position("LP", "a younger stream", 3))
    assert not kept.store.streams.was_deleted(BUCKET, Position("LP", "c", 3))
    kept.store.streams.release("LP", "c", 9)
    assert kept.store.streams.was_deleted("lab", Position("LP", "c", 9))
    kept.store.streams.release("LP", "c", 10)
    kept.reopen()
    assert not kept.store.streams.was_deleted("lab", Position("LP", "c", 9)), "the stream has it no more"


def test_the_bucket_of_mqtt_messages_is_there_again_at_once_and_empty(kept: Kept) -> None:
    kept.store.set_rule(BUCKET, WHOLE_BUCKET, DAY_NS)
    sealed(kept, point("m", 1, v=1))
    life = kept.store.life(BUCKET)
    kept.store.delete_bucket(BUCKET, {})
    assert kept.store.life(BUCKET) not in (None, life)
    assert kept.rows("m") == {}
    kept.write(point("m", 1, v="another type"))
    kept.store.seal()
    kept.reopen()
    assert kept.rows("m") == merged([point("m", 1, v="another type")])
    assert not kept.store.buckets()[0].own


def test_a_delete_that_cannot_be_written_changes_nothing(kept: Kept) -> None:
    kept.store.create_bucket("lab", {WHOLE_BUCKET: DAY_NS})
    before = kept.store.buckets()
    kept.database.rows("PRAGMA query_only = on")
    with pytest.raises(StoreBusy):
        kept.store.delete_bucket("lab", {})
    with pytest.raises(StoreBusy):
        kept.store.set_rule("lab", "m", 1)
    kept.database.rows("PRAGMA query_only = off")
    assert kept.store.buckets() == before
    kept.reopen()
    assert kept.store.buckets() == before


# --- a folder of the version before ---------------------------------------------------------------


def as_version_1(catalog: Path) -> sqlite3.Connection:
    """Make a catalogue one of version 1, with the rows that such a one would have."""
    new = catalog.with_suffix(".new")
    catalog.rename(new)
    connection = sqlite3.connect(catalog)
    connection.executescript(_MIGRATIONS[0])
    connection.execute("ATTACH ? AS new", (str(new),))
    for (table,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
        columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
        connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
    connection.execute("PRAGMA main.user_version = 1")
    connection.commit()
    return connection


@pytest.mark.parametrize("first", ["", "without retired"])
def test_a_folder_of_catalogue_version_1_opens_and_keeps_what_it_promised(tmp_path: Path, first: str) -> None:
    points = [point("m", 5, {"host": "a"}, v=1)]
    with Kept(tmp_path) as kept:
        kept.write(*points, position=Position("LP", "c", 3))
        kept.store.seal()
    connection = as_version_1(tmp_path / "catalog.db")
    if first:
        connection.execute("DROP TABLE retired")  # the first ones had none
    connection.close()
    with Kept(tmp_path) as kept:
        kept.store = Store(
            tmp_path / "segments", kept.database, kept.duck, seal_rows=10, keeping=Keeping(DAY_NS)
        )
        assert kept.database.rows("PRAGMA user_version") == [(len(_MIGRATIONS),)]
        assert kept.store.forgetting.expire(NOW).rows == 0, "nobody asked to forget it"
        assert kept.rows("m") == merged(points)
        assert kept.store.streams.watermarks() == {"LP": Watermark("c", 3)}
        assert kept.database.rows("SELECT * FROM retired") == []
        (report,) = kept.store.buckets()
        assert (report.keep_ns, report.own) == (FOREVER, True)
        kept.store.set_rule(BUCKET, WHOLE_BUCKET, None)
        assert kept.store.forgetting.expire(NOW).rows == 1

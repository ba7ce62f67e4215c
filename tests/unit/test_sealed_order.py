"""How points stand in a sealed file: sorted by tags and time, each once, whatever the engine does beside."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import pytest

from heliograph.model.point import FieldType
from heliograph.model.table import Column, Table
from heliograph.store.duck import Duck
from heliograph.store.hot.table import HotTable
from heliograph.store.schema import Measurement
from heliograph.store.segments import SegmentWriter
from heliograph.store.sql_text import literal

STRANGE = ["a'b", '"q"', "back\\slash", "täg", "line\nfeed", "')--", "", "{}", "\U0001f321", "z;DROP"]


def table(hosts: list[str], rows: int) -> Table:
    """Return rows of all hosts in turn, times rising; the last host has no tag at all."""
    series: list[Any] = [(("host", host), ("room", f"r{i % 3}")) for i, host in enumerate(hosts) if host]
    made = Table("m", [*series, ()])
    made.codes = array("i", [row % len(made.series) for row in range(rows)])
    made.times_ns = array("q", [row // len(made.series) for row in range(rows)])
    made.columns["v"] = Column(FieldType.INTEGER, array("q", range(rows)), bytearray(b"\1" * rows))
    return made


def sealed(folder: Path, hot: Table, engine: Duck) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return the rows of the file that a table is sealed into: as they stand there, and as they should."""
    measurement = Measurement("m")
    for new in measurement.missing(hot):
        measurement.add(new.name, new.type, new.physical)
    kept = HotTable(measurement)
    kept.append(hot)
    kept.freeze()
    (written,) = SegmentWriter(folder, engine).write("b", measurement, kept, "s")
    assert (written.rows, written.min_ns, written.max_ns) == (len(hot), 0, max(hot.times_ns))
    with engine.cursor() as cursor:
        file = f"read_parquet({literal(str(written.path))}, file_row_number = true)"
        stand = cursor.rows(f"SELECT host, room, time, v FROM {file} ORDER BY file_row_number")
        should = cursor.rows(f"SELECT host, room, time, v FROM {file} ORDER BY host, room, time")
    return stand, should


@pytest.mark.thorough
@pytest.mark.parametrize("rows", [50, 1_000, 300_000])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_sealed_file_is_sorted_by_tags_and_time(tmp_path: Path, rows: int, threads: int) -> None:
    engine = Duck((tmp_path,), memory_bytes=256 * 2**20, threads=threads, spill=tmp_path / "spill")
    hot = table(STRANGE, rows)
    stand, should = sealed(tmp_path, hot, engine)
    engine.close()
    assert stand == should
    wanted = {
        (*(dict(hot.series[code]).get(tag) for tag in ("host", "room")), time_ns, value)
        for code, time_ns, value in zip(hot.codes, hot.times_ns, range(rows), strict=True)
    }
    assert set(stand) == wanted


def test_a_tag_with_a_nul_is_sealed_as_it_is(tmp_path: Path) -> None:
    engine = Duck((tmp_path,), memory_bytes=64 * 2**20, threads=1)
    hot = table(["a\0b", "a", "a\0"], 1_000)
    stand, should = sealed(tmp_path, hot, engine)
    engine.close()
    assert stand == should
    assert {row[0] for row in stand} == {"a\0b", "a", "a\0", None}

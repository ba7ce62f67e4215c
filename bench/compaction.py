"""What a day's merge takes, and how long seals wait meanwhile: ``python -m bench.compaction``.

A day of one measurement is laid out as seals leave it, one file for every 100,000 points, and then merged
into one file. In the second round a device brings the day's points once more, late and with another value.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.processes import peak_rss_kb, total_kb
from heliograph.model.point import FieldType
from heliograph.model.table import Batch, Column, Table
from heliograph.model.time import DAY_NS
from heliograph.store.catalogue import DEFAULT_BUCKET, Catalogue
from heliograph.store.database import Database
from heliograph.store.duck import Duck
from heliograph.store.relation import render
from heliograph.store.rollups.summary import RAW
from heliograph.store.segment_changes import Sealed
from heliograph.store.segments import SegmentWriter, Written
from heliograph.store.sql_text import literal
from heliograph.store.store import Store

_NAME: Final = "cpu"
_SEAL_ROWS: Final = 100_000
_HOSTS: Final = 100
_TAGS: Final = {
    "hostname": "'host_' || h",
    "region": "'region-' || h % 5",
    "datacenter": "'dc-' || h % 7",
    "rack": "(h % 13)::VARCHAR",
    "os": "'Ubuntu16.10'",
    "arch": "'x86'",
    "team": "'team-' || h % 3",
    "service": "(h % 11)::VARCHAR",
    "service_version": "'1'",
    "service_environment": "'production'",
}
_FIELDS: Final = [f"usage_{number}" for number in range(10)]
_DAY: Final = 20_000
_SUMMED: Final = 2
_MEGABYTE: Final = 1024
_ENGINE_BYTES: Final = 1024**3
"""For the answers only: those before the merge need much."""
_PAUSE: Final = 0.1


@dataclass
class _Day:
    """A store with one day of points, not merged yet."""

    folder: Path
    points: int
    seal_ms: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        segments = self.folder / "segments"
        segments.mkdir(exist_ok=True)
        self.database = Database(self.folder / "catalog.db")
        self.duck = Duck((segments,), memory_bytes=_ENGINE_BYTES, threads=2, spill=self.folder / "spill")
        self.writer = SegmentWriter(segments, self.duck)
        self.store = Store(segments, self.database, self.duck, seal_rows=_SEAL_ROWS)
        self.store.declare(DEFAULT_BUCKET, _batch(_DAY * DAY_NS))

    def close(self) -> None:
        self.duck.close()
        self.database.close()

    def fill(self, *, late: bool) -> None:
        """Write the files that seals would have left."""
        for number, first in enumerate(range(0, self.points, _SEAL_ROWS)):
            self._segment(f"{'late' if late else 'day'}{number}", first, late=late)

    def _segment(self, stamp: str, first: int, *, late: bool) -> None:
        path = self.writer.new_path(DEFAULT_BUCKET, _NAME, f"{_DAY}-{stamp}", RAW)
        step = DAY_NS // (self.points // _HOSTS)
        tags = ", ".join(f"{expression} AS {name}" for name, expression in _TAGS.items())
        fields = ", ".join(
            f"round(50 + 40 * sin(k / {50 + n} + h + {n * late}))::DOUBLE AS {name}"
            for n, name in enumerate(_FIELDS)
        )
        rows = (
            f"SELECT r % {_HOSTS} AS h, r // {_HOSTS} AS k FROM range({first}, {first + _SEAL_ROWS}) AS s(r)"
        )
        file = literal(str(path))
        with self.duck.cursor() as cursor:
            cursor.rows(
                f"COPY (SELECT ({_DAY * DAY_NS} + k * {step})::BIGINT AS time, {tags}, {fields} FROM ({rows})"
                f" ORDER BY {', '.join(_TAGS)}, time) TO {file} (FORMAT parquet, COMPRESSION zstd)"
            )
        low = _DAY * DAY_NS + first // _HOSTS * step
        high = _DAY * DAY_NS + (first + _SEAL_ROWS - 1) // _HOSTS * step
        size_bytes = path.stat().st_size
        written = Written(
            DEFAULT_BUCKET, _NAME, path, frozenset([*_TAGS, *_FIELDS]), _SEAL_ROWS, low, high, size_bytes, 1
        )
        self.store.changes.seal(lambda: Sealed([written], [], {}, {}, ()), lambda: None)

    def files(self) -> int:
        with self.store.reading() as catalogue:
            return len(_segments(catalogue))

    def answer(self) -> tuple[object, ...]:
        """Return what must be the same before and after."""
        snapshot = self.store.snapshot(DEFAULT_BUCKET, _NAME)
        if snapshot is None:
            raise SystemExit("the measurement is gone")
        start_ns = _DAY * DAY_NS
        sums = ", ".join(f"sum({name})" for name in _FIELDS[:_SUMMED])
        with self.duck.cursor() as cursor:
            rows = render(
                snapshot,
                cursor.register,
                start_ns=start_ns,
                end_ns=start_ns + DAY_NS,
                fields=_FIELDS[:_SUMMED],
            )
            return cursor.rows(f"SELECT count(*), count(DISTINCT hostname), {sums} FROM ({rows})")[0]

    @contextmanager
    def sealing(self) -> Iterator[None]:
        """Seal a few points again and again, as a busy hub does; note how long each takes."""
        stop = threading.Event()

        def seal() -> None:
            number = 0
            while not stop.wait(_PAUSE):
                number += 1
                self.store.append(DEFAULT_BUCKET, _batch((_DAY + 2) * DAY_NS + number), None)
                began = time.monotonic()
                self.store.seal()
                self.seal_ms.append(1000 * (time.monotonic() - began))

        thread = threading.Thread(target=seal)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _segments(catalogue: Catalogue) -> list[int]:
    of_day = range(_DAY * DAY_NS, (_DAY + 1) * DAY_NS)
    return [s.rows for s in catalogue.segments.get((DEFAULT_BUCKET, _NAME), ()) if s.min_ns in of_day]


def _batch(time_ns: int) -> Batch:
    series = [tuple(sorted((tag, "x") for tag in _TAGS))]
    columns = {name: Column(FieldType.FLOAT, array("d", [1.0]), bytearray([1])) for name in _FIELDS}
    return {_NAME: Table(_NAME, series, array("i", [0]), array("q", [time_ns]), columns)}


def measure(points: int, *, late: bool) -> str:
    """Return a line of the table."""
    with tempfile.TemporaryDirectory(prefix="helio-compaction-") as folder:
        day = _Day(Path(folder), points)
        day.fill(late=False)
        if late:
            day.fill(late=True)
        before, files = day.answer(), day.files()
        day.close()
        # in a process of its own, in which nothing has used memory before
        done = subprocess.run(
            [sys.executable, "-m", "bench.compaction", "--merge", folder], stdout=subprocess.PIPE, check=True
        )
        told = json.loads(done.stdout)
        same = "same" if list(before) == told["answer"] else f"DIFFERENT: {before} {told['answer']}"
    name = f"{points:,}{' twice' if late else ''}"
    return (
        f"| {name} | {files} | {told['files']} | {told['seconds']:.1f} | {told['extra_kb'] / _MEGABYTE:.0f} |"
        f" {told['seals']} | {told['longest_ms']:.0f} | {same} |"
    )


def merge(folder: Path) -> dict[str, Any]:
    """Merge the day in a folder and return the figures."""
    day = _Day(folder, 0)
    day.store.seal()
    pids = [os.getpid()]
    base_kb = total_kb(pids, "Rss")
    with day.sealing():
        began = time.monotonic()
        day.store.upkeep.compact((_DAY + 3) * DAY_NS)
        seconds = time.monotonic() - began
    figures = {
        "seconds": seconds,
        "extra_kb": peak_rss_kb(pids) - base_kb,
        "files": day.files(),
        "seals": len(day.seal_ms),
        "longest_ms": max(day.seal_ms),
        "answer": day.answer(),
    }
    day.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.compaction", description=__doc__)
    parser.add_argument("--points", type=int, default=10_000_000, help="of the day (%(default)s)")
    parser.add_argument("--merge", metavar="FOLDER", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.merge:
        print(json.dumps(merge(args.merge)))
        return
    print("| points | files before | after | seconds | extra MB | seals | longest ms | answers |")
    print("|---|---|---|---|---|---|---|---|")
    for late in (False, True):
        print(measure(args.points // (1 + late), late=late), flush=True)


if __name__ == "__main__":
    main()

"""Measure what summaries cost and what they spare: a panel of 30 days beside one of a day.

    python -m bench.rollups                     # 100 series, a point each 10 s for 30 days: some minutes
    python -m bench.rollups --days 7 --step 30  # a quick look

Points go into a store in this process, without broker or HTTP, a day at a time; what is measured is how
long it takes to summarise them, how many bytes that makes, and how long panels take. The same panels are
asked from the points alone, which must give the same answers.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import resource
import statistics
import tempfile
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

from heliograph.model.point import FieldType
from heliograph.model.table import Column, Table
from heliograph.model.time import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from heliograph.query.engine import QueryEngine
from heliograph.query.plan import Aggregate, Columns, Select, Value
from heliograph.store.catalogue import DEFAULT_BUCKET
from heliograph.store.database import Database
from heliograph.store.duck import Duck
from heliograph.store.relation import Snapshot
from heliograph.store.retention import FOREVER, Keeping
from heliograph.store.rollups.summary import RESOLUTIONS
from heliograph.store.segments import rollup_folder
from heliograph.store.store import Store

FIRST_DAY: Final = 20_000 * DAY_NS
ASKED: Final = 10
INTERVALS: Final = 720
"""Of a panel: what fits on a screen."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A store with points of some days."""

    store: Store
    duck: Duck
    days: int

    def ask(self, select: Select) -> tuple[list[float], Columns]:
        """Return the milliseconds of each answer, the first of them cold, and the answer."""
        engine = QueryEngine(self.store, self.duck, threads=2, seconds=600)
        took, answer = [], Columns([], [])
        with asyncio.Runner() as runner:
            for _ in range(1 + ASKED):
                began = time.perf_counter()
                answer = runner.run(engine.select(select))
                took.append(1000 * (time.perf_counter() - began))
        engine.close()
        return took, answer


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; the exit status is 1 if points and summaries do not agree."""
    parser = argparse.ArgumentParser(description="Measure what summaries cost and what they spare.")
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--step", type=int, default=10, help="seconds between the points of a series")
    parser.add_argument("--days", type=int, default=30)
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="helio-rollups-") as folder:
        return _run(Path(folder), args.series, args.step, args.days)


def _run(folder: Path, series: int, step: int, days: int) -> int:
    segments = folder / "segments"
    segments.mkdir()
    database = Database(folder / "catalog.db")
    duck = Duck(
        (segments, rollup_folder(segments)), memory_bytes=128 * 2**20, threads=2, spill=folder / "spill"
    )
    keeping = Keeping(rollups_ns=dict.fromkeys(RESOLUTIONS, FOREVER), settle=0.0)
    store = Store(segments, database, duck, seal_rows=100_000, retire_after=0.0, keeping=keeping)
    try:
        for day in range(days):
            _write(store, series, step, day)
        store.upkeep.compact()
        bench = Bench(store, duck, days)
        _summarise(bench, series * days * 86_400 // step)
        return _panels(bench)
    finally:
        duck.close()
        database.close()


def _write(store: Store, series: int, step: int, day: int) -> None:
    """Write a day as devices would send it: by time, with values that wander, rest and count."""
    luck = random.Random(day)
    for hour in range(24):
        table = Table("host")
        table.series = [(("host", f"h{number:03}"),) for number in range(series)]
        columns: dict[str, array[Any]] = {
            "load": array("d"),
            "used_percent": array("d"),
            "bytes": array("q"),
        }
        for second in range(day * 86_400 + hour * 3_600, day * 86_400 + (hour + 1) * 3_600, step):
            table.times_ns.extend([FIRST_DAY + second * SECOND_NS] * series)
            table.codes.extend(range(series))
            columns["load"].extend(array("d", [round(luck.random() * 4, 2) for _ in range(series)]))
            columns["used_percent"].extend(array("d", [40.0 + second // 3_600 % 7] * series))
            columns["bytes"].extend(
                array("q", [second * 1_000 + luck.randrange(5_000) for _ in range(series)])
            )
        for name, values in columns.items():
            kind = FieldType.FLOAT if values.typecode == "d" else FieldType.INTEGER
            table.columns[name] = Column(kind, values, bytearray(b"\1" * len(table)))
        store.declare(DEFAULT_BUCKET, {"host": table})
        store.append(DEFAULT_BUCKET, {"host": table}, None)
        store.seal()


def _summarise(bench: Bench, points: int) -> None:
    before = bench.store.statistics()
    base_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took: list[float] = []
    more = True
    while more:
        began = time.perf_counter()
        more = bench.store.roll_up(FIRST_DAY + (bench.days + 1) * DAY_NS)
        took.append(time.perf_counter() - began)
    bench.store.upkeep.compact()
    after = bench.store.statistics()
    peak_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base_kb) / 1024
    [report] = bench.store.buckets()
    print(f"points         {points:,} in {before.segments} segments, {before.size_bytes:,} bytes")
    print(f"summarised in  {sum(took):.1f} s, {points / sum(took):,.0f} points/s")
    print(f"steps          {len(took) - 1}, the longest {max(took):.2f} s")
    print(f"peak memory    {peak_mb:+.0f} MiB while summarising and merging summaries")
    for resolution_ns in RESOLUTIONS:
        size_bytes = report.rollups[resolution_ns].size_bytes
        share = size_bytes / before.size_bytes
        print(f"by {resolution_ns // SECOND_NS:>4} s      {size_bytes:,} bytes, {share:.2f} of the points'")
    print(f"their files    {after.rollup_segments}")


def _panels(bench: Bench) -> int:
    differ = 0
    print(f"\n{'panel, ms, median of ' + str(ASKED):<34} 1 day  {bench.days:>2} days  ratio  from points")
    for what, day, long in _plans(bench.days):
        one, _ = bench.ask(day)
        many, answer = bench.ask(long)
        points, wanted = _from_points(bench, long)
        differ += not _same(answer, wanted)
        ms = [statistics.median(some[1:]) for some in (one, many, points)]
        print(f"{what:<34}{ms[0]:>6.1f} {ms[1]:>8.1f} {ms[1] / ms[0]:>6.2f} {ms[2]:>12.1f}")
    print(f"{differ} answers differ" if differ else "all answers agree")
    return 1 if differ else 0


def _plans(days: int) -> Iterator[tuple[str, Select, Select]]:
    """Yield panels, each over the last day and over all days, with about as many intervals."""
    end_ns = FIRST_DAY + days * DAY_NS
    long_ns = days * DAY_NS // INTERVALS
    long_ns -= long_ns % (HOUR_NS if long_ns >= HOUR_NS else MINUTE_NS)
    for what, field, how, group_by in (
        ("mean of all", "load", Aggregate.MEAN, ()),
        ("mean by host", "load", Aggregate.MEAN, ("host",)),
        ("maximum by host", "load", Aggregate.MAX, ("host",)),
        ("rate by host", "bytes", None, ("host",)),
    ):
        day = Select(
            DEFAULT_BUCKET,
            "host",
            (field,),
            end_ns - DAY_NS,
            end_ns,
            DAY_NS // INTERVALS,
            aggregate=how or Aggregate.LAST,
            rate=how is None,
            group_by=group_by,
        )
        yield what, day, replace(day, start_ns=FIRST_DAY, interval_ns=long_ns)


class _PointsOnly:
    """A store of which queries see the points and no summaries."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def snapshot(self, bucket: str, measurement: str) -> Snapshot | None:
        """Return where the points stand."""
        found = self._store.snapshot(bucket, measurement)
        return found and replace(found, rollups=None)


def _from_points(bench: Bench, select: Select) -> tuple[list[float], Columns]:
    return replace(bench, store=cast("Store", _PointsOnly(bench.store))).ask(select)


def _same(one: Columns, other: Columns) -> bool:
    if one.times_ns != other.times_ns or len(one.series) != len(other.series):
        return False
    pairs = zip(one.series, other.series, strict=True)
    return all(
        _close(a, b) for mine, theirs in pairs for a, b in zip(mine.values, theirs.values, strict=True)
    )


def _close(one: Value, other: Value) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


if __name__ == "__main__":
    raise SystemExit(main())

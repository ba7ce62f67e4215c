"""What it takes until InfluxQL knows what to read, before it reads anything: ``python -m bench.plans``.

The catalogue has as many measurements and fields as ``--measurements`` and ``--fields`` say. "Cold" is a text
that was never seen and measurements that were never asked about; "kept" is the same text again, as the panels
of a dashboard ask it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from heliograph.model.point import FieldType
from heliograph.model.table import Batch, Column, Table
from heliograph.model.time import HOUR_NS, SECOND_NS
from heliograph.query.influxql.answer.prepare import prepare
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.meta.databases import Databases
from heliograph.query.influxql.parser import parse
from heliograph.query.influxql.plan.schemas import Schemas
from heliograph.query.influxql.tree import Select
from heliograph.query.limits import QueryLimits
from heliograph.store.catalogue import DEFAULT_BUCKET
from heliograph.store.database import Database
from heliograph.store.duck import Duck
from heliograph.store.retention import Keeping
from heliograph.store.store import Store

_HOSTS: Final = 10
_MEASUREMENTS: Final = 100
_FIELDS: Final = 50
_ROUNDS: Final = 200
_TIMES: Final = "time >= {}ms AND time <= 1700003600000ms"
QUESTIONS: Final = {
    "panel": f'SELECT mean("f1") FROM "m0" WHERE "host" =~ /^h1$/ AND {_TIMES} GROUP BY time(10s) fill(null)',
    "panel by host": f'SELECT last("f1") FROM "m0" WHERE {_TIMES} GROUP BY time(1m), "host" fill(previous)',
    "rate": f'SELECT non_negative_derivative(mean("f1"), 1s) AS "in", non_negative_derivative(mean("f2"), 1s)'
    f' * -1 AS "out" FROM "m0" WHERE {_TIMES} GROUP BY time(10s), "host" fill(none) tz(\'Europe/Berlin\')',
    "five of TSBS": "SELECT max(f0), max(f1), max(f2), max(f3), max(f4) FROM m0 WHERE (host = 'h1' OR host ="
    f" 'h2' OR host = 'h3') AND {_TIMES} GROUP BY time(1m)",
    "subquery": f"SELECT mean(x) FROM (SELECT sum(f1) AS x FROM m0 WHERE {_TIMES} GROUP BY time(10s), host)"
    f" WHERE {_TIMES} GROUP BY time(1m) fill(0)",
    "all columns": f"SELECT * FROM m0 WHERE f1 > 90.0 AND {_TIMES}",
}


def main() -> int:
    """Print the milliseconds of each question."""
    parser = argparse.ArgumentParser(prog="python -m bench.plans", description=__doc__)
    parser.add_argument("--measurements", type=int, default=_MEASUREMENTS, help="in the bucket (100)")
    parser.add_argument("--fields", type=int, default=_FIELDS, help="of the one that is asked about (50)")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="of each question (200)")
    asked = parser.parse_args()
    sys.stdout.write(
        "| question | cold p50 ms | cold p99 ms | kept p50 ms | kept p99 ms |\n|---|---|---|---|---|\n"
    )
    for name, (cold, kept) in measured(asked.measurements, asked.fields, asked.rounds).items():
        shown = " | ".join(f"{value:.3f}" for some in (cold, kept) for value in _p50_p99(some))
        sys.stdout.write(f"| {name} | {shown} |\n")
    return 0


def medians_ms() -> dict[str, dict[str, float]]:
    """Return the median milliseconds of each question, with a catalogue of the usual size."""
    found = measured(_MEASUREMENTS, _FIELDS, _ROUNDS)
    return {
        name: {"cold": statistics.median(cold), "kept": statistics.median(kept)}
        for name, (cold, kept) in found.items()
    }


def _p50_p99(times_ms: list[float]) -> tuple[float, float]:
    return statistics.median(times_ms), statistics.quantiles(times_ms, n=100)[98]


def measured(measurements: int, fields: int, rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """Return the milliseconds of each question, of texts that are new and of one that is kept."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, _session(Path(folder), measurements, fields) as session:
        for name, text in QUESTIONS.items():
            begin = 1_700_000_000_000
            cold = [
                _planned_ms(replace(session, schemas=Schemas()), text.replace("{}", str(begin + number)))
                for number in range(rounds)
            ]
            same = text.replace("{}", str(begin))
            found[name] = cold, [_planned_ms(session, same) for _ in range(rounds + 1)][1:]
    return found


def _planned_ms(session: Session, text: str) -> float:
    began = time.perf_counter()
    (statement,) = parse(text)
    assert isinstance(statement, Select)  # noqa: S101 -- they all are
    prepare(session, statement)
    return (time.perf_counter() - began) * 1e3


@contextmanager
def _session(folder: Path, measurements: int, fields: int) -> Iterator[Session]:
    segments = folder / "segments"
    segments.mkdir()
    database = Database(folder / "catalog.db")
    duck = Duck((segments,), memory_bytes=64 * 2**20, threads=1)
    store = Store(segments, database, duck, seal_rows=1_000_000, keeping=Keeping())
    for number in range(measurements):
        batch = _batch(f"m{number}", 3 if number else fields)
        store.declare(DEFAULT_BUCKET, batch)
        store.append(DEFAULT_BUCKET, batch, None)
    try:
        with duck.cursor() as cursor:
            yield Session(
                store=store,
                cursor=cursor,
                places=Databases(store, database),
                may_read=lambda _: None,
                database=DEFAULT_BUCKET,
                policy="",
                now_ns=1_700_000_000 * SECOND_NS + HOUR_NS,
                deadline=time.monotonic() + 3_600,
                limits=QueryLimits(),
            )
    finally:
        duck.close()
        database.close()


def _batch(measurement: str, fields: int) -> Batch:
    table = Table(measurement)
    table.series.extend((("cpu", f"c{host % 4}"), ("host", f"h{host}")) for host in range(_HOSTS))
    table.codes.extend(range(_HOSTS))
    table.times_ns.extend(1_700_000_000 * SECOND_NS for _ in range(_HOSTS))
    for number in range(fields):
        values = array("d", [float(host) for host in range(_HOSTS)])
        table.columns[f"f{number}"] = Column(FieldType.FLOAT, values, bytearray(b"\x01" * _HOSTS))
    return {measurement: table}


if __name__ == "__main__":
    sys.exit(main())

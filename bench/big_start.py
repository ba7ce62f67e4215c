#!/usr/bin/env python3
"""Measure how a hub starts on a large data folder: the time until it takes points, and its memory.

One segment is really written; the others are hard links to it with entries of their own in the
catalogue, on other days of as many measurements as there are to be. A start reads the catalogue and not
the points, so that links do as well as copies, and 10 GB take seconds to make.

    python -m bench.big_start            # 10 GB
    python -m bench.big_start --gb 1
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import Request, urlopen

from bench.footprint import hub
from bench.processes import family, peak_rss_kb, total_kb

START_BUDGET = 5.0
MEMORY_BUDGET_KB = 200 * 1024
DAY_NS = 86_400 * 10**9
FIRST_NS = 1_700_000_000 * 10**9 // DAY_NS * DAY_NS
ROWS = 100_000
SERIES = 100
MEASUREMENTS = 20
STARTS = 3
SETTINGS = {
    "HELIO_AGENT_ENABLED": "false",
    "HELIO_STORE_KEEP": "0s",
    "HELIO_STORE_MAX_BYTES": "0",
    "HELIO_STORE_SEAL_ROWS": str(2 * ROWS),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the start on a large data folder.")
    parser.add_argument("--gb", type=float, default=10.0, help="how large (default: 10)")
    parser.add_argument("--folder", help="where; hard links need room for one segment only")
    args = parser.parse_args()
    os.environ.update(SETTINGS)
    with tempfile.TemporaryDirectory(prefix="helio-big-", dir=args.folder) as folder:
        home = Path(folder)
        segments = multiply(home, one_segment(home), round(args.gb * 10**9))
        print(f"{segments:,} segments, {segments * ROWS:,} points, {args.gb:g} GB")
        figures = [start(home) for _ in range(STARTS)]
    seconds = statistics.median(seconds for seconds, _, _ in figures)
    print(f"start until ready {seconds:.2f} s (median of {STARTS}), budget {START_BUDGET:.0f} s")
    hub_kb, all_kb = (statistics.median(f[i] for f in figures) for i in (1, 2))
    print(f"peak RSS of the hub {hub_kb / 1024:.0f} MB, budget {MEMORY_BUDGET_KB / 1024:.0f} MB")
    print(f"RSS of the hub and nats-server {all_kb / 1024:.0f} MB")
    return 0


def one_segment(home: Path) -> Path:
    """Let a hub write one segment of ordinary points and return it."""
    noise = random.Random(1)
    with hub(home) as (_, run):
        for first in range(0, ROWS, 5_000):
            lines = "\n".join(
                f"m0,host=h{i % SERIES} a={noise.random()},b={noise.random()},c={noise.random()},d={i}i"
                f" {FIRST_NS + i * 10**9 // SERIES}"
                for i in range(first, first + 5_000)
            )
            write(home, str(run["http_url"]), lines)
    [segment] = (home / "segments").rglob("*.parquet")
    return segment


def write(home: Path, url: str, lines: str) -> None:
    token = (home / "operator.token").read_text().strip()
    request = Request(  # noqa: S310 - the hub's own address
        f"{url}/api/v2/write?bucket=telegraf", lines.encode(), {"Authorization": f"Token {token}"}
    )
    urlopen(request, timeout=60).close()  # noqa: S310 - likewise


def multiply(home: Path, segment: Path, size_bytes: int) -> int:
    """Enter links to a segment in the catalogue until they have a size, and return their number."""
    count = size_bytes // segment.stat().st_size
    with sqlite3.connect(home / "catalog.db") as catalogue:
        [row] = catalogue.execute("SELECT * FROM segment").fetchall()
        names = [column[1] for column in catalogue.execute("PRAGMA table_info(segment)")]
        known = dict(zip(names, row, strict=True))
        for number in range(1, MEASUREMENTS):
            for table in ("column_", "series"):
                columns = [
                    c[1] for c in catalogue.execute(f"PRAGMA table_info({table})") if c[1] != "measurement"
                ]
                catalogue.execute(
                    f"INSERT INTO {table} (measurement, {', '.join(columns)})"
                    f" SELECT 'm{number}', {', '.join(columns)} FROM {table} WHERE measurement = 'm0'"
                )
        for number in range(1, count):
            measurement, day = f"m{number % MEASUREMENTS}", number // MEASUREMENTS
            path = segment.parent.with_name(measurement) / f"{day}-{segment.name}"
            path.parent.mkdir(exist_ok=True)
            os.link(segment, path)
            new = known | {
                "id": number + 1,
                "measurement": measurement,
                "path": str(path.relative_to(home / "segments")),
                "min_ns": known["min_ns"] + day * DAY_NS,
                "max_ns": known["max_ns"] + day * DAY_NS,
            }
            catalogue.execute(
                f"INSERT INTO segment ({', '.join(new)}) VALUES ({', '.join('?' * len(new))})",
                list(new.values()),
            )
    return count


def start(home: Path) -> tuple[float, int, int]:
    """Start a hub; return seconds until it takes points, its peak RSS, and the RSS of all its processes."""
    began = time.monotonic()
    with hub(home) as (pid, _):
        seconds = time.monotonic() - began
        time.sleep(2.0)  # the upkeep after the start counts, too
        return seconds, peak_rss_kb([pid]), total_kb(family(pid), "Rss")


if __name__ == "__main__":
    sys.exit(main())

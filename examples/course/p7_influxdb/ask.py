"""Ask for the values again: their means, least and greatest, in Flux."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime

from hub import PROBLEMS, add_hub_options, client, reason
from influxdb_client import InfluxDBClient


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_hub_options(parser)
    group = parser.add_argument_group("question")
    group.add_argument("--measurement", default="random", help="what to ask for (default: %(default)s)")
    group.add_argument("--since", default="10m", help="how far back: 30s, 10m, 2h (default: %(default)s)")
    group.add_argument("--window", default="1m", help="one line for each (default: %(default)s)")
    return parser.parse_args()


def windows(
    connection: InfluxDBClient, options: argparse.Namespace
) -> Iterator[tuple[datetime, list[float]]]:
    """Yield the beginning of each window with its mean, its least and its greatest value."""
    found: dict[datetime, list[float]] = {}
    for function in ("mean", "min", "max"):
        for table in connection.query_api().query(question(function, options)):
            for record in table.records:
                found.setdefault(record.get_time(), []).append(record.get_value())
    yield from sorted(found.items())


def question(function: str, options: argparse.Namespace) -> str:
    """Return the question in Flux."""
    return f"""
        from(bucket: "{options.bucket}")
          |> range(start: -{options.since})
          |> filter(fn: (r) => r._measurement == "{options.measurement}" and r._field == "value")
          |> group()
          |> aggregateWindow(every: {options.window}, fn: {function}, createEmpty: false, timeSrc: "_start")
        """


def main() -> None:
    options = arguments()
    try:
        with client(options) as connection:
            rows = list(windows(connection, options))
            print("from       mean    least  greatest")
            for begin, (mean, least, greatest) in rows:
                print(f"{begin.astimezone():%H:%M:%S}  {mean:6.2f}  {least:6.2f}  {greatest:6.2f}")
    except PROBLEMS as problem:
        sys.exit(f"ask: {reason(problem, options)}")


if __name__ == "__main__":
    main()

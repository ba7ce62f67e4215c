"""Extend the dashboard: read values, compute what nobody sends, and write that back.

Here it is the mean of the last values and how far they are apart. The page draws every measurement that it
finds, so the new charts are there as soon as the first value is.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import time

from hub import PROBLEMS, add_hub_options, client, reason
from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_hub_options(parser)
    group = parser.add_argument_group("computation")
    group.add_argument("--measurement", default="random", help="what to read (default: %(default)s)")
    group.add_argument("--since", default="30s", help="of the last 30s, 10m, 2h (default: %(default)s)")
    group.add_argument(
        "--interval", type=float, default=5.0, help="seconds between two (default: %(default)s)"
    )
    group.add_argument("--count", type=int, default=0, help="stop after so many (default: never)")
    return parser.parse_args()


def values_by_host(connection: InfluxDBClient, options: argparse.Namespace) -> dict[str, list[float]]:
    """Return the last values of each host."""
    flux = f"""
        from(bucket: "{options.bucket}")
          |> range(start: -{options.since})
          |> filter(fn: (r) => r._measurement == "{options.measurement}" and r._field == "value")
        """
    tables = connection.query_api().query(flux)
    return {
        table.records[0].values["host"]: [record.get_value() for record in table.records] for table in tables
    }


def summary(measurement: str, host: str, values: list[float]) -> Point:
    """Return a point of what the values have in common."""
    point: Point = Point(f"{measurement}_summary").tag("host", host).time(time.time_ns())
    point.field("mean", statistics.fmean(values)).field("deviation", statistics.pstdev(values))
    return point


def extend(options: argparse.Namespace) -> None:
    """Compute and write, each interval."""
    with client(options) as connection:
        writer = connection.write_api(SYNCHRONOUS)
        for number in itertools.count(1):
            found = values_by_host(connection, options)
            points = [summary(options.measurement, host, values) for host, values in found.items()]
            writer.write(options.bucket, record=points)
            print(f"{number}: {', '.join(found) or 'no values yet'}", flush=True)
            if number == options.count:
                return
            time.sleep(options.interval)


def main() -> None:
    options = arguments()
    try:
        extend(options)
    except PROBLEMS as problem:
        sys.exit(f"extend: {reason(problem, options)}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

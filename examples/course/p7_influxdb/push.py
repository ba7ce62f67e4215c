"""Write a random value every second, with InfluxDB's own client."""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time

from hub import PROBLEMS, add_hub_options, client, reason
from influxdb_client import Point
from influxdb_client.client.write_api import SYNCHRONOUS


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_hub_options(parser)
    group = parser.add_argument_group("values")
    group.add_argument("--measurement", default="random", help="what they are called (default: %(default)s)")
    group.add_argument("--host", default="laptop", help="their tag host (default: %(default)s)")
    group.add_argument(
        "--interval", type=float, default=1.0, help="seconds between two (default: %(default)s)"
    )
    group.add_argument("--count", type=int, default=0, help="stop after so many (default: never)")
    return parser.parse_args()


def push(options: argparse.Namespace) -> None:
    """Write until there is enough."""
    with client(options) as connection:
        # SYNCHRONOUS: write returns when the hub has stored the point, and raises if it has not.
        writer = connection.write_api(SYNCHRONOUS)
        for number in itertools.count(1):
            value = random.gauss(20.0, 1.0)
            # Measurement: what kind. Tags: whose. Fields: the values. With a time, a repeat is harmless.
            point = Point(options.measurement).tag("host", options.host).field("value", value)
            writer.write(options.bucket, record=point.time(time.time_ns()))
            print(f"{number}: {value:.2f}", flush=True)
            if number == options.count:
                return
            time.sleep(options.interval)


def main() -> None:
    options = arguments()
    try:
        push(options)
    except PROBLEMS as problem:
        sys.exit(f"push: {reason(problem, options)}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

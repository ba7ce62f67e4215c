"""Publish invented values; every parameter is an option."""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time
from collections.abc import Iterator

from connection import Connection, add_connection_options


def arguments() -> argparse.Namespace:
    """Return what was typed, checked."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_connection_options(parser)
    group = parser.add_argument_group("messages")
    group.add_argument(
        "--topic", default="course/greenhouse/temperature", help="where they go (default: %(default)s)"
    )
    group.add_argument(
        "--qos", type=int, choices=(0, 1, 2), default=1, help="of each message (default: %(default)s)"
    )
    group.add_argument(
        "--retain",
        action="store_true",
        help="the broker keeps the last one for those who come later (default: no)",
    )
    group.add_argument("--count", type=int, default=0, help="stop after so many (default: never)")
    group.add_argument(
        "--interval", type=float, default=1.0, help="seconds between two (default: %(default)s)"
    )
    group.add_argument("--low", type=float, default=20.0, help="the least value (default: %(default)s)")
    group.add_argument("--high", type=float, default=25.0, help="the greatest value (default: %(default)s)")
    options = parser.parse_args()
    if options.low > options.high:
        parser.error(f"--low {options.low:g} is above --high {options.high:g}")
    if options.interval < 0 or options.count < 0:
        parser.error("--interval and --count cannot be negative")
    if options.password_file and not options.user:
        parser.error("--password-file needs --user")
    return options


def walk(low: float, high: float) -> Iterator[float]:
    """Yield values that wander between two bounds, for ever.

    Iterator, as the design patterns call it: who uses it asks for one value after the other, and need not
    know how they are made.
    """
    value = (low + high) / 2
    step = (high - low) / 20
    while True:
        yield round(value, 2)
        value = min(high, max(low, value + random.uniform(-step, step)))


def publish_all(options: argparse.Namespace) -> None:
    """Connect and publish until there is enough."""
    values = itertools.islice(walk(options.low, options.high), options.count or None)
    with Connection(options) as connection:
        for number, value in enumerate(values, 1):
            connection.publish(options.topic, f"{value}", options.qos, retain=options.retain)
            print(f"{number}: {options.topic} {value}", flush=True)
            if number != options.count:
                time.sleep(options.interval)


def main() -> None:
    options = arguments()
    try:
        publish_all(options)
    except (OSError, ValueError) as error:  # nobody there; a topic that is none
        sys.exit(f"publish: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

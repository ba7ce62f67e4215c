#!/usr/bin/env python3
"""Send a random value to the hub every second, with the ordinary InfluxDB client for Python.

    pip install influxdb-client
    helio up                              # in another terminal
    python examples/push_random.py

The hub speaks InfluxDB's language, so nothing in here knows Heliograph: the same program works with
any InfluxDB 2. Stop it with Ctrl-C, or send only ten values with --count 10.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import time

from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS

URL = os.environ.get("HELIO_URL", "http://127.0.0.1:8086")
ORGANISATION = "heliograph"
BUCKET = "telegraf"


def token() -> str:
    """Return the token from the environment, or ask the hub on this machine for it."""
    return os.environ.get("HELIO_TOKEN") or subprocess.check_output(["helio", "token"], text=True).strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=0, help="stop after so many values (default: never)")
    count = parser.parse_args().count

    with InfluxDBClient(url=URL, token=token(), org=ORGANISATION) as client:
        # SYNCHRONOUS: write() returns when the hub has stored the point, and raises if it has not.
        writer = client.write_api(write_options=SYNCHRONOUS)
        sent = 0
        try:
            while count == 0 or sent < count:
                value = random.gauss(20.0, 1.0)
                # A point is a measurement, tags that say what it belongs to, and fields with values.
                point = Point("random").tag("source", "push_random").field("value", value)
                writer.write(bucket=BUCKET, record=point)
                sent += 1
                print(f"{sent}: sent {value:.2f} to {URL}")
                if sent != count:
                    time.sleep(1)
        except KeyboardInterrupt:
            print(f"stopped after {sent} values")


if __name__ == "__main__":
    main()

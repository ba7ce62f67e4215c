"""How the programs of this practical reach the hub, by InfluxDB's own client and nothing of ours.

The same programs work with any InfluxDB 2.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from influxdb_client import InfluxDBClient
from influxdb_client.client.exceptions import InfluxDBError
from urllib3.exceptions import HTTPError

ORGANISATION = "heliograph"
TIMEOUT_MS = 10_000
PROBLEMS = (InfluxDBError, HTTPError, OSError)
"""What goes wrong on the way to the hub: it refuses, it is not there, a file is not there."""


def add_hub_options(parser: argparse.ArgumentParser) -> None:
    """Add what every program needs to find the hub."""
    group = parser.add_argument_group("hub")
    url = os.environ.get("HELIO_URL", "http://127.0.0.1:8086")
    group.add_argument("--url", default=url, help="where it is (default: $HELIO_URL, now %(default)s)")
    group.add_argument(
        "--token-file", type=Path, help="a file with its token (default: the variable HELIO_TOKEN)"
    )
    group.add_argument("--bucket", default="telegraf", help="which of its buckets (default: %(default)s)")


def client(options: argparse.Namespace) -> InfluxDBClient:
    """Return a client; use it in a ``with``.

    Raises:
        OSError: the file with the token cannot be read, or there is no token.
    """
    token = options.token_file.read_text().strip() if options.token_file else os.environ.get("HELIO_TOKEN")
    if not token:
        raise OSError("no token: set HELIO_TOKEN to what `helio token` prints, or give --token-file")
    return InfluxDBClient(options.url, token=token, org=ORGANISATION, timeout=TIMEOUT_MS)


def reason(problem: BaseException, options: argparse.Namespace) -> str:
    """Return in one line what went wrong."""
    if isinstance(problem, InfluxDBError) and problem.response is not None:
        status = problem.response.status
        why = "the token is not right, or may not do this" if status in (401, 403) else problem.message
        return f"the hub at {options.url} refuses ({status}): {why}"
    if isinstance(problem, HTTPError):
        return f"nobody answers at {options.url}: is the hub started (`helio up`), is --url right?"
    return str(problem)

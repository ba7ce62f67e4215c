"""Asks a hub again and again in an ordinary way, and prints for each when, for how long, and the status.

A program of its own, ``python -m tests.security.asking URL`` with HELIO_TOKEN, so that nothing but the hub
makes it wait; it ends when its input does. Each question has a new connection.
"""

from __future__ import annotations

import http.client
import os
import select
import sys
import time
from urllib.parse import SplitResult, urlsplit

PAUSE = 0.01
PATIENCE = 120.0


def ask(address: SplitResult, token: str) -> str:
    """Return the status of the answer, or the error that came instead."""
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/api/schema", headers={"Authorization": f"Token {token}"})
        answer = connection.getresponse()
        answer.read()
    except OSError as error:
        return repr(error)
    finally:
        connection.close()
    return str(answer.status)


def main() -> None:
    """Ask until the input ends."""
    address, token = urlsplit(sys.argv[1]), os.environ["HELIO_TOKEN"]
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        began = time.monotonic()
        status = ask(address, token)
        sys.stdout.write(f"{began} {time.monotonic() - began} {status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

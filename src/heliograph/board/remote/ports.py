"""Ports of a board's loopback: a free one, and whether somebody listens, without connecting to it."""

from __future__ import annotations

import socket
import sys
import time

LOOKS_SECONDS = 0.05


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody listens there. No connection is made: a debugger would take it for its client."""
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(name) as table:
                rows = [line.split() for line in table.readlines()[1:]]
        except OSError:
            continue
        if any(row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port for row in rows):
            return True
    return False


def wait_for(port: int, seconds: float) -> int:
    """Wait until somebody listens, and return an exit status."""
    end = time.monotonic() + seconds
    while not listens(port):
        if time.monotonic() > end:
            return 1
        time.sleep(LOOKS_SECONDS)
    return 0


if __name__ == "__main__" and len(sys.argv) > 1:
    if sys.argv[1] == "free":
        print(free_port())
    elif sys.argv[1] == "wait":
        sys.exit(wait_for(int(sys.argv[2]), float(sys.argv[3])))

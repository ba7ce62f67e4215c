"""Ports for servers that a test starts, stops and starts again on the same port."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from itertools import cycle
from typing import Final

# Below what Linux, macOS and Windows give to connections and to listeners on port 0, so that nobody gets the
# port while its server is down; and each of the processes that test at once has ports of its own.
_FIRST: Final = 12_000
_EACH: Final = 1_000
_PROCESSES: Final = 18


def _ports() -> Iterator[int]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw17").removeprefix("gw")
    first = _FIRST + _EACH * (int(worker) % _PROCESSES)
    ports = list(range(first, first + _EACH))
    start = random.SystemRandom().randrange(_EACH)  # two runs at once seldom meet
    return cycle(ports[start:] + ports[:start])


_NEXT: Final = _ports()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on and nobody is given by chance, another one at each call."""
    for _ in range(_EACH):
        port = next(_NEXT)
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
        return port
    raise AssertionError(f"no port is free among {_EACH}")

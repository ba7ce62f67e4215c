"""Ports: finding a free one, and naming the process that holds a taken one."""

from __future__ import annotations

import contextlib
import errno
import random
import socket
from typing import Final

import psutil

from heliograph.errors import PortTaken

# Below what systems give to connections: one of those could take the port before it is listened on.
_PORTS: Final = range(20_000, 29_000)
_TRIES: Final = 100
_given: Final[set[int]] = set()
"""What this process was told is free: it may not listen there yet, and would get it for another use."""


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on at this moment, and that no connection is given by chance.

    It is another one at each call.
    """
    if len(_given) > len(_PORTS) // 2:
        _given.clear()  # a process that goes on for long has listened there meanwhile, or never will
    for port in random.SystemRandom().sample([p for p in _PORTS if p not in _given], _TRIES):
        with socket.socket(_family(host)) as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            _given.add(port)
            return port
    with socket.socket(_family(host)) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def require_free(name: str, host: str, port: int, setting: str) -> int:
    """Return ``port``, or a free one if it is 0, after trying to listen there.

    Raises:
        PortTaken: another process listens there; the error names it where we may know it.
    """
    if port == 0:
        return free_port(host)
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise PortTaken(name, host, port, holder_of(port), setting) from error
    return port


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def holder_of(port: int) -> str | None:
    """Return ``name (pid n)`` of the process that listens on a TCP port, None if we cannot tell."""
    try:
        listening = [
            c.pid
            for c in psutil.net_connections("tcp")
            if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port and c.pid
        ]
        return f"{psutil.Process(listening[0]).name()} (pid {listening[0]})" if listening else None
    except psutil.Error:
        return None

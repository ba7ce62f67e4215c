"""Under which names and addresses others may reach this machine."""

from __future__ import annotations

import ipaddress
import platform
import re
import socket
from collections.abc import Collection
from typing import Final

import psutil

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*")


def own_names(more: Collection[str] = ()) -> frozenset[str]:
    """Return this machine's names and addresses, and those that the settings add."""
    host = platform.node().lower()
    names = {host, f"{host.partition('.')[0]}.local"} if _HOST_NAME.fullmatch(host) else set()
    return frozenset({*LOOPBACK, *names, *own_addresses(), *(name.lower() for name in more)})


def own_addresses() -> frozenset[str]:
    """Return the addresses of this machine's interfaces that others may use."""
    found = set()
    for each in psutil.net_if_addrs().values():
        for address in each:
            if address.family in (socket.AF_INET, socket.AF_INET6):
                parsed = ipaddress.ip_address(address.address.partition("%")[0])
                if not parsed.is_link_local:  # it means something only together with an interface
                    found.add(str(parsed))
    return frozenset(found)


def best_address(listen: str) -> str:
    """Return the address of ours that a board is told to call, of all where we listen on all."""
    if not ipaddress.ip_address(listen).is_unspecified:
        return listen
    others = [ipaddress.ip_address(each) for each in own_addresses()]
    useful = sorted((each.version, str(each)) for each in others if not each.is_loopback)
    return useful[0][1] if useful else LOOPBACK[0]


def local_address(listen: str) -> str:
    """Return the address by which this machine itself reaches what listens there."""
    address = ipaddress.ip_address(listen)
    if not address.is_unspecified:
        return listen
    return LOOPBACK[0] if address.version == 4 else LOOPBACK[2]

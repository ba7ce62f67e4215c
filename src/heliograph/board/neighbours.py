"""Which network cards this laptop has seen, whose they are, and which small networks it is in.

Each system keeps the addresses that it spoke to in a table of its own: Linux as a file, macOS and Windows
behind ``arp -a``.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_MAKERS: Final[dict[str, str]] = {
    "28:cd:c1": "Raspberry Pi",
    "2c:cf:67": "Raspberry Pi",
    "88:a2:9e": "Raspberry Pi",
    "b8:27:eb": "Raspberry Pi",
    "d8:3a:dd": "Raspberry Pi",
    "dc:a6:32": "Raspberry Pi",
    "e4:5f:01": "Raspberry Pi",
    "00:1e:06": "Odroid",
    "00:04:4b": "Nvidia Jetson",
    "48:b0:2d": "Nvidia Jetson",
}
"""Makers of boards by the first half of their MAC addresses."""
_LINE: Final = re.compile(
    r"(\d+\.\d+\.\d+\.\d+)\W.*?\b((?:[0-9a-f]{1,2}[:-]){5}[0-9a-f]{1,2})\b", re.IGNORECASE
)
_LINUX_TABLE: Final = Path("/proc/net/arp")
_ARP_SECONDS: Final = 5.0
LARGEST: Final = 24
"""Networks with a shorter prefix are not swept: more than 254 addresses are not a home or a classroom."""


def maker(mac: str) -> str:
    """Return who made a board with this MAC address; empty if nobody that we know."""
    return _MAKERS.get(mac[:8].lower(), "")


def parse_neighbours(text: str) -> dict[str, str]:
    """Return MAC addresses by address, from ``/proc/net/arp`` or what ``arp -a`` prints on any system."""
    found = {}
    for line in text.splitlines():
        if match := _LINE.search(line):
            mac = ":".join(part.zfill(2) for part in re.split("[:-]", match[2].lower()))
            if mac not in {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"}:
                found[match[1]] = mac
    return found


async def neighbours(platform: str = sys.platform) -> dict[str, str]:
    """Return the MAC addresses that this laptop knows now, by address; empty where it does not tell."""
    if platform.startswith("linux"):
        try:
            return parse_neighbours(_LINUX_TABLE.read_text(encoding="ascii"))
        except OSError:
            return {}
    try:
        async with asyncio.timeout(_ARP_SECONDS):
            process = await asyncio.create_subprocess_exec(
                "arp", "-a", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
            output, _ = await process.communicate()
    except (OSError, TimeoutError):
        return {}
    return parse_neighbours(output.decode(errors="replace"))


def own_networks() -> list[ipaddress.IPv4Network]:
    """Return the small networks that this laptop is in, its loopback not among them."""
    import ifaddr  # comes with zeroconf, and asks each system in its own way

    addresses = [
        (str(ip.ip), ip.network_prefix)
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if isinstance(ip.ip, str)
    ]
    return small_networks(addresses)


def small_networks(addresses: Iterable[tuple[str, int]]) -> list[ipaddress.IPv4Network]:
    """Return the networks of these addresses and prefixes that are private and have 254 hosts or fewer."""
    networks = set()
    for address, prefix in addresses:
        interface = ipaddress.IPv4Interface(f"{address}/{prefix}")
        usable = interface.is_private and not interface.is_loopback and not interface.is_link_local
        if usable and LARGEST <= prefix <= 30:
            networks.add(interface.network)
    return sorted(networks)

"""Looking for boards: who announces itself, who answers to a usual name, and who in a network has SSH.

::

    mDNS browse ──┐
    .local names ─┼─▶ addresses ─▶ SSH's first line ─▶ MAC from the neighbour table ─▶ maker
    sweep ────────┘   (asked before)
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from heliograph.board.fleet import each
from heliograph.board.inventory import Board
from heliograph.board.localnames import address_of, listening
from heliograph.board.neighbours import maker, neighbours
from heliograph.board.probe import ssh_banner

SERVICE: Final = "_heliograph._tcp.local."
"""What a board announces after ``helio board setup``."""
_SERVICES: Final = (SERVICE, "_ssh._tcp.local.", "_sftp-ssh._tcp.local.", "_workstation._tcp.local.")
USUAL_NAMES: Final = ("raspberrypi", "odroid", "dietpi", "ubuntu", "orangepi", "board", "pi")
"""What boards are called before somebody calls them otherwise."""
_LISTEN_SECONDS: Final = 1.5
_SWEEP_AT_ONCE: Final = 256
_SWEEP_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody in the network who speaks SSH."""

    address: str
    name: str = ""
    """What it is called in the network; empty where it does not say."""
    ssh: str = ""
    """What its SSH server calls itself."""
    mac: str = ""

    @property
    def hardware(self) -> str:
        """Who made it, judged by its network card."""
        return maker(self.mac)


async def find(names: Iterable[str] = (), networks: Sequence[ipaddress.IPv4Network] = ()) -> list[Found]:
    """Return who was found, ordered by address.

    Args:
        names: further names to ask for as ``NAME.local``.
        networks: to be swept: each address is asked for an SSH server.

    Raises:
        ConfigError: this laptop is in no network.
    """
    by_name = await named({*USUAL_NAMES, *names})
    addresses = {*by_name, *(str(host) for network in networks for host in network.hosts())}
    asked = [Board(f"x{number}", address) for number, address in enumerate(sorted(addresses))]
    outcomes = await each(
        asked,
        lambda board: ssh_banner(board.host, within=_SWEEP_SECONDS),
        at_once=_SWEEP_AT_ONCE,
    )
    macs = await neighbours()
    found = [
        Found(o.board.host, by_name.get(o.board.host, ""), o.value, macs.get(o.board.host, ""))
        for o in outcomes
        if o.value
    ]
    return sorted(found, key=lambda one: ipaddress.IPv4Address(one.address))


async def named(names: Iterable[str]) -> dict[str, str]:
    """Return the names of those who announce themselves or answer to a name, by address."""
    found: dict[str, str] = {}

    async def ask(name: str) -> None:
        if address := await address_of(f"{name}.local", zeroconf, within=_LISTEN_SECONDS):
            found.setdefault(address, name)

    async with listening() as zeroconf, asyncio.TaskGroup() as group:
        group.create_task(_announced(zeroconf, found), name="find-announced")
        for name in names:
            group.create_task(ask(name), name=f"find-{name}")
    return found


async def _announced(zeroconf: AsyncZeroconf, found: dict[str, str]) -> None:
    """Listen for a while who announces one of our services, and put names by address into ``found``."""
    seen: set[tuple[str, str]] = set()

    def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        del zeroconf
        if state_change is not ServiceStateChange.Removed:
            seen.add((service_type, name))

    async with AsyncServiceBrowser(zeroconf.zeroconf, list(_SERVICES), handlers=[changed]):
        await asyncio.sleep(_LISTEN_SECONDS)
    for service_type, name in sorted(seen):
        announced = AsyncServiceInfo(service_type, name)
        if await announced.async_request(zeroconf.zeroconf, _LISTEN_SECONDS * 1000):
            for address in announced.parsed_addresses():
                if "." in address:
                    found[address] = (announced.server or name).split(".")[0]

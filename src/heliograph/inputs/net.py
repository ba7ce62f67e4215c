"""``net``: what the network interfaces sent and received since boot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from heliograph.inputs.roots import REAL_ROOTS, Roots, read_text, read_text_or_none
from heliograph.model.point import Point

_IFF_UP: Final = 0x1
_IFF_LOOPBACK: Final = 0x8
# Columns of /proc/net/dev after the interface name.
_COLUMNS: Final = {
    "bytes_recv": 0,
    "packets_recv": 1,
    "err_in": 2,
    "drop_in": 3,
    "bytes_sent": 8,
    "packets_sent": 9,
    "err_out": 10,
    "drop_out": 11,
}


@dataclass(frozen=True, slots=True)
class NetConfig:
    """What ``net`` gathers."""

    interfaces: frozenset[str] = frozenset()
    """Only these interfaces, up or not; when empty, all that are up except the loopback."""


class NetInput:
    """One point of counters per interface, without the protocol statistics that Telegraf dropped too."""

    def __init__(self, config: NetConfig | None = None, *, roots: Roots = REAL_ROOTS) -> None:
        self._config = config or NetConfig()
        self._roots = roots

    def gather(self) -> list[Point]:
        """Return a point per interface; ``speed`` is in Mbit/s, -1 where the driver does not tell."""
        points = []
        for interface, counts in self._read():
            if self._wanted(interface):
                fields = {field: counts[column] for field, column in _COLUMNS.items()}
                fields["speed"] = self._speed(interface)
                points.append(Point("net", fields, {"interface": interface}))
        return points

    def _read(self) -> Iterator[tuple[str, list[int]]]:
        for line in read_text(f"{self._roots.proc}/net/dev").splitlines():
            interface, colon, columns = line.rpartition(":")  # an alias as eth0:1 has a colon of its own
            if colon:
                yield interface.strip(), [int(column) for column in columns.split()]

    def _wanted(self, interface: str) -> bool:
        if self._config.interfaces:
            return interface in self._config.interfaces
        flags = int(read_text_or_none(f"{self._roots.sys}/class/net/{interface}/flags") or "0", 16)
        return bool(flags & _IFF_UP) and not flags & _IFF_LOOPBACK

    def _speed(self, interface: str) -> int:
        # The file exists for Wi-Fi too, but reading it gives EINVAL.
        return int(read_text_or_none(f"{self._roots.sys}/class/net/{interface}/speed") or "-1")

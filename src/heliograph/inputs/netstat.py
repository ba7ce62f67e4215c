"""``netstat``: how many TCP connections are in which state, and how many UDP sockets there are."""

from __future__ import annotations

from typing import Final

from heliograph.inputs.roots import REAL_ROOTS, Roots, read_bytes
from heliograph.model.point import Point

# The state column of /proc/net/tcp, numbered as in the kernel's include/net/tcp_states.h.
_STATES: Final = {
    b"01": "tcp_established",
    b"02": "tcp_syn_sent",
    b"03": "tcp_syn_recv",
    b"04": "tcp_fin_wait1",
    b"05": "tcp_fin_wait2",
    b"06": "tcp_time_wait",
    b"07": "tcp_close",
    b"08": "tcp_close_wait",
    b"09": "tcp_last_ack",
    b"0A": "tcp_listen",
    b"0B": "tcp_closing",
    b"0C": "tcp_syn_recv",
}
_STATE_COLUMN: Final = 3


class NetstatInput:
    """One point of counts over IPv4 and IPv6.

    ``tcp_none`` counts sockets without a known state. (Telegraf puts the Unix sockets there.)
    """

    def __init__(self, *, roots: Roots = REAL_ROOTS) -> None:
        self._folder = f"{roots.proc}/net"

    def gather(self) -> list[Point]:
        """Return one point without tags."""
        counts = dict.fromkeys((*_STATES.values(), "tcp_none", "udp_socket"), 0)
        for table in ("tcp", "tcp6"):
            for row in self._rows(table):
                state = row.split(maxsplit=_STATE_COLUMN + 1)[_STATE_COLUMN]
                counts[_STATES.get(state, "tcp_none")] += 1
        counts["udp_socket"] = sum(len(self._rows(table)) for table in ("udp", "udp6"))
        return [Point("netstat", counts, {})]

    def _rows(self, table: str) -> list[bytes]:
        try:
            return read_bytes(f"{self._folder}/{table}").splitlines()[1:]
        except FileNotFoundError:  # a kernel without IPv6
            return []

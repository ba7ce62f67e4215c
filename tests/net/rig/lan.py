"""The network of the rig: a bridge in a namespace of its own, in which the tests are the laptop.

::

    namespace of the LAN                        ┌ namespace of board 1: eth0 10.77.0.11
      tests (10.77.0.1) ── br0 ── v1 ───────────┘
                            │ ─── v2 ─── …
                            └ tap0 ── slirp4netns ── the machine's own way to the package registries

Nothing of the machine's own network changes, and no private network but this one can be reached. All of it
belongs to processes that end with the test run, even if that is killed.
"""

from __future__ import annotations

import ctypes
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

NET: Final = "10.77.0"
LAPTOP: Final = f"{NET}.1"
NAME_SERVER: Final = "10.0.2.3"
_CLONE_NEWNET: Final = 0x4000_0000
_RULES: Final = """
table inet rig {
  set offline { type ipv4_addr; }
  chain c_forward { type filter hook forward priority 0; ip saddr @offline oifname tap0 drop; }
  chain c_input { type filter hook input priority 0; ip saddr @offline udp dport 53 drop; }
}
table ip rignat {
  chain c_nat { type nat hook postrouting priority 100; oifname tap0 masquerade; }
}
"""
_SET_UP: Final = f"""
set -eu
ip link set lo up
ip link add br0 type bridge
ip addr add {LAPTOP}/24 dev br0
ip link set br0 up
sysctl -qw net.ipv4.ip_forward=1
for range in 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16; do ip route add unreachable $range; done
nft -f -
"""
WITH_NAMES: Final = (
    *("unshare", "--mount", "sh", "-c"),
    f"""mount -t tmpfs tmpfs /mnt && echo nameserver {NAME_SERVER} > /mnt/names
         mount --bind /mnt/names /etc/resolv.conf && exec "$@" """,
    "sh",
)
"""Before a command of the laptop: it asks the name server of the rig, so that it reaches registries."""
DIES_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL")
"""Before a command: the kernel ends it when the test run ends, however that happens."""


def wait_until(true: Callable[[], object], what: str, *, within: float = 120.0) -> None:
    """Look again and again until it is so."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(0.02)


class Lan:
    """The network; boards are plugged into it by their namespaces."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen([*DIES_WITH_US, "unshare", "--net", "sleep", "infinity"])
        self.path = Path(f"/proc/{self._holder.pid}/ns/net")
        self._way_out: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        own = Path("/proc/self/ns/net").stat().st_ino
        wait_until(lambda: self.path.stat().st_ino != own, "the network namespace is there")
        self.run("sh", "-c", _SET_UP, stdin=_RULES)
        command = [*DIES_WITH_US, "slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback"]
        self._way_out = subprocess.Popen(
            [*command, "--netns-type=path", str(self.path), "tap0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: b"10.0.2." in self.run("ip", "-brief", "address"), "the way out is there")
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._way_out, self._holder):
            if process is not None:
                process.kill()
                process.wait(120)

    def run(self, *command: str, stdin: str = "") -> bytes:
        """Run a command in the network, and return what it printed; it must succeed."""
        inside = ["nsenter", f"--net={self.path}", *command]
        done = subprocess.run(inside, input=stdin.encode(), capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr.decode()}"
        return done.stdout

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be the laptop: this thread, and all processes that it starts, are in the network of the rig."""
        with Path("/proc/thread-self/ns/net").open() as home, self.path.open() as lan:
            _enter(lan.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")

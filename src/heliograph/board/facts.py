"""What a board is and has: asked in one round trip, with nothing but a shell, as Python may be missing."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Final

from heliograph.board.ssh import Link

_ASK: Final = r"""
say() { printf '%s=%s\n' "$1" "$2"; }
first() { head -n 1 2>/dev/null | tr -d '\000\n'; }
say time "$(date +%s.%N)"
say name "$(hostname)"
say model "$(first < /proc/device-tree/model 2>/dev/null)"
say arch "$(uname -m)"
say bits "$(getconf LONG_BIT 2>/dev/null)"
say deb "$(dpkg --print-architecture 2>/dev/null)"
say os "$(. /etc/os-release 2>/dev/null; printf %s "$PRETTY_NAME")"
say codename "$(. /etc/os-release 2>/dev/null; printf %s "$VERSION_CODENAME")"
say python "$(python3 -c 'import platform; print(platform.python_version())' 2>/dev/null)"
say venv "$(python3 -c 'import ensurepip, venv; print("yes")' 2>/dev/null)"
say libc "$(getconf GNU_LIBC_VERSION 2>/dev/null)"
awk '/^MemTotal/ {print "memory_kb=" $2} /^MemAvailable/ {print "free_kb=" $2}' /proc/meminfo
df -Pk "$HOME" | awk 'NR == 2 {print "disk_kb=" $2; print "disk_free_kb=" $4}'
[ -w "$HOME" ] && say writable yes
[ -d /run/systemd/system ] && say systemd yes
say synced "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)"
if [ "$(id -u)" = 0 ]; then say sudo root
elif ! command -v sudo >/dev/null; then say sudo none
elif sudo -n true 2>/dev/null; then say sudo yes
else say sudo password; fi
say temperature "$(first < /sys/class/thermal/thermal_zone0/temp 2>/dev/null)"
say throttled "$(cat /sys/devices/platform/soc/soc:firmware/get_throttled 2>/dev/null ||
  vcgencmd get_throttled 2>/dev/null)"
say wear "$(cat /sys/block/mmcblk0/device/life_time 2>/dev/null)"
set -- $SSH_CONNECTION
card=$(ip -o address 2>/dev/null | awk -v a="$3/" 'index($4, a) == 1 {print $2; exit}')
say mac "$(cat "/sys/class/net/$card/address" 2>/dev/null)"
say agent "$(systemctl is-active heliograph-agent 2>/dev/null)"
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  sed -n '/^#/d; s|.*https*://\([^/ ]*\).*|\1|p' | head -n 1)
if [ -n "$mirror" ] && command -v timeout >/dev/null && command -v bash >/dev/null; then
  timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/80"' "$mirror" 2>/dev/null && say internet yes || say internet no
fi
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a board told; a text that is empty and a number that is None are not known."""

    name: str = ""
    """Its host name."""
    model: str = ""
    """What the device tree calls it, such as ``Raspberry Pi 4 Model B Rev 1.4``."""
    arch: str = ""
    """Of its kernel: ``aarch64``, ``x86_64``, ``armv7l``."""
    bits: int = 0
    """Of its programs: a 64-bit kernel may run a 32-bit system."""
    deb: str = ""
    """What Debian calls its architecture."""
    os: str = ""
    codename: str = ""
    python: tuple[int, ...] = ()
    """The version of ``python3``; empty if there is none."""
    has_venv: bool = False
    libc: tuple[int, ...] = ()
    memory_bytes: int = 0
    free_bytes: int = 0
    disk_bytes: int = 0
    disk_free_bytes: int = 0
    writable: bool = False
    systemd: bool = False
    clock_offset: float = 0.0
    """Seconds by which its clock is ahead of this laptop's."""
    clock_synced: bool = False
    sudo: str = ""
    """``yes``, ``root``, ``password`` or ``none``."""
    temperature: float | None = None
    """Of the processor, in degrees Celsius."""
    throttled: int | None = None
    """The firmware's bits: 0 undervoltage now, 1 and 2 slowed down now, 16 to 18 the same since the start."""
    wear_percent: int | None = None
    """How much of its built-in storage is used up; SD cards do not tell."""
    mac: str = ""
    internet: bool | None = None
    agent: str = ""
    """What systemd says of our agent."""

    @property
    def python_text(self) -> str:
        """The version as people write it."""
        return ".".join(map(str, self.python))

    @property
    def system(self) -> str:
        """One line: what it is."""
        parts = [self.model, f"{self.arch} ({self.bits}-bit)", self.os]
        parts.append(f"Python {self.python_text}" if self.python else "no Python")
        parts.append(f"{self.memory_bytes / 2**20:,.0f} MiB memory")
        return ", ".join(part for part in parts if part)


async def ask(link: Link) -> Facts:
    """Return what a board is and has.

    Raises:
        BoardUnreachable: the connection broke.
    """
    before = time.time()
    done = await link.script(_ASK, shown="asking what the board has")
    return parse(done.text, (before + time.time()) / 2)


def parse(text: str, now: float) -> Facts:
    """Return the facts in the answer of a board that came at this time of the laptop."""
    told = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def number(key: str) -> float | None:
        match = re.search(r"-?\d+(\.\d+)?", told.get(key, ""))
        return float(match[0]) if match else None

    def size(key: str) -> int:
        return int(number(key) or 0) * 1024

    def version(key: str) -> tuple[int, ...]:
        return tuple(int(part) for part in re.findall(r"\d+", told.get(key, "")))[:3]

    board_time, temperature = number("time"), number("temperature")
    throttled = re.search(r"(?:0x)?([0-9a-fA-F]+)$", told.get("throttled", ""))
    return Facts(
        name=told.get("name", ""),
        model=told.get("model", ""),
        arch=told.get("arch", ""),
        bits=int(number("bits") or 0),
        deb=told.get("deb", ""),
        os=told.get("os", ""),
        codename=told.get("codename", ""),
        python=version("python"),
        has_venv=told.get("venv") == "yes",
        libc=version("libc"),
        memory_bytes=size("memory_kb"),
        free_bytes=size("free_kb"),
        disk_bytes=size("disk_kb"),
        disk_free_bytes=size("disk_free_kb"),
        writable=told.get("writable") == "yes",
        systemd=told.get("systemd") == "yes",
        clock_offset=0.0 if board_time is None else board_time - now,
        clock_synced=told.get("synced") == "yes",
        sudo=told.get("sudo", ""),
        temperature=None if temperature is None else temperature / 1000,
        throttled=int(throttled[1], 16) if throttled else None,
        wear_percent=_wear(told.get("wear", "")),
        mac=told.get("mac", "").lower(),
        internet={"yes": True, "no": False}.get(told.get("internet", "")),
        agent=told.get("agent", ""),
    )


def _wear(life_time: str) -> int | None:
    """Return the worse of the two steps of ten per cent that an eMMC tells."""
    steps = [int(word, 16) for word in life_time.split() if re.fullmatch(r"0x[0-9a-fA-F]+", word)]
    worst = max(steps, default=0)
    return worst * 10 if worst else None

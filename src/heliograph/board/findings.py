"""What is wrong with a board, judged from its facts, each with the way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from heliograph.board.facts import Facts
from heliograph.errors import BoardUnfit

OLDEST_PYTHON: Final = (3, 11)
_NEEDED_BYTES: Final = 200 * 2**20
_CLOCK_SECONDS: Final = 30.0
_HOT: Final = 75.0
_UNDERVOLTAGE: Final = 0x1_0001
_SLOWED: Final = 0xE_000E


class Level(Enum):
    """How bad it is."""

    GOOD = "ok"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    level: Level
    said: str
    fix: str = ""
    """What to do; empty where nothing is to be done."""


def judge(facts: Facts) -> list[Finding]:
    """Return what was looked at, the good among it."""
    return [
        _python(facts),
        _width(facts),
        _sudo(facts),
        _systemd(facts),
        _disk(facts),
        _memory(facts),
        _clock(facts),
        _internet(facts),
        *_power(facts),
        *_storage(facts),
    ]


def require(board: str, facts: Facts, *abouts: str) -> None:
    """Go on only if nothing among these is bad.

    Raises:
        BoardUnfit: something is, with its fix.
    """
    if "64-bit" in abouts and facts.bits == 32:
        raise BoardUnfit(board, f"its system is a 32-bit one ({facts.arch})", "flash the 64-bit system")
    for finding in judge(facts):
        if finding.about in abouts and finding.level is Level.BAD:
            raise BoardUnfit(board, finding.said, finding.fix)


def _python(facts: Facts) -> Finding:
    oldest = ".".join(map(str, OLDEST_PYTHON))
    if not facts.python:
        fix = "sudo apt install python3 python3-venv on it (helio board pkg install does it from here)"
        return Finding("python", Level.BAD, "it has no python3", fix)
    if facts.python < OLDEST_PYTHON:
        reason = f"its Python is {facts.python_text}, {oldest} or newer is needed"
        fix = "flash a newer system: Raspberry Pi OS 12 (bookworm), Debian 12, Ubuntu 24.04 or later"
        return Finding("python", Level.BAD, reason, fix)
    return Finding("python", Level.GOOD, f"Python {facts.python_text}")


def _width(facts: Facts) -> Finding:
    if facts.bits == 32:
        reason = f"a 32-bit system on {facts.arch}"
        fix = "agent and apps work, a hub does not (DuckDB has no 32-bit build): flash the 64-bit system"
        return Finding("width", Level.WARNING, reason, fix)
    return Finding("width", Level.GOOD, f"{facts.arch}, {facts.bits}-bit")


def _sudo(facts: Facts) -> Finding:
    if facts.sudo in {"yes", "root"}:
        return Finding(
            "sudo", Level.GOOD, "root without sudo" if facts.sudo == "root" else "sudo without a password"
        )
    if facts.sudo == "password":
        fix = 'on the board, once: echo "$USER ALL=(ALL) NOPASSWD: ALL" | sudo tee /etc/sudoers.d/010_$USER'
        return Finding("sudo", Level.BAD, "sudo asks for a password, and from here nobody can type it", fix)
    fix = "log in as root and: apt install sudo, usermod -aG sudo USER; or add the board with --user root"
    return Finding("sudo", Level.BAD, "this user may not use sudo, or sudo is not installed", fix)


def _systemd(facts: Facts) -> Finding:
    if facts.systemd:
        return Finding("systemd", Level.GOOD, "systemd runs its services")
    fix = "programs run from here work; services need a system with systemd, as Raspberry Pi OS"
    return Finding("systemd", Level.BAD, "it has no systemd", fix)


def _disk(facts: Facts) -> Finding:
    said = f"{facts.disk_free_bytes / 2**20:,.0f} of {facts.disk_bytes / 2**20:,.0f} MiB free"
    if not facts.writable:
        fix = (
            "a card that turned read-only is worn out or was pulled: reboot, look at dmesg, take another card"
        )
        return Finding("disk", Level.BAD, "nothing can be written to its home folder", fix)
    if facts.disk_free_bytes < _NEEDED_BYTES:
        fix = "sudo apt clean; sudo journalctl --vacuum-size=50M; du -xh / | sort -h | tail shows the largest"
        return Finding("disk", Level.BAD, f"its disk is full: {said}", fix)
    return Finding("disk", Level.GOOD, said)


def _memory(facts: Facts) -> Finding:
    said = f"{facts.free_bytes / 2**20:,.0f} of {facts.memory_bytes / 2**20:,.0f} MiB available"
    if facts.free_bytes < 48 * 2**20:
        return Finding(
            "memory", Level.WARNING, said, "stop what is not needed: helio board service list shows it"
        )
    return Finding("memory", Level.GOOD, said)


def _clock(facts: Facts) -> Finding:
    offset = facts.clock_offset
    if abs(offset) > _CLOCK_SECONDS:
        way = "ahead" if offset > 0 else "behind"
        fix = "helio board doctor --set-clock sets it from this laptop; certificates and apt fail until then"
        return Finding("clock", Level.BAD, f"its clock is {_span(abs(offset))} {way}", fix)
    synced = "set by the network" if facts.clock_synced else "not set by the network"
    return Finding("clock", Level.GOOD, f"right within {abs(offset):.1f} s, {synced}")


def _internet(facts: Facts) -> Finding:
    if facts.internet is False:
        fix = "helio board setup supplies it from here; helio board pkg needs its package sources"
        return Finding("internet", Level.WARNING, "it does not reach its package sources", fix)
    return Finding(
        "internet", Level.GOOD, "reaches its package sources" if facts.internet else "not looked at"
    )


def _power(facts: Facts) -> list[Finding]:
    found = []
    if facts.temperature is not None:
        hot = facts.temperature >= _HOT
        fix = "give it air or a heat sink; at 80 °C it slows down" if hot else ""
        level = Level.WARNING if hot else Level.GOOD
        found.append(Finding("temperature", level, f"{facts.temperature:.0f} °C", fix))
    if facts.throttled is not None:
        if facts.throttled & _UNDERVOLTAGE:
            now = "now" if facts.throttled & 1 else "since it was started"
            fix = "take a stronger power supply and a shorter cable"
            found.append(Finding("power", Level.WARNING, f"its voltage is or was too low, {now}", fix))
        elif facts.throttled & _SLOWED:
            found.append(Finding("power", Level.WARNING, "it was slowed down", "it gets too hot: cool it"))
        else:
            found.append(Finding("power", Level.GOOD, "never too low since it was started"))
    return found


def _storage(facts: Facts) -> list[Finding]:
    if facts.wear_percent is None:
        return []
    worn = facts.wear_percent >= 80
    fix = "copy what matters: helio backup, helio board cp" if worn else ""
    said = f"{facts.wear_percent} % of its built-in storage is used up"
    return [Finding("wear", Level.WARNING if worn else Level.GOOD, said, fix)]


def _span(seconds: float) -> str:
    for size, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds:.0f} s"

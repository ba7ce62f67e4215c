"""What boards tell of themselves, and what comes of it: each bad thing is one line and the next step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heliograph.board.facts import Facts, parse
from heliograph.board.findings import Level, judge, require
from heliograph.errors import BoardUnfit

PI = """\
time=1700000000.250000000
name=raspberrypi
model=Raspberry Pi 4 Model B Rev 1.4
arch=aarch64
bits=64
deb=arm64
os=Debian GNU/Linux 12 (bookworm)
codename=bookworm
python=3.11.2
venv=yes
libc=glibc 2.36
memory_kb=3884360
free_kb=3500000
disk_kb=30000000
disk_free_kb=25000000
writable=yes
systemd=yes
synced=yes
sudo=yes
temperature=48199
throttled=throttled=0x0
wear=
mac=DC:A6:32:00:00:01
agent=active
internet=yes
"""
GOOD = parse(PI, 1700000000.0)


def test_a_raspberry_pi_is_understood() -> None:
    assert (GOOD.model, GOOD.arch, GOOD.bits) == ("Raspberry Pi 4 Model B Rev 1.4", "aarch64", 64)
    assert (GOOD.python, GOOD.libc, GOOD.has_venv) == ((3, 11, 2), (2, 36), True)
    assert (GOOD.temperature, GOOD.throttled, GOOD.wear_percent) == (48.199, 0, None)
    assert GOOD.clock_offset == pytest.approx(0.25)
    assert GOOD.memory_bytes == 3884360 * 1024
    assert (GOOD.mac, GOOD.internet, GOOD.sudo) == ("dc:a6:32:00:00:01", True, "yes")
    assert "Python 3.11.2" in GOOD.system
    assert all(finding.level is Level.GOOD for finding in judge(GOOD))


def test_a_board_that_tells_nothing_is_understood_too() -> None:
    facts = parse("garbage\n=\n", 0.0)
    assert facts == Facts()
    assert {finding.about for finding in judge(facts) if finding.level is Level.BAD} >= {"python", "sudo"}


@pytest.mark.parametrize(
    ("change", "about", "level", "said", "fix"),
    [
        ({"python": ()}, "python", Level.BAD, "no python3", "pkg install"),
        ({"python": (3, 9, 2)}, "python", Level.BAD, "3.9.2, 3.11 or newer", "flash a newer system"),
        ({"bits": 32}, "width", Level.WARNING, "32-bit", "64-bit"),
        ({"sudo": "password"}, "sudo", Level.BAD, "asks for a password", "NOPASSWD"),
        ({"sudo": "none"}, "sudo", Level.BAD, "may not use sudo", "--user root"),
        ({"systemd": False}, "systemd", Level.BAD, "no systemd", "services need"),
        ({"disk_free_bytes": 2**20}, "disk", Level.BAD, "disk is full", "apt clean"),
        ({"writable": False}, "disk", Level.BAD, "nothing can be written", "read-only"),
        ({"free_bytes": 2**20}, "memory", Level.WARNING, "1 of", "service list"),
        ({"clock_offset": -9e7}, "clock", Level.BAD, "days behind", "--set-clock"),
        ({"clock_offset": 45.0}, "clock", Level.BAD, "45 s ahead", "--set-clock"),
        ({"internet": False}, "internet", Level.WARNING, "does not reach", "helio board setup"),
        ({"temperature": 81.0}, "temperature", Level.WARNING, "81 °C", "heat sink"),
        ({"throttled": 0x50005}, "power", Level.WARNING, "too low, now", "power supply"),
        ({"throttled": 0x10000}, "power", Level.WARNING, "since it was started", "power supply"),
        ({"throttled": 0x20000}, "power", Level.WARNING, "slowed down", "cool"),
        ({"wear_percent": 90}, "wear", Level.WARNING, "90 %", "helio backup"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_each_problem_is_one_line_with_its_fix(
    change: dict[str, object], about: str, level: Level, said: str, fix: str
) -> None:
    (finding,) = (one for one in judge(replace(GOOD, **change)) if one.about == about)  # type: ignore[arg-type]
    assert finding.level is level
    assert said in finding.said
    assert fix in finding.fix
    assert "\n" not in finding.said + finding.fix


def test_what_a_role_needs_stops_it_before_anything_is_done() -> None:
    require("lab1", GOOD, "python", "sudo", "systemd", "disk", "clock", "64-bit")
    with pytest.raises(BoardUnfit, match=r"lab1: sudo asks for a password.*; on the board, once: echo"):
        require("lab1", replace(GOOD, sudo="password"), "sudo")
    with pytest.raises(BoardUnfit, match=r"32-bit one .*flash the 64-bit"):
        require("lab1", replace(GOOD, bits=32), "64-bit")
    require("lab1", replace(GOOD, sudo="password"), "python")


def test_the_wear_of_built_in_storage_is_its_worse_half() -> None:
    assert parse("wear=0x01 0x03\n", 0).wear_percent == 30
    assert parse("wear=0x00 0x00\n", 0).wear_percent is None

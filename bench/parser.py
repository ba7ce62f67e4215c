#!/usr/bin/env python3
"""Compare the native line-protocol parser with the one in Python, on lines as Telegraf writes them.

    python bench/parser.py                    # lines that it makes itself
    python bench/parser.py file.lp            # your own
    python bench/parser.py --sizes 10 5000    # lines in a batch

Rates are medians, in lines a second, of one core; only their ratio says something on another machine.
"Cold" is the native parser's first pass, which meets every series for the first time.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from heliograph.codec.lineprotocol import Parsed, native, python

START_S = 1_767_225_600
INTERVAL_S = 10
HOSTS = 100
DISK_BYTES = 250 << 30
MEMORY_BYTES = 8 << 30


def no_types(_measurement: str, _field: str) -> None:
    return None


class Machine:
    """One host, whose figures wander."""

    def __init__(self, number: int, pick: random.Random) -> None:
        self.name = f"node-{number:03d}.plant{number % 5}.example"
        self._pick = pick
        self._sent = pick.getrandbits(30)
        self._used = pick.getrandbits(33)

    def cpu(self, time_ns: int) -> Iterator[str]:
        """Yield a line for all cores and one for each, nine long numbers in each."""
        for core in ("cpu-total", "cpu0", "cpu1"):
            yield f"cpu,cpu={core},host={self.name} {','.join(self._shares())} {time_ns}"

    def others(self, time_ns: int) -> Iterator[str]:
        """Yield the lines of the other inputs, short and of all types."""
        pick, host = self._pick, f"host={self.name}"
        self._sent += pick.getrandbits(16)
        self._used = (self._used + pick.getrandbits(20)) % DISK_BYTES
        free = DISK_BYTES - self._used
        percent = 100 * self._used / DISK_BYTES
        yield f"mem,{host} total={MEMORY_BYTES}i,used={self._used % MEMORY_BYTES}i {time_ns}"
        for path in ("/", "/srv/data"):
            place = f"device=sda1,fstype=ext4,{host},mode=rw,path={path}"
            yield f"disk,{place} free={free}i,used={self._used}i,used_percent={percent} {time_ns}"
        yield f"net,{host},interface=eth0 bytes_sent={self._sent}i,bytes_recv={3 * self._sent}i {time_ns}"
        load = pick.random() * 3
        yield f"system,{host} load1={load:.2f},load5={load / 2:.2f},n_cpus=4i {time_ns}"
        days, hours = pick.randint(0, 90), pick.randint(0, 23)
        yield f'system,{host} uptime_format="{days} days, {hours:2d}:07" {time_ns}'
        yield f"temp,{host},sensor=cpu_thermal temp={40 + pick.random() * 20:.3f} {time_ns}"

    def _shares(self) -> Iterator[str]:
        ticks = 1_996 + self._pick.randint(0, 9)
        for name in ("user", "system", "idle", "nice", "iowait", "irq", "softirq", "steal", "guest"):
            yield f"usage_{name}={100 * self._pick.randint(0, 900) / ticks}"


def made(kind: str, count: int) -> list[bytes]:
    pick = random.Random(1)
    machines = [Machine(number, pick) for number in range(HOSTS)]
    lines: list[str] = []
    time_ns = START_S * 1_000_000_000
    while len(lines) < count:
        for machine in machines:
            lines += machine.cpu(time_ns)
            if kind == "mix":
                lines += machine.others(time_ns)
        time_ns += INTERVAL_S * 1_000_000_000
    return [f"{line}\n".encode() for line in lines[:count]]


def batches(lines: list[bytes], size: int) -> list[bytes]:
    return [b"".join(lines[start : start + size]) for start in range(0, len(lines), size)]


def rate(parse: Callable[..., Parsed], bodies: list[bytes], lines: int) -> float:
    start = time.perf_counter()
    for body in bodies:
        parse(body, time_ns=0, types=no_types)
    return lines / (time.perf_counter() - start)


def measure(name: str, lines: list[bytes], size: int, passes: int) -> None:
    bodies = batches(lines, size)
    native.forget()
    cold = rate(native.parse, bodies, len(lines))
    of = {
        parser: statistics.median(rate(parser, bodies, len(lines)) for _ in range(passes))
        for parser in (native.parse, python.parse)
    }
    by_native, by_python = of.values()
    ratio = by_native / by_python
    print(f"{name:12} {size:7,} {by_python:12,.0f} {by_native:12,.0f} {ratio:7.1f} {cold:12,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the two parsers of line protocol.")
    parser.add_argument("files", nargs="*", type=Path, help="line protocol to read instead of what is made")
    parser.add_argument("--sizes", nargs="*", type=int, default=[12, 200, 5_000, 50_000], metavar="LINES")
    parser.add_argument("--lines", type=int, default=50_000, help="lines of each kind that are made")
    parser.add_argument("--passes", type=int, default=5)
    args: Any = parser.parse_args()
    sources = {file.name: file.read_bytes().splitlines(keepends=True) for file in args.files}
    sources = sources or {kind: made(kind, args.lines) for kind in ("mix", "cpu")}
    print(f"{'':12} {'batch':>7} {'python':>12} {'native':>12} {'ratio':>7} {'cold':>12}")
    for name, lines in sources.items():
        for size in args.sizes:
            measure(name, lines, size, args.passes)


if __name__ == "__main__":
    main()

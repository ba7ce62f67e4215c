"""What Telegraf's usual inputs send from ordinary machines every ten seconds.

Thirteen lines per host and step: processor in total and per core, memory, two disks, one device's I/O,
one network interface, system, two temperatures. Values move as those of real machines do: counters
grow, shares of the processor are ticks over ticks with all their digits, half of the fields hardly change.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from bench.workloads.workload import SECOND_NS, Line, Workload, gather

INTERVAL_S: Final = 10
START_S: Final = 1_767_225_600  # 2026-01-01
STEPS: Final = 720
GIB: Final = 1 << 30
PAGE: Final = 4096

_CPUS: Final = ("cpu-total", "cpu0", "cpu1")
_DISKS: Final = (("sda1", "ext4", "/", 250 * GIB), ("sdb1", "xfs", "/srv/data", 64 * GIB))


def telegraf_mix(hosts: int, *, steps: int = STEPS, seed: int = 1) -> Workload:
    """Return the mix of so many hosts over ``steps`` intervals."""
    end_s = START_S + steps * INTERVAL_S
    return gather("telegraf_mix", lines(hosts, steps, seed), start_s=START_S, end_s=end_s)


def lines(hosts: int, steps: int, seed: int) -> Iterator[Line]:
    random = Random(seed)
    machines = [_Machine(host_name(number), random) for number in range(hosts)]
    for step in range(steps):
        time_ns = (START_S + step * INTERVAL_S) * SECOND_NS
        for machine in machines:
            yield from machine.gathered(step, time_ns)


def host_name(number: int) -> str:
    return f"board-{number:04d}.site{number % 7}.example"


def _line(measurement: str, tags: str, fields: dict[str, str], time_ns: int) -> Line:
    text = ",".join(f"{name}={value}" for name, value in fields.items())
    return Line(f"{measurement},{tags} {text} {time_ns}\n", measurement, tuple(fields))


class _Machine:
    """The state of one host; every method gives the lines of one input and lets time pass for it."""

    def __init__(self, name: str, random: Random) -> None:
        self._name = name
        self._random = random
        self._shares = {cpu: [random.uniform(20, 900), random.uniform(10, 200)] for cpu in _CPUS}
        self._memory_used = random.randrange(GIB, 5 * GIB)
        self._disk_used = [random.randrange(size // 10, size // 2) for *_, size in _DISKS]
        self._disk_counters = [random.randrange(1 << 20) for _ in range(8)]
        self._net_counters = [random.randrange(1 << 28) for _ in range(4)]
        self._load = random.uniform(0, 3)
        self._started = random.randrange(40 * 86_400)
        self._temperatures = [random.uniform(35, 60) for _ in range(2)]

    def gathered(self, step: int, time_ns: int) -> Iterator[Line]:
        for cpu in _CPUS:
            yield self._cpu(cpu, time_ns)
        yield self._mem(time_ns)
        yield from self._disk(time_ns)
        yield self._diskio(time_ns)
        yield self._net(time_ns)
        yield from self._system(step, time_ns)
        yield from self._temp(time_ns)

    def _cpu(self, cpu: str, time_ns: int) -> Line:
        random, share = self._random, self._shares[cpu]
        share[0] = min(1_400.0, max(1.0, share[0] + random.gauss(0, 20)))
        share[1] = min(400.0, max(1.0, share[1] + random.gauss(0, 7)))
        ticks = {"user": int(share[0]), "system": int(share[1]), "nice": random.randrange(3)}
        ticks |= {"iowait": random.randrange(8), "softirq": random.randrange(4)}
        elapsed = 1_996 + random.randrange(10)
        ticks["idle"] = elapsed - sum(ticks.values())
        fields = {f"usage_{kind}": repr(100 * count / elapsed) for kind, count in sorted(ticks.items())}
        fields |= {f"usage_{kind}": "0" for kind in ("guest", "guest_nice", "irq", "steal")}
        return _line("cpu", f"cpu={cpu},host={self._name}", fields, time_ns)

    def _mem(self, time_ns: int) -> Line:
        total = 8 * GIB
        moved = self._memory_used + self._random.randrange(-2_000, 2_001) * PAGE
        used = self._memory_used = min(7 * GIB, max(GIB // 4, moved))
        cached = GIB + used // 8 // PAGE * PAGE
        fields = {
            "active": f"{used // 2}i",
            "available": f"{total - used}i",
            "available_percent": repr(100 * (total - used) / total),
            "buffered": f"{cached // 16}i",
            "cached": f"{cached}i",
            "free": f"{max(0, total - used - cached)}i",
            "total": f"{total}i",
            "used": f"{used}i",
            "used_percent": repr(100 * used / total),
        }
        return _line("mem", f"host={self._name}", fields, time_ns)

    def _disk(self, time_ns: int) -> Iterator[Line]:
        for number, (device, kind, path, size) in enumerate(_DISKS):
            if self._random.random() < 0.25:
                self._disk_used[number] += self._random.randrange(64) * PAGE
            used = self._disk_used[number]
            inodes, inodes_used = size // 16_384, used // 65_536
            fields = {
                "free": f"{size - used}i",
                "inodes_free": f"{inodes - inodes_used}i",
                "inodes_total": f"{inodes}i",
                "inodes_used": f"{inodes_used}i",
                "total": f"{size}i",
                "used": f"{used}i",
                "used_percent": repr(100 * used / size),
            }
            tags = f"device={device},fstype={kind},host={self._name},mode=rw,path={path}"
            yield _line("disk", tags, fields, time_ns)

    def _diskio(self, time_ns: int) -> Line:
        random, counters = self._random, self._disk_counters
        reads, writes = random.randrange(30), random.randrange(120)
        grown = {
            "read_bytes": reads * PAGE * random.randrange(1, 5),
            "read_time": reads * random.randrange(3),
            "reads": reads,
            "write_bytes": writes * PAGE * random.randrange(1, 9),
            "write_time": writes * random.randrange(5),
            "writes": writes,
            "io_time": 2 * writes,
            "weighted_io_time": reads + 3 * writes,
        }
        counters[:] = [total + growth for total, growth in zip(counters, grown.values(), strict=True)]
        fields = {name: f"{counter}i" for name, counter in zip(grown, counters, strict=True)}
        fields["iops_in_progress"] = f"{random.randrange(3)}i"
        return _line("diskio", f"host={self._name},name=sda", fields, time_ns)

    def _net(self, time_ns: int) -> Line:
        random, counters = self._random, self._net_counters
        received, sent = random.randrange(3_000), random.randrange(2_000)
        grown = {
            "bytes_recv": received * random.randrange(60, 960),
            "bytes_sent": sent * random.randrange(60, 960),
            "packets_recv": received,
            "packets_sent": sent,
        }
        counters[:] = [total + growth for total, growth in zip(counters, grown.values(), strict=True)]
        fields = {name: f"{counter}i" for name, counter in zip(grown, counters, strict=True)}
        fields |= dict.fromkeys(("drop_in", "drop_out", "err_in", "err_out"), "0i")
        return _line("net", f"host={self._name},interface=eth0", fields, time_ns)

    def _system(self, step: int, time_ns: int) -> Iterator[Line]:
        load = self._load = max(0.0, self._load + self._random.uniform(-0.1, 0.1))
        uptime = self._started + step * INTERVAL_S
        loads = {"load1": f"{load:.2f}", "load15": f"{load * 0.8:.2f}", "load5": f"{load * 0.9:.2f}"}
        counts = {"n_cpus": "2i", "n_users": f"{self._random.randrange(3)}i"}
        days, hours, minutes = uptime // 86_400, uptime // 3_600 % 24, uptime // 60 % 60
        written = f'"{days} days, {hours:2d}:{minutes:02d}"'
        for fields in (loads | counts, {"uptime": f"{uptime}i"}, {"uptime_format": written}):
            yield _line("system", f"host={self._name}", fields, time_ns)

    def _temp(self, time_ns: int) -> Iterator[Line]:
        for number in range(2):
            moved = self._temperatures[number] + self._random.uniform(-0.5, 0.5)
            celsius = self._temperatures[number] = min(95.0, max(20.0, moved))
            tags = f"host={self._name},sensor=coretemp_core{number}"
            yield _line("temp", tags, {"temp": f"{celsius:.1f}"}, time_ns)

"""The time series benchmark suite's ``cpu-only`` set, written anew from its description.

One measurement ``cpu``: ten tags, ten integers that walk at random between 0 and 100, every ten seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from bench.workloads.workload import SECOND_NS, Line, Workload, gather

INTERVAL_S: Final = 10
START_S: Final = 1_451_606_400  # 2016-01-01
STEPS: Final = 5_760  # 16 hours: the longest window of its questions is 12 hours
FLOOR_BYTES_PER_VALUE: Final = 0.256
"""2.05 bits: the entropy of a step with normal distribution, cut to whole numbers."""

FIELDS: Final = tuple(
    f"usage_{kind}"
    for kind in (
        *("user", "system", "idle", "nice", "iowait"),
        *("irq", "softirq", "steal", "guest", "guest_nice"),
    )
)
_ZONES: Final = {
    "us-east-1": "abce",
    "us-west-1": "ab",
    "us-west-2": "abc",
    "eu-west-1": "abc",
    "eu-central-1": "ab",
    "ap-southeast-1": "ab",
    "ap-southeast-2": "ab",
    "ap-northeast-1": "ac",
    "sa-east-1": "abc",
}


def tsbs_cpu(hosts: int, *, steps: int = STEPS, seed: int = 123) -> Workload:
    """Return the set of so many hosts over ``steps`` intervals."""
    return gather(
        "tsbs_cpu",
        lines(hosts, steps, seed),
        start_s=START_S,
        end_s=START_S + steps * INTERVAL_S,
        floor_bytes=hosts * steps * len(FIELDS) * FLOOR_BYTES_PER_VALUE,
    )


def ten_times_the_series(hosts: int) -> Workload:
    """Return as many lines as :func:`tsbs_cpu` of so many hosts, of ten times the hosts."""
    steps = STEPS // 10
    end_s = START_S + steps * INTERVAL_S
    return gather("tsbs_cpu_10x_series", lines(10 * hosts, steps, 123), start_s=START_S, end_s=end_s)


def lines(hosts: int, steps: int, seed: int) -> Iterator[Line]:
    random = Random(seed)
    machines = [(_tags(number, random), [random.uniform(0, 100) for _ in FIELDS]) for number in range(hosts)]
    for step in range(steps):
        time_ns = (START_S + step * INTERVAL_S) * SECOND_NS
        for tags, values in machines:
            text = ",".join(f"{name}={int(value)}i" for name, value in zip(FIELDS, values, strict=True))
            yield Line(f"cpu,{tags} {text} {time_ns}\n", "cpu", FIELDS)
            values[:] = [min(100.0, max(0.0, value + random.gauss(0, 1))) for value in values]


def host_name(number: int) -> str:
    return f"host_{number}"


def _tags(number: int, random: Random) -> str:
    region = random.choice(sorted(_ZONES))
    tags = {
        "hostname": host_name(number),
        "region": region,
        "datacenter": region + random.choice(_ZONES[region]),
        "rack": str(random.randrange(100)),
        "os": random.choice(("Ubuntu16.10", "Ubuntu16.04LTS", "Ubuntu15.10")),
        "arch": random.choice(("x64", "x86")),
        "team": random.choice(("SF", "NYC", "LON", "CHI")),
        "service": str(random.randrange(20)),
        "service_version": str(random.randrange(2)),
        "service_environment": random.choice(("production", "staging", "test")),
    }
    return ",".join(f"{name}={value}" for name, value in tags.items())

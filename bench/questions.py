"""What is asked of every server, in terms of no server: the benchmark suite's questions, and dashboards'."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Final, TypeAlias

from bench.workloads import telegraf_mix, tsbs_cpu, tsbs_iot
from bench.workloads.workload import Workload

HOUR_S: Final = 3_600
_HIGH: Final = 90.0

Answer: TypeAlias = dict[tuple[str, ...], float]
"""By field, the values of the grouping tags and, where there is one, the time in seconds."""


class Shape(Enum):
    """The form of a question."""

    GRID = "one value per interval and group"
    NEWEST = "the last five intervals before a moment"
    ROWS = "the points above a value"
    LAST = "the last row per group, which has all fields"
    LAST_VALUES = "the last value of each field per group"
    PANEL = "a dashboard's own text of InfluxQL"


@dataclass(frozen=True, slots=True)
class Question:
    """One question; the range includes its start and not its end, and intervals begin at its multiples."""

    shape: Shape
    measurement: str
    fields: tuple[str, ...]
    function: str
    start_s: int
    end_s: int
    interval_s: int
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)
    group_by: tuple[str, ...] = ()
    above: float = 0.0
    """For rows: the first field must be above this."""
    at_most: float | None = None
    """For last values: the first field must be at most this."""
    limit: int = 0
    text: str = ""
    """Of a panel: what is asked."""


Maker: TypeAlias = Callable[[Workload, Random], Question]


def questions(workload: Workload, variants: int, seed: int = 7) -> dict[str, list[Question]]:
    """Return the questions that are asked after this workload, each in variants of window and hosts."""
    makers = _MAKERS.get(workload.name, {})
    return {
        kind: [make(workload, Random(f"{seed} {kind} {variant}")) for variant in range(variants)]
        for kind, make in makers.items()
    }


def agree(one: Answer, other: Answer, tolerance: float) -> bool:
    """Tell whether two answers hold the same values at the same places."""
    return one.keys() == other.keys() and all(
        math.isclose(value, other[key], rel_tol=tolerance, abs_tol=tolerance) for key, value in one.items()
    )


def some_hosts(workload: Workload, random: Random, count: int) -> tuple[str, ...]:
    """Return some hosts of a workload; fewer if it has not so many."""
    measurement = workload.probes[0].measurement.encode()
    name = tsbs_cpu.host_name if workload.name == "tsbs_cpu" else telegraf_mix.host_name
    present = 0
    while f"={name(present)},".encode() in workload.batches[0]:
        present += 1
    if not present:
        raise ValueError(f"{workload.name}: no host in the first batch of {measurement!r}")
    return tuple(name(number) for number in sorted(random.sample(range(present), min(count, present))))


def some_window(workload: Workload, random: Random, hours: float, step_s: int) -> tuple[int, int]:
    """Return a window of whole steps within the workload's time, as long as that allows."""
    length = min(round(hours * HOUR_S), workload.end_s - workload.start_s) // step_s * step_s
    latest = (workload.end_s - length - workload.start_s) // step_s
    start = workload.start_s + random.randint(0, latest) * step_s
    return start, start + length


def _single_groupby(metrics: int, hosts: int, hours: int) -> Maker:
    def make(workload: Workload, random: Random) -> Question:
        where = {"hostname": some_hosts(workload, random, hosts)}
        window = some_window(workload, random, hours, 60)
        return Question(Shape.GRID, "cpu", tsbs_cpu.FIELDS[:metrics], "max", *window, 60, where)

    return make


def _cpu_max_all(hosts: int) -> Maker:
    def make(workload: Workload, random: Random) -> Question:
        where = {"hostname": some_hosts(workload, random, hosts)}
        window = some_window(workload, random, 8, HOUR_S)
        return Question(Shape.GRID, "cpu", tsbs_cpu.FIELDS, "max", *window, HOUR_S, where)

    return make


def _double_groupby(metrics: int) -> Maker:
    def make(workload: Workload, random: Random) -> Question:
        window = some_window(workload, random, 12, HOUR_S)
        fields = tsbs_cpu.FIELDS[:metrics]
        return Question(Shape.GRID, "cpu", fields, "mean", *window, HOUR_S, group_by=("hostname",))

    return make


def _orderby_limit(workload: Workload, random: Random) -> Question:
    _, end = some_window(workload, random, 1, 60)
    return Question(Shape.NEWEST, "cpu", ("usage_user",), "max", workload.start_s, end, 60, limit=5)


def _high_cpu(hosts: int) -> Maker:
    def make(workload: Workload, random: Random) -> Question:
        where = {"hostname": some_hosts(workload, random, hosts)} if hosts else {}
        window = some_window(workload, random, 12, 60)
        return Question(
            Shape.ROWS, "cpu", tsbs_cpu.FIELDS, "", *window, 10, where, ("hostname",), above=_HIGH
        )

    return make


def _last_point(workload: Workload, _random: Random) -> Question:
    span = (workload.start_s, workload.end_s)
    return Question(Shape.LAST, "cpu", tsbs_cpu.FIELDS, "last", *span, 10, group_by=("hostname",))


def _panel(measurement: str, panel_field: str, function: str, group_by: tuple[str, ...]) -> Maker:
    """A panel over all hosts: an hour by minutes."""

    def make(workload: Workload, random: Random) -> Question:
        window = some_window(workload, random, 1, 60)
        return Question(Shape.GRID, measurement, (panel_field,), function, *window, 60, group_by=group_by)

    return make


def _one_host(workload: Workload, random: Random) -> Question:
    where = {"host": some_hosts(workload, random, 1), "cpu": ("cpu-total",)}
    fields = ("usage_user", "usage_system", "usage_iowait")
    window = some_window(workload, random, 0.25, 10)
    return Question(Shape.GRID, "cpu", fields, "mean", *window, 10, where, ("host",))


def _fleet(random: Random) -> dict[str, tuple[str, ...]]:
    return {"fleet": (random.choice(tsbs_iot.FLEETS),)}


def _last_of_fleet(measurement: str, *fields: str, at_most: float | None = None) -> Maker:
    """The last values of each series of a fleet; a truck has several when points lack a tag."""

    def make(workload: Workload, random: Random) -> Question:
        span = (workload.start_s, workload.end_s)
        return Question(
            Shape.LAST_VALUES,
            measurement,
            fields,
            "last",
            *span,
            10,
            _fleet(random),
            tsbs_iot.TAGS,
            at_most=at_most,
        )

    return make


def _single_last_location(workload: Workload, random: Random) -> Question:
    span = (workload.start_s, workload.end_s)
    where: dict[str, tuple[str, ...]] = {"name": (f"truck_{random.randrange(8)}",)}
    fields = ("latitude", "longitude")
    return Question(Shape.LAST_VALUES, "readings", fields, "last", *span, 10, where, tsbs_iot.TAGS)


def _fleet_means(measurement: str, mean_field: str, hours: float, step_s: int) -> Maker:
    """Means of each series of a fleet by interval, from which the suite counts those above a threshold."""

    def make(workload: Workload, random: Random) -> Question:
        window = some_window(workload, random, hours, step_s)
        fields = (mean_field,)
        return Question(
            Shape.GRID, measurement, fields, "mean", *window, step_s, _fleet(random), tsbs_iot.TAGS
        )

    return make


def _named(entries: Iterator[tuple[str, Maker]]) -> dict[str, Maker]:
    return dict(entries)


_SINGLE: Final = ((1, 1, 1), (1, 1, 12), (1, 8, 1), (5, 1, 1), (5, 1, 12), (5, 8, 1))
_MAKERS: Final[dict[str, dict[str, Maker]]] = {
    "tsbs_cpu": {
        **_named((f"single-groupby-{m}-{h}-{t}", _single_groupby(m, h, t)) for m, h, t in _SINGLE),
        "cpu-max-all-1": _cpu_max_all(1),
        "cpu-max-all-8": _cpu_max_all(8),
        "double-groupby-1": _double_groupby(1),
        "double-groupby-5": _double_groupby(5),
        "double-groupby-all": _double_groupby(10),
        "groupby-orderby-limit": _orderby_limit,
        "high-cpu-1": _high_cpu(1),
        "high-cpu-all": _high_cpu(0),
        "lastpoint": _last_point,
    },
    "tsbs_iot": {
        "last-loc": _last_of_fleet("readings", "latitude", "longitude"),
        "single-last-loc": _single_last_location,
        "low-fuel": _last_of_fleet("diagnostics", "fuel_state", at_most=0.1),
        "high-load": _last_of_fleet("diagnostics", "current_load", "load_capacity"),
        "stationary-trucks": _fleet_means("readings", "velocity", 1 / 6, 600),
        "long-driving-sessions": _fleet_means("readings", "velocity", 4, 600),
        "long-daily-sessions": _fleet_means("readings", "velocity", 24, 600),
        "daily-activity": _fleet_means("diagnostics", "status", 24, 600),
    },
    "telegraf_mix": {
        "one host's processor, 15 min by 10 s": _one_host,
        "memory by host, 1 h by 1 min": _panel("mem", "used_percent", "mean", ("host",)),
        "disks by host, 1 h by 1 min": _panel("disk", "used_percent", "max", ("host", "path")),
        "temperatures, 1 h by 1 min": _panel("temp", "temp", "max", ("host", "sensor")),
        "load, 1 h by 1 min": _panel("system", "load1", "mean", ("host",)),
    },
}

"""Panels and variables of dashboards as Grafana sends them, after the Telegraf mix: texts of InfluxQL."""

from __future__ import annotations

from random import Random
from typing import Final

from bench.questions import HOUR_S, Question, Shape, some_hosts, some_window
from bench.workloads.workload import Workload

_TIME: Final = "time >= {start}ms and time <= {end}ms"
_HOSTS: Final = '"host" =~ /^({hosts})$/'
_HOST: Final = '"host" =~ /^{host}$/'
_TEXTS: Final[dict[str, str]] = {
    "processor in use, by host": (
        'SELECT mean("usage_idle") * -1 + 100 AS "used" FROM "cpu"'
        f' WHERE ("cpu" = \'cpu-total\' AND {_HOSTS}) AND {_TIME} GROUP BY time(30s), "host" fill(null)'
    ),
    "network, rates of counters": (
        'SELECT non_negative_derivative(mean("bytes_recv"), 1s) * 8 AS "in",'
        ' non_negative_derivative(mean("bytes_sent"), 1s) * -8 AS "out" FROM "net"'
        f' WHERE {_HOSTS} AND {_TIME} GROUP BY time(30s), "host", "interface" fill(none)'
    ),
    "disk, rates of the largest": (
        f'SELECT non_negative_derivative(max("read_bytes"), 1s) FROM "diskio" WHERE {_HOSTS} AND {_TIME}'
        ' GROUP BY time(1m), "host", "name"'
    ),
    "memory, stacked": (
        f'SELECT mean("used"), mean("cached"), mean("free") FROM "mem" WHERE {_HOST} AND {_TIME}'
        " GROUP BY time(20s) fill(linear)"
    ),
    "load, three lines": (
        f'SELECT mean("load1"), max("load5"), last("load15") FROM "system" WHERE {_HOST} AND {_TIME}'
        ' GROUP BY time(1m), "host" fill(previous)'
    ),
    "a gauge: disks now": (
        f'SELECT last("used_percent") FROM "disk" WHERE {_HOST} AND {_TIME} GROUP BY "path"'
    ),
    "a number: uptime": f'SELECT last("uptime") FROM "system" WHERE {_HOST} AND {_TIME} GROUP BY "host"',
    "a text: uptime": f'SELECT last("uptime_format") FROM "system" WHERE {_HOST} AND {_TIME}',
    "95th percentile": (
        f'SELECT percentile("usage_user", 95) FROM "cpu" WHERE "cpu" = \'cpu-total\' AND {_HOSTS} AND {_TIME}'
        ' GROUP BY time(5m), "host" fill(none)'
    ),
    "median and spread": (
        f'SELECT median("temp"), spread("temp"), stddev("temp") FROM "temp" WHERE {_HOSTS} AND {_TIME}'
        ' GROUP BY time(5m), "host"'
    ),
    "the sum of hosts' means": (
        'SELECT sum("m") FROM (SELECT mean("used_percent") AS "m" FROM "mem"'
        f' WHERE {_TIME} GROUP BY time(1m), "host") WHERE {_TIME} GROUP BY time(1m)'
    ),
    "a table of points": f'SELECT "load1", "load5", "load15" FROM "system" WHERE {_HOST} AND {_TIME}',
    "the newest points": (
        f'SELECT "temp" FROM "temp" WHERE {_HOSTS} AND {_TIME} GROUP BY "host", "sensor"'
        " ORDER BY time DESC LIMIT 10"
    ),
    "energy: integrals": (
        f'SELECT integral("usage_user", 1h) FROM "cpu" WHERE "cpu" = \'cpu-total\' AND {_HOST} AND {_TIME}'
        ' GROUP BY time(15m), "host"'
    ),
    "sums of whole numbers": (
        'SELECT sum("reads"), sum("writes") FROM "diskio"'
        f" WHERE {_HOSTS} AND {_TIME} GROUP BY time(1m) fill(0)"
    ),
    "a zone's hours": (
        f'SELECT max("temp") FROM "temp" WHERE {_TIME} GROUP BY time(1h), "host" tz(\'Europe/Berlin\')'
    ),
    "variable: hosts": 'SHOW TAG VALUES FROM "system" WITH KEY = "host"',
    "variable: hosts with disks": f'SHOW TAG VALUES FROM "disk" WITH KEY = "path" WHERE {_HOST}',
    "builder: measurements": "SHOW MEASUREMENTS LIMIT 100",
    "builder: fields": 'SHOW FIELD KEYS FROM "cpu"',
    "builder: tags": 'SHOW TAG KEYS FROM "disk"',
}
_HOSTS_ASKED: Final = 5


def panels(workload: Workload, variants: int, seed: int = 7) -> dict[str, list[Question]]:
    """Return the panels that are asked after this workload, each in variants of window and hosts."""
    if workload.name != "telegraf_mix":
        return {}
    return {
        kind: [_panel(text, workload, Random(f"{seed} {kind} {number}")) for number in range(variants)]
        for kind, text in _TEXTS.items()
    }


def _panel(text: str, workload: Workload, random: Random) -> Question:
    start_s, end_s = some_window(workload, random, 1, 10)
    hosts = [name.replace(".", "\\.") for name in some_hosts(workload, random, _HOSTS_ASKED)]
    asked = text.format(start=1000 * start_s, end=1000 * end_s, hosts="|".join(hosts), host=hosts[0])
    return Question(Shape.PANEL, "", (), "", start_s, end_s, HOUR_S, text=asked)

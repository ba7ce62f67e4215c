"""The parts of InfluxQL by name, each with questions that need it; the points that they are about."""

from __future__ import annotations

from typing import Final

START_S: Final = 1_790_000_000


def points() -> str:
    """Return lines: two measurements, tags that some series lack, gaps, every type."""
    found = []
    for step in range(40):
        if step % 7 == 3:
            continue
        at_ns = (START_S + 15 * step) * 10**9
        for number, series in enumerate(("host=a,zone=x", "host=b,zone=y", "host=c\\ d")):
            noise = (step * 31 + number * 17) % 53
            fields = (
                f"f={noise}.5,i={noise - 20}i,u={step * 3 + number}.25,b={'true' if noise % 2 else 'false'}"
            )
            found.append(f'cpu,{series} {fields},s="word {noise % 5}" {at_ns + number}')
        found.append(f"mem,host=a used={step * step}i,free={100 - step}.75 {at_ns}")
    return "\n".join(found)


_SPAN: Final = f"time >= {START_S}s AND time < {START_S + 600}s"
_EACH: Final = f"WHERE {_SPAN} GROUP BY time(1m)"


def _in_windows(call: str) -> str:
    return f"SELECT {call} FROM cpu {_EACH}, host"


FEATURES: Final[dict[str, tuple[str, ...]]] = {
    "SELECT of fields, tags, `*` and regular expressions": (
        "SELECT f, i, host FROM cpu",
        "SELECT * FROM cpu",
        "SELECT /^[fi]$/ FROM cpu",
        "SELECT *::field FROM cpu",
    ),
    "arithmetic, aliases": ("SELECT f * 2 + i AS sum, f / i, i % 7 FROM cpu", "SELECT (f + u) / 2 FROM cpu"),
    "casts: `::float`, `::integer`, `::string`, `::boolean`, `::tag`, `::field`": (
        "SELECT f::integer, i::float FROM cpu",
        "SELECT f::field FROM cpu WHERE host::tag = 'a'",
        "SELECT s::string, b::boolean FROM cpu",
    ),
    "FROM with database, policy, several measurements, regular expressions": (
        "SELECT f FROM features.autogen.cpu",
        "SELECT f FROM features..cpu",
        "SELECT f, used FROM cpu, mem",
        "SELECT f, used FROM /^(cpu|mem)$/",
    ),
    "subqueries": (
        f"SELECT max(m) FROM (SELECT mean(f) AS m FROM cpu {_EACH}, host) GROUP BY host",
        (
            "SELECT sum(m) FROM (SELECT last(m) AS m FROM"
            f" (SELECT mean(f) AS m FROM cpu {_EACH}, host) GROUP BY host)"
        ),
        "SELECT d FROM (SELECT derivative(u, 1m) AS d FROM cpu WHERE host = 'a')",
    ),
    "WHERE: tags, fields, AND, OR, arithmetic, `=~`, `!~`": (
        "SELECT f FROM cpu WHERE host = 'a' OR (zone != 'x' AND f > 30)",
        "SELECT f FROM cpu WHERE host =~ /^(a|c d)$/ AND s !~ /[12]$/",
        "SELECT f FROM cpu WHERE f + i > 40 AND b = true",
        "SELECT f FROM cpu WHERE zone = ''",
    ),
    "times: RFC 3339, dates, numbers, durations, `now()`": (
        "SELECT f FROM cpu WHERE time >= '2026-09-21T14:14:00Z' AND time < '2026-09-21 14:16:00'",
        f"SELECT f FROM cpu WHERE time >= {START_S}000000000 AND time <= {START_S}s + 2m",
        "SELECT count(f) FROM cpu WHERE time < now() - 1h + 5m",
    ),
    "GROUP BY tags, `*`, regular expressions": (
        "SELECT mean(f) FROM cpu GROUP BY host",
        "SELECT mean(f) FROM cpu GROUP BY *",
        "SELECT mean(f) FROM cpu GROUP BY /^z/",
        "SELECT f FROM cpu GROUP BY zone",
    ),
    "GROUP BY time(interval, offset)": (
        f"SELECT mean(f) FROM cpu WHERE {_SPAN} GROUP BY time(90s)",
        f"SELECT mean(f) FROM cpu WHERE {_SPAN} GROUP BY time(1m, 15s), zone",
    ),
    "tz()": (
        f"SELECT mean(f) FROM cpu WHERE {_SPAN} GROUP BY time(1d) tz('Europe/Berlin')",
        "SELECT f FROM cpu LIMIT 3 tz('Asia/Kolkata')",
    ),
    "fill(null)": (_in_windows("mean(f)"), f"{_in_windows('mean(f)')} fill(null)"),
    "fill(none)": (f"{_in_windows('mean(f)')} fill(none)",),
    "fill(number)": (f"{_in_windows('mean(f)')} fill(7.5)", f"{_in_windows('sum(i)')} fill(0)"),
    "fill(previous)": (f"{_in_windows('max(f)')} fill(previous)",),
    "fill(linear)": (f"SELECT mean(f) FROM cpu WHERE {_SPAN} GROUP BY time(10s), host fill(linear)",),
    "ORDER BY time DESC, LIMIT, OFFSET": (
        "SELECT f FROM cpu ORDER BY time DESC LIMIT 4",
        "SELECT f FROM cpu LIMIT 3 OFFSET 5",
        f"SELECT mean(f) FROM cpu {_EACH} ORDER BY time DESC LIMIT 2",
    ),
    "SLIMIT, SOFFSET": ("SELECT f FROM cpu GROUP BY host LIMIT 2 SLIMIT 1 SOFFSET 1",),
    "INTO, with `:MEASUREMENT` and back references": (
        "SELECT mean(f) AS f INTO copies FROM cpu WHERE host = 'a' GROUP BY time(5m)",
        "SELECT * INTO features.autogen.:MEASUREMENT FROM /^mem$/",
    ),
    "count, count(distinct)": (_in_windows("count(f)"), "SELECT count(distinct(s)) FROM cpu GROUP BY host"),
    "sum, mean, median, mode": (
        _in_windows("sum(f), sum(i), mean(f), mean(i)"),
        _in_windows("median(f)"),
        _in_windows("mode(s)"),
    ),
    "spread, stddev": (_in_windows("spread(f), spread(i)"), _in_windows("stddev(f)")),
    "integral": (
        "SELECT integral(f) FROM cpu WHERE host = 'b'",
        "SELECT integral(u, 1m) FROM cpu WHERE host = 'a'",
    ),
    "distinct": ("SELECT distinct(s) FROM cpu", _in_windows("distinct(i)")),
    "first, last, min, max": (
        _in_windows("first(f), last(f), min(f), max(f)"),
        "SELECT last(f), host, s FROM cpu WHERE host = 'b'",
        "SELECT max(u) FROM cpu",
        "SELECT first(s) FROM cpu GROUP BY host",
    ),
    "percentile": (
        "SELECT percentile(f, 90) FROM cpu GROUP BY host",
        "SELECT percentile(u, 50), host FROM cpu",
    ),
    "top, bottom": ("SELECT top(u, 3) FROM cpu", "SELECT bottom(u, host, 2), zone FROM cpu"),
    "derivative, non_negative_derivative": (
        "SELECT derivative(f, 10s) FROM cpu GROUP BY host",
        _in_windows("non_negative_derivative(mean(f), 1s)"),
    ),
    "difference, non_negative_difference": (
        "SELECT difference(i) FROM cpu GROUP BY host",
        _in_windows("non_negative_difference(max(f))"),
    ),
    "cumulative_sum, moving_average, elapsed": (
        _in_windows("cumulative_sum(sum(i))"),
        "SELECT moving_average(f, 3) FROM cpu GROUP BY host",
        "SELECT elapsed(f, 1s) FROM cpu GROUP BY host",
    ),
    "abs, round, floor, ceil, sqrt, pow, exp, ln, log, log2, log10, sin … atan2": (
        "SELECT abs(u - 40), round(f), floor(f), ceil(f), pow(f, 2) FROM cpu",
        "SELECT sqrt(u), exp(u / 100), sin(f), cos(f), tan(f), atan2(f, u) FROM cpu",
        "SELECT ln(u + 1), log2(u + 1), log10(u + 1), log(u + 1, 3) FROM cpu",
    ),
    "SHOW DATABASES, RETENTION POLICIES": ("SHOW DATABASES", "SHOW RETENTION POLICIES ON features"),
    "SHOW MEASUREMENTS": (
        "SHOW MEASUREMENTS",
        "SHOW MEASUREMENTS WITH MEASUREMENT =~ /^c/ WHERE host = 'a' LIMIT 1",
    ),
    "SHOW SERIES": ("SHOW SERIES", "SHOW SERIES FROM cpu WHERE host = 'a'"),
    "SHOW TAG KEYS, TAG VALUES": (
        "SHOW TAG KEYS",
        "SHOW TAG KEYS FROM cpu",
        "SHOW TAG VALUES WITH KEY = host",
        "SHOW TAG VALUES FROM cpu WITH KEY IN (host, zone) WHERE host != 'b' LIMIT 2",
        "SHOW TAG VALUES WITH KEY =~ /o/",
    ),
    "SHOW FIELD KEYS": ("SHOW FIELD KEYS", "SHOW FIELD KEYS FROM mem"),
    "SHOW … CARDINALITY": (
        "SHOW SERIES EXACT CARDINALITY",
        "SHOW MEASUREMENT EXACT CARDINALITY",
        "SHOW TAG KEY EXACT CARDINALITY",
        "SHOW FIELD KEY EXACT CARDINALITY",
    ),
    "CREATE, DROP DATABASE": (
        "CREATE DATABASE made",
        "CREATE DATABASE made2 WITH DURATION 3d REPLICATION 1 SHARD DURATION 1h NAME short",
        "SHOW RETENTION POLICIES ON made2",
        "DROP DATABASE made",
        "DROP DATABASE made2",
        "DROP DATABASE never",
    ),
    "CREATE, ALTER, DROP RETENTION POLICY": (
        "CREATE DATABASE kept",
        "CREATE RETENTION POLICY week ON kept DURATION 7d REPLICATION 1 DEFAULT",
        "ALTER RETENTION POLICY week ON kept DURATION 14d SHARD DURATION 1d",
        "SHOW RETENTION POLICIES ON kept",
        "DROP RETENTION POLICY week ON kept",
        "DROP DATABASE kept",
    ),
    "DELETE, DROP SERIES, DROP MEASUREMENT": (
        "SELECT used INTO gone FROM mem",
        f"DELETE FROM gone WHERE time < {START_S + 60}s",
        "SELECT count(used) FROM gone",
        "DROP SERIES FROM gone",
        "DROP MEASUREMENT gone",
        "SHOW MEASUREMENTS",
    ),
    "several statements; those after an error are not executed": (
        "SELECT count(f) FROM cpu; SELECT max(f) FROM cpu",
        "SELECT foo(f) FROM cpu",
    ),
}

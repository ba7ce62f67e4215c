"""What to use instead of what is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final


def nearest(name: str, names: Iterable[str]) -> str:
    """Return what to use instead of a function that is not there."""
    if name in _INSTEAD:
        return f"it is not supported here; {_INSTEAD[name]}"
    close = get_close_matches(name, sorted(names), 3, 0.65)
    return f"did you mean {' or '.join(close)}?" if close else "there is no such function here"


def undefined(name: str, packages: Iterable[str]) -> str:
    """Return what to do about a name that means nothing, and is not called."""
    if name in _LANGUAGES:
        return "this is no Flux; InfluxQL is asked at /query, SQL at /api/v3/query_sql"
    if name == "v":
        return "say option v = {timeRangeStart: -1h, windowPeriod: 1m} first"
    imported = [path for path in sorted(packages) if path.rpartition("/")[2] == name]
    if imported:
        return f'say import "{imported[0]}" first'
    if name in _INSTEAD:
        return f"it is not supported here; {_INSTEAD[name]}"
    return f'a text stands in quotes, as in "{name}", and a variable is given a value before'


def package_advice(path: str, known: Iterable[str]) -> str:
    """Return why a package cannot be imported, and what to use instead."""
    listed = sorted(known)
    begun = (text for begin, text in _PACKAGES.items() if f"{path}/".startswith(f"{begin}/"))
    close = get_close_matches(path, listed, 1)
    instead = next(begun, "") or (f'did you mean "{close[0]}"?' if close else "")
    return f'the package "{path}" is not supported; {instead or "supported are " + ", ".join(listed)}'


_LANGUAGES: Final = frozenset(
    {"SELECT", "SHOW", "DROP", "CREATE", "DELETE", "EXPLAIN", "WITH", "select", "show", "WHERE", "FROM"}
)
_SQL: Final = "ask by SQL, with helio query or at /api/v3/query_sql"
_INSTEAD: Final = {
    "holtWinters": "ask by InfluxQL with holt_winters()",
    "to": "write into another bucket by InfluxQL's SELECT … INTO",
    "covariance": _SQL,
    "cov": _SQL,
    "pearsonr": _SQL,
    "histogramQuantile": "ask for quantile() of the values themselves",
    "timeWeightedAvg": "use aggregateWindow(fn: mean) with fill(usePrevious: true) and mean()",
    "kaufmansAMA": "use exponentialMovingAverage(n: …)",
    "kaufmansER": "use exponentialMovingAverage(n: …)",
    "doubleEMA": "use exponentialMovingAverage(n: …)",
    "tripleEMA": "use exponentialMovingAverage(n: …)",
    "tripleExponentialDerivative": "use exponentialMovingAverage(n: …)",
    "relativeStrengthIndex": "use difference() and movingAverage(n: …)",
    "chandeMomentumOscillator": "use difference() and movingAverage(n: …)",
    "stateTracking": "use stateCount() and stateDuration()",
    "wideTo": "write into another bucket by InfluxQL's SELECT … INTO",
    "tableFinds": "use tableFind()",
    "toDuration": "convert values in map() with duration(v: …)",
    "percentile": "use quantile(q: 0.9), of which q goes from 0 to 1",
    "avg": "use mean()",
    "average": "use mean()",
    "where": "use filter(fn: (r) => …)",
    "select": "use filter(fn: (r) => …) and keep(columns: […])",
    "groupBy": "use group(columns: […])",
    "orderBy": "use sort(columns: […])",
}
_PACKAGES: Final = {
    "sql": _SQL,
    "csv": "write the points into a bucket and read them with from()",
    "json": "keep the values as fields; texts of JSON are not taken apart",
    "http": "ask other servers with a program of your own",
    "experimental/http": "ask other servers with a program of your own",
    "influxdata/influxdb/monitor": "checks and alerts are not made by Flux here",
    "influxdata/influxdb/tasks": "tasks are not made here; ask for the answer itself",
    "influxdata/influxdb/secrets": "there are no secrets to read here",
    "slack": "messages are not sent by Flux here",
    "pagerduty": "messages are not sent by Flux here",
    "pushbullet": "messages are not sent by Flux here",
    "profiler": "leave it out",
    "sampledata": "use array.from(rows: […])",
    "generate": "use array.from(rows: […])",
    "contrib": "packages of users are not installed here",
    "experimental/geo": _SQL,
    "experimental/prometheus": "let Telegraf's input prometheus read it",
    "experimental/mqtt": "publish with an MQTT client; the hub is the broker",
}

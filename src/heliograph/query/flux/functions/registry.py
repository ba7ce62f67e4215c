"""All that a text of Flux can name: our functions, the packages with theirs, and options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions import known, reducing, rowwise, scalars, shaping, transforms, windows
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.session import Session
from heliograph.query.flux.values import Duration, Time, Value

_DAY_NS: Final = 86_400_000_000_000


def _now(session: Session, _: Arguments) -> Time:
    return Time(session.now_ns)


def _today(session: Session, _: Arguments) -> Time:
    return Time(session.now_ns // _DAY_NS * _DAY_NS)


def _fixed_zone(_: Session, arguments: Arguments) -> Value:
    name = arguments.text("name")
    if name != "UTC":
        raise arguments.refuse(
            "locations other than UTC are not supported; use the argument offset of windows"
        )
    return UTC


def _yield(_: Session, arguments: Arguments) -> Value:
    raise arguments.refuse("yield cannot be called by a function of ours")


UTC: Final[Mapping[str, Any]] = {"zone": "UTC", "offset": Duration(0, 0)}
UNIVERSE: Final[Mapping[str, Value]] = {
    "true": True,
    "false": False,
    "inf": windows.INFINITE,
    **{
        one.name: one
        for one in (
            *rowwise.FUNCTIONS,
            *(reducing.function(name) for name in reducing.REDUCERS),
            *windows.FUNCTIONS,
            *shaping.FUNCTIONS,
            *transforms.FUNCTIONS,
            *scalars.FUNCTIONS,
            *known.FUNCTIONS,
            Builtin("now", _now),
            Builtin("today", _today),
            Builtin("yield", _yield),
        )
    },
}
PACKAGES: Final[Mapping[str, Mapping[str, Value]]] = {
    "influxdata/influxdb": {"from": UNIVERSE["from"], "buckets": UNIVERSE["buckets"]},
    "influxdata/influxdb/schema": known.SCHEMA,
    "influxdata/influxdb/v1": known.SCHEMA,
    "array": {"from": shaping.ARRAY_FROM},
    "math": scalars.MATH,
    "strings": scalars.STRINGS,
    "timezone": {"utc": UTC, "location": Builtin("location", _fixed_zone)},
}


def _set_now(session: Session, value: Value) -> None:
    found = value() if callable(value) else None
    if not isinstance(found, Time):
        raise QueryError("option now must be a function that gives a time, as in () => 2030-01-01T00:00:00Z")
    session.now_ns = found.ns


def _set_location(_: Session, value: Value) -> None:
    if value != UTC:
        raise QueryError(
            "option location: locations other than UTC are not supported; use the argument offset"
        )


def _set_task(_: Session, __: Value) -> None:
    raise QueryError("option task: tasks are not supported; ask for the answer itself")


OPTIONS: Final[Mapping[str, Callable[[Session, Value], None]]] = {
    "now": _set_now,
    "location": _set_location,
    "task": _set_task,
}


def nearest(name: str, names: Iterable[str]) -> str:
    """Return what to use instead of a name that is not there."""
    listed = sorted(names)
    close = get_close_matches(name, listed, 1)
    instead = _INSTEAD.get(name)
    if instead:
        return f"it is not supported here; {instead}"
    return f"did you mean {close[0]}?" if close else f"supported are {', '.join(listed)}"


_INSTEAD: Final = {
    "join": "put the fields of one measurement side by side with pivot(), or ask by SQL",
    "quantile": "use median, min or max, or ask by InfluxQL with percentile()",
    "reduce": "use the aggregates, or map() with cumulativeSum()",
    "integral": "ask by InfluxQL with integral()",
    "histogram": "ask by SQL",
    "mode": "ask by InfluxQL with mode()",
    "skew": "ask by SQL",
    "covariance": "ask by SQL",
    "holtWinters": "ask by InfluxQL with holt_winters()",
    "to": "write into another bucket by InfluxQL's SELECT … INTO",
    "timedMovingAverage": "use movingAverage(n: …) behind aggregateWindow()",
    "exponentialMovingAverage": "use movingAverage(n: …)",
    "stateDuration": "ask by SQL",
    "timeShift": "choose another range",
    "hourSelection": "ask by SQL",
    "lowestCurrent": "use last() and bottom()",
    "highestCurrent": "use last(), group() and top()",
    "highestMax": "use max(), group() and top()",
    "highestAverage": "use mean(), group() and top()",
    "findRecord": "put the pipelines into one with union()",
    "findColumn": "put the pipelines into one with union()",
}

"""All that a text of Flux can name: our functions, the packages with theirs, and options."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.model.time import DAY_NS
from heliograph.query.flux.functions import (
    experimental,
    folding,
    joining,
    known,
    prelude,
    rowwise,
    shaping,
    spans,
    transforms,
    windows,
)
from heliograph.query.flux.functions.aggregates import bins, reducing
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.functions.plain import dates, scalars, texts
from heliograph.query.flux.session import Session
from heliograph.query.flux.values import Duration, Time, Value
from heliograph.query.flux.windowing import NONE, Windows
from heliograph.query.flux.zones import known_zone, location_of

_DAY: Final = Duration(0, DAY_NS)


def _now(session: Session, _: Arguments) -> Time:
    return Time(session.now_ns)


def _today(session: Session, _: Arguments) -> Time:
    windows = Windows(_DAY, location=session.location).near(session.now_ns, session.now_ns)
    return Time(windows.start(session.now_ns))


def _location(_: Session, arguments: Arguments) -> Value:
    name = str(arguments.text("name"))
    known_zone(name)
    return {"zone": name, "offset": NONE}


def _fixed(_: Session, arguments: Arguments) -> Value:
    return {"zone": "UTC", "offset": arguments.duration("offset")}


def _die(_: Session, arguments: Arguments) -> Value:
    raise QueryError(str(arguments.text("msg")))


def _system_time(_: Session, __: Arguments) -> Time:
    return Time(time.time_ns())


def _yield(_: Session, arguments: Arguments) -> Value:
    raise arguments.refuse("yield cannot be called by a function of ours")


@dataclass(frozen=True, slots=True)
class Own:
    """A function of ours that is Flux itself."""

    name: str


UTC: Final[Mapping[str, Any]] = {"zone": "UTC", "offset": NONE}
UNIVERSE: Final[Mapping[str, Value]] = {
    "true": True,
    "false": False,
    "inf": windows.INFINITE,
    **{
        one.name: one
        for one in (
            *rowwise.FUNCTIONS,
            *reducing.FUNCTIONS,
            *windows.FUNCTIONS,
            *shaping.FUNCTIONS,
            *transforms.FUNCTIONS,
            *scalars.FUNCTIONS,
            *known.FUNCTIONS,
            *folding.FUNCTIONS,
            *joining.FUNCTIONS,
            *bins.FUNCTIONS,
            *spans.FUNCTIONS,
            Builtin("die", _die),
            Builtin("now", _now),
            Builtin("today", _today),
            Builtin("yield", _yield),
        )
    },
    **{name: Own(name) for name in prelude.NAMES},
}
PACKAGES: Final[Mapping[str, Mapping[str, Value]]] = {
    "influxdata/influxdb": {"from": UNIVERSE["from"], "buckets": UNIVERSE["buckets"]},
    "influxdata/influxdb/schema": known.SCHEMA,
    "influxdata/influxdb/v1": known.SCHEMA,
    "array": {"from": shaping.ARRAY_FROM, **texts.ARRAY},
    "date": dates.DATE,
    "dict": texts.DICT,
    "experimental": {**experimental.EXPERIMENTAL, "alignTime": Own("alignTime")},
    "experimental/aggregate": {"rate": Own("rate")},
    "interpolate": experimental.INTERPOLATE,
    "join": joining.JOIN,
    "math": scalars.MATH,
    "regexp": texts.REGEXP,
    "strings": texts.STRINGS,
    "system": {"time": Builtin("time", _system_time)},
    "types": texts.TYPES,
    "timezone": {"utc": UTC, "location": Builtin("location", _location), "fixed": Builtin("fixed", _fixed)},
}


def _set_now(session: Session, value: Value) -> None:
    found = value() if callable(value) else None
    if not isinstance(found, Time):
        raise QueryError("option now must be a function that gives a time, as in () => 2030-01-01T00:00:00Z")
    session.now_ns = found.ns


def _set_location(session: Session, value: Value) -> None:
    session.location = location_of(value)


def _set_task(_: Session, __: Value) -> None:
    raise QueryError("option task: tasks are not supported; ask for the answer itself")


OPTIONS: Final[Mapping[str, Callable[[Session, Value], None]]] = {
    "now": _set_now,
    "location": _set_location,
    "task": _set_task,
}

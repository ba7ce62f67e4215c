"""The package date: parts of dates, and times moved and cut by the calendar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

from heliograph.model.time import SECOND_NS
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.session import Session
from heliograph.query.flux.values import Duration, Time, later
from heliograph.query.flux.windowing import Windows


def _part(name: str, part: Callable[[dt.datetime], int]) -> Builtin:
    def call(session: Session, arguments: Arguments) -> int:
        return part(arguments.location(session).moment(arguments.moment(session, "t")))

    return Builtin(name, call)


def _fraction(name: str, unit_ns: int) -> Builtin:
    def call(session: Session, arguments: Arguments) -> int:
        return arguments.moment(session, "t") % SECOND_NS // unit_ns

    return Builtin(name, call)


def _truncate(session: Session, arguments: Arguments) -> Time:
    time_ns, unit = arguments.moment(session, "t"), arguments.step("unit")
    location = arguments.location(session)
    return Time(Windows(unit, location=location).near(time_ns, time_ns).start(time_ns))


def _moved(name: str, argument: str, sign: int) -> Builtin:
    def call(session: Session, arguments: Arguments) -> Time:
        duration, time_ns = arguments.duration("d"), arguments.moment(session, argument)
        location = arguments.location(session)
        length = duration if sign > 0 else -duration
        if length.months:
            time_ns = location.utc(later(location.local(time_ns), Duration(length.months, 0)))
        return Time(later(time_ns, Duration(0, length.ns)))

    return Builtin(name, call)


def _time(session: Session, arguments: Arguments) -> Time:
    arguments.location(session)
    return Time(arguments.moment(session, "t"))


DATE: Final = {
    one.name: one
    for one in (
        _part("second", lambda moment: moment.second),
        _part("minute", lambda moment: moment.minute),
        _part("hour", lambda moment: moment.hour),
        _part("weekDay", lambda moment: moment.isoweekday() % 7),
        _part("monthDay", lambda moment: moment.day),
        _part("yearDay", lambda moment: moment.timetuple().tm_yday),
        _part("week", lambda moment: moment.isocalendar().week),
        _part("month", lambda moment: moment.month),
        _part("quarter", lambda moment: (moment.month + 2) // 3),
        _part("year", lambda moment: moment.year),
        _fraction("millisecond", 1_000_000),
        _fraction("microsecond", 1_000),
        _fraction("nanosecond", 1),
        Builtin("truncate", _truncate),
        _moved("add", "to", 1),
        _moved("sub", "from", -1),
        Builtin("time", _time),
    )
}

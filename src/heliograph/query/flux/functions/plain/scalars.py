"""Functions of plain values: conversions, and the package math."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.numbers import duration_text, float_text, time_text
from heliograph.query.flux.operators import wrapped
from heliograph.query.flux.session import Session
from heliograph.query.flux.values import Duration, Time, Value, parse_duration, parse_time, type_name


def _refused(value: Value, kind: str) -> QueryError:
    shown = f'"{value}"' if isinstance(value, str) else type_name(value)
    return QueryError(f"cannot convert {shown} to {kind}")


def _float(value: Value) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool | int | float | str):
        try:
            return float(value)
        except ValueError as error:
            raise _refused(value, "float") from error
    raise _refused(value, "float")


def _int(value: Value, *, unsigned: bool = False) -> int | None:
    kind = "uint" if unsigned else "int"
    if value is None:
        return None
    if isinstance(value, Time):
        value = value.ns
    if isinstance(value, Duration) and not value.months:
        value = value.ns
    try:
        if isinstance(value, bool | int | str | float):
            found = int(value)
            if isinstance(value, str) and not (0 if unsigned else -(2**63)) <= found < 2 ** (
                64 if unsigned else 63
            ):
                raise _refused(value, kind)
            return wrapped(found, unsigned=unsigned)
    except (ValueError, OverflowError) as error:
        raise _refused(value, kind) from error
    raise _refused(value, kind)


def _string(value: Value) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Time):
        return time_text(value.ns)
    if isinstance(value, Duration):
        return duration_text(value)
    raise _refused(value, "string")


def shown_text(value: Value) -> str:
    """Return a value as it stands inside of a string.

    Raises:
        QueryError: it is missing, or nothing that can be shown.
    """
    text = _string(value)
    if text is None:
        raise QueryError("a missing value cannot stand in a string; ask with exists before")
    return text


def _bool(value: Value) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    raise _refused(value, "bool")


def _time(value: Value) -> Time | None:
    if value is None or isinstance(value, Time):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Time(int(value))
    if isinstance(value, str):
        try:
            return parse_time(value)
        except ValueError as error:
            raise _refused(value, "time") from error
    raise _refused(value, "time")


def _duration(value: Value) -> Duration | None:
    if value is None or isinstance(value, Duration):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Duration(0, value)
    if isinstance(value, str) and value:
        return parse_duration(value)
    raise _refused(value, "duration")


CONVERSIONS: Final[dict[str, Callable[[Value], Value]]] = {
    "float": _float,
    "int": _int,
    "uint": lambda value: _int(value, unsigned=True),
    "string": _string,
    "bool": _bool,
    "time": _time,
    "duration": _duration,
}


def _conversion(name: str) -> Builtin:
    return Builtin(name, lambda _, arguments: CONVERSIONS[name](arguments.get("v")))


def _of_float(name: str, compute: Callable[[float], float]) -> Builtin:
    def call(_: Session, arguments: Arguments) -> float | None:
        value = arguments.get("x")
        if value is None:
            return None
        if not isinstance(value, float):
            raise arguments.refuse(f'argument "x" must be a float, {type_name(value)} came')
        try:
            return compute(value)
        except ValueError:
            return math.nan
        except OverflowError:
            return value

    return Builtin(name, call)


def _rounded(value: float) -> float:
    """Return the nearest whole number; halves go away from zero."""
    return math.copysign(math.floor(abs(value) + 0.5) if abs(value) < 2**52 else abs(value), value)


def _of_two(name: str, compute: Callable[[float, float], float]) -> Builtin:
    def call(_: Session, arguments: Arguments) -> float:
        first, second = arguments.number("x"), arguments.number("y")
        try:
            return compute(first, second)
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    return Builtin(name, call)


def _is_infinite(_: Session, arguments: Arguments) -> bool:
    value, sign = arguments.number("f"), arguments.whole("sign", least=-(2**63))
    return math.isinf(value) and (not sign or (value > 0) == (sign > 0))


def _infinity(_: Session, arguments: Arguments) -> float:
    return math.inf if arguments.whole("sign", least=-(2**63)) >= 0 else -math.inf


def _length(_: Session, arguments: Arguments) -> int:
    items = arguments.get("arr")
    if not isinstance(items, list):
        raise arguments.refuse(f'argument "arr" must be a list, {type_name(items)} came')
    return len(items)


def _contains(_: Session, arguments: Arguments) -> bool:
    value, items = arguments.get("value"), arguments.get("set")
    if not isinstance(items, list):
        raise arguments.refuse('argument "set" must be a list')
    return any(type_name(item) == type_name(value) and item == value for item in items)


FUNCTIONS: Final = (
    *(_conversion(name) for name in CONVERSIONS),
    Builtin("length", _length),
    Builtin("contains", _contains),
)
MATH: Final = {
    "pi": math.pi,
    "maxint": 2**63 - 1,
    "minint": -(2**63),
    "maxfloat": sys.float_info.max,
    "e": math.e,
    **{
        one.name: one
        for one in (
            _of_float("abs", abs),
            _of_float("ceil", lambda x: float(math.ceil(x))),
            _of_float("floor", lambda x: float(math.floor(x))),
            _of_float("round", _rounded),
            _of_float("trunc", lambda x: float(math.trunc(x))),
            _of_float("sqrt", math.sqrt),
            _of_float("exp", math.exp),
            _of_float("log", lambda x: -math.inf if x == 0 else math.log(x)),
            _of_float("log10", lambda x: -math.inf if x == 0 else math.log10(x)),
            _of_float("sin", math.sin),
            _of_float("cos", math.cos),
            _of_float("tan", math.tan),
            _of_float("asin", math.asin),
            _of_float("acos", math.acos),
            _of_float("atan", math.atan),
            _of_float("sinh", math.sinh),
            _of_float("cosh", math.cosh),
            _of_float("tanh", math.tanh),
            _of_float("cbrt", lambda x: math.copysign(abs(x) ** (1 / 3), x)),
            _of_float("log2", lambda x: -math.inf if x == 0 else math.log2(x)),
            _of_float("log1p", lambda x: -math.inf if x == -1 else math.log1p(x)),
            _of_float("exp2", lambda x: math.pow(2, x)),
            _of_two("pow", math.pow),
            _of_two("atan2", math.atan2),
            _of_two("hypot", math.hypot),
            _of_two("mod", math.fmod),
            _of_two("mMax", max),
            _of_two("mMin", min),
            Builtin("isNaN", lambda _, arguments: math.isnan(arguments.number("f"))),
            Builtin("isInf", _is_infinite),
            Builtin("mInf", _infinity),
            Builtin("NaN", lambda _, __: math.nan),
        )
    },
}

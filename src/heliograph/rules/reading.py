"""Rules as they are written, in TOML or JSON: every mistake is told with what was expected."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from heliograph.config.values import parse_duration
from heliograph.errors import ConfigError
from heliograph.model.time import SECOND_NS
from heliograph.rules.expression import Expression
from heliograph.rules.rule import (
    VALUE,
    Absence,
    Condition,
    Deviation,
    Function,
    Rate,
    Rule,
    Severity,
    Source,
    Threshold,
)

_SOURCE_KEYS: Final = ("measurement", "field", "fn", "where")
_KEYS: Final = (
    "name", "bucket", *_SOURCE_KEYS, "series", "expression", "by", "every", "for", "recover", "wait", "stale",
    "above", "below", "clear", "per", "sigma", "over", "season", "floor", "absent",
    "severity", "message", "actions", "group", "repeat",
)  # fmt: skip
FUNCTIONS: Final = ("mean", "min", "max", "sum", "count", "first", "last")
ACTION_KINDS: Final = ("log", "mqtt", "webhook", "email", "ntfy", "python")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MAX_SERIES: Final = 10
_MAX_CELLS: Final = 20_000
_LONGEST_NS: Final = 366 * 86_400 * SECOND_NS


def make_rule(asked: Mapping[str, Any], function: Function | None = None) -> Rule:
    """Return the rule that an object describes; ``function`` is what a rule in Python computes with.

    Raises:
        ConfigError: it describes none.
    """
    _check_keys(asked, _KEYS)
    name = _text(asked, "name")
    if not _NAME.fullmatch(name):
        raise ConfigError(f"a rule's name has 1 to 64 of A-Z a-z 0-9 _ . -, {name!r} came", key="name")
    sources = _sources(asked)
    every_ns = _duration(asked, "every", "1m", lowest_s=1.0)
    condition = _condition(asked, is_python=function is not None)
    rule = Rule(
        name=name,
        bucket=_text(asked, "bucket", "telegraf"),
        sources=sources,
        condition=condition,
        every_ns=every_ns,
        by=_words(asked, "by", []),
        expression=_expression(asked, sources, function),
        function=function,
        for_ns=_duration(asked, "for", "0s"),
        recover_ns=_duration(asked, "recover", "0s"),
        wait_ns=_duration(asked, "wait", "2s"),
        stale_ns=_duration(asked, "stale", "") or max(10 * every_ns, 300 * SECOND_NS),
        severity=_severity(asked),
        message=_text(asked, "message", ""),
        actions=_actions(asked),
        group_ns=_duration(asked, "group", "0s"),
        repeat_ns=_duration(asked, "repeat", "0s"),
        asked=dict(asked),
    )
    if rule.lookback_ns > _MAX_CELLS * every_ns:
        raise ConfigError(
            f"it looks back over more than {_MAX_CELLS:,} intervals; make every longer, or over shorter",
            key="every",
        )
    return rule


def _check_keys(asked: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in asked:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            advice = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(known)}"
            raise ConfigError(f'unknown key "{key}"; {advice}', key=str(key))


def _sources(asked: Mapping[str, Any]) -> dict[str, Source]:
    several = asked.get("series")
    if several is None:
        return {VALUE: _source({key: asked[key] for key in _SOURCE_KEYS if key in asked})}
    if not isinstance(several, Mapping) or not 1 <= len(several) <= _MAX_SERIES:
        raise ConfigError(f"1 to {_MAX_SERIES} tables, each with a name, were expected", key="series")
    if given := [key for key in _SOURCE_KEYS if key in asked]:
        raise ConfigError(f"with series, {given[0]} stands in each of them", key=given[0])
    found = {}
    for name, one in several.items():
        if not str(name).isidentifier() or not isinstance(one, Mapping):
            raise ConfigError(f"{name!r} must be a name such as used, with a table", key="series")
        _check_keys(one, _SOURCE_KEYS)
        found[str(name)] = _source(one)
    return found


def _source(asked: Mapping[str, Any]) -> Source:
    where = asked.get("where", {})
    if not isinstance(where, Mapping):
        raise ConfigError(f'a table such as {{host = "pi"}} was expected, {where!r} came', key="where")
    fn = _text(asked, "fn", "mean")
    if fn not in FUNCTIONS:
        raise ConfigError(f"one of {', '.join(FUNCTIONS)} was expected, {fn!r} came", key="fn")
    measurement, field = (_text(asked, key) for key in ("measurement", "field"))
    return Source(measurement, field, fn, {str(tag): _words(where, tag, []) for tag in where})


def _condition(asked: Mapping[str, Any], *, is_python: bool) -> Condition:
    kinds = [key for key in ("absent", "sigma", "per") if key in asked]
    if len(kinds) > 1:
        raise ConfigError(
            f"{kinds[0]} and {kinds[1]} make different kinds of rules: one of them", key=kinds[1]
        )
    if kinds in (["absent"], ["sigma"]) and any(key in asked for key in ("above", "below", "clear")):
        reason = f"above, below and clear say nothing where {kinds[0]} is asked for: leave them out"
        raise ConfigError(reason, key=kinds[0])
    limit = _threshold(asked)
    if "absent" in asked:
        return Absence(_duration(asked, "absent", "", lowest_s=1.0))
    if "sigma" in asked:
        over_ns = _duration(asked, "over", "1h", lowest_s=10.0)
        season_ns = _duration(asked, "season", "0s")
        if season_ns and over_ns < 2 * season_ns:
            raise ConfigError("over must be two seasons at least", key="over")
        sigma, floor = _number(asked, "sigma"), _number(asked, "floor", 0.0)
        if sigma <= 0 or floor < 0:
            raise ConfigError("sigma must be more than 0, floor not less", key="sigma")
        return Deviation(sigma, over_ns, season_ns, floor)
    if limit.above is None and limit.below is None:
        if is_python or (asked.get("expression") and "per" not in asked):
            return Threshold(above=0.5)
        reason = "a limit was expected: above, below, absent, sigma, or with per a change's above or below"
        raise ConfigError(reason, key="above")
    return Rate(limit, _duration(asked, "per", "", lowest_s=1.0)) if "per" in asked else limit


def _threshold(asked: Mapping[str, Any]) -> Threshold:
    above, below, clear = (
        _number(asked, key) if key in asked else None for key in ("above", "below", "clear")
    )
    if above is not None and below is not None and below >= above:
        raise ConfigError(f"below ({below:g}) must be less than above ({above:g})", key="below")
    if clear is not None:
        if above is not None and below is not None:
            raise ConfigError("clear goes with above or with below, not with both", key="clear")
        if (above is not None and clear > above) or (below is not None and clear < below):
            raise ConfigError("clear must lie on the good side of the limit", key="clear")
    return Threshold(above, below, clear)


def _expression(
    asked: Mapping[str, Any], sources: Mapping[str, Source], function: Function | None
) -> Expression | None:
    text = _text(asked, "expression", "")
    if not text:
        if len(sources) > 1 and function is None:
            raise ConfigError("several series need an expression, such as used / total * 100", key="series")
        if VALUE not in sources and function is None:
            text = next(iter(sources))
        else:
            return None
    return Expression(text, frozenset(sources))


def _severity(asked: Mapping[str, Any]) -> Severity:
    words = [one.value for one in Severity]
    word = asked.get("severity", "warning")
    if word not in words:
        raise ConfigError(f"one of {', '.join(words)} was expected, {word!r} came", key="severity")
    return Severity(word)


def _actions(asked: Mapping[str, Any]) -> tuple[str | Mapping[str, Any], ...]:
    listed = asked.get("actions", ["log"])
    if not isinstance(listed, list | tuple):
        raise ConfigError('a list such as ["log", "phone"] was expected', key="actions")
    return tuple(one if isinstance(one, str) else check_action(one) for one in listed)


def check_action(asked: Any) -> Mapping[str, Any]:
    """Return what describes an action, with all that its kind needs.

    Raises:
        ConfigError: it describes none.
    """
    needed = {
        "log": (), "mqtt": ("topic",), "webhook": ("url",), "email": ("to",), "ntfy": ("url",),
        "python": ("function",),
    }  # fmt: skip
    kind = asked.get("kind") if isinstance(asked, Mapping) else None
    if not isinstance(asked, Mapping) or kind not in ACTION_KINDS:
        raise ConfigError(
            f"an action's kind is one of {', '.join(ACTION_KINDS)}; {kind!r} came", key="actions"
        )
    optional = {"mqtt": ("payload", "qos", "retain"), "webhook": ("headers",), "ntfy": ("priority",)}
    allowed = ("kind", *needed[kind], *optional.get(kind, ()))
    _check_keys(asked, allowed)
    for key in needed[kind]:
        _text(asked, key)
    return dict(asked)


def _text(asked: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = asked.get(key, default)
    if not isinstance(value, str) or (default is None and not value):
        came = "nothing" if value is None else repr(value)
        raise ConfigError(f"{key} is needed, a text; {came} came", key=key)
    return value


def _number(asked: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = asked.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{key} must be a number, {value!r} came", key=key)
    return float(value)


def _words(asked: Mapping[str, Any], key: str, default: list[str]) -> tuple[str, ...]:
    value = asked.get(key, default)
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise ConfigError(f"{key} must be a text or a list of texts, {value!r} came", key=key)
    return tuple(value)


def _duration(asked: Mapping[str, Any], key: str, default: str, *, lowest_s: float = 0.0) -> int:
    value = asked.get(key, default)
    if value == "":
        return 0
    if not isinstance(value, str):
        raise ConfigError(f'{key} must be a duration such as "30s", {value!r} came', key=key)
    length_ns = round(parse_duration(value) * SECOND_NS)
    if not lowest_s * SECOND_NS <= length_ns <= _LONGEST_NS:
        raise ConfigError(f"{key} must be {lowest_s:g}s to 366d, {value!r} came", key=key)
    return length_ns

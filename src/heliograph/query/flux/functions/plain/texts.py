"""The packages strings, regexp, dict, types and array."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from heliograph.errors import QueryError, StoreError
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.operators import check_length
from heliograph.query.flux.session import Session
from heliograph.query.flux.values import Dictionary, Regex, Value, dictionary_of, type_name

_GROUP: Final = re.compile(r"\$(?:(\d)|\{(\d)\})")


def _of_text(name: str, compute: Callable[..., Any], *names: str) -> Builtin:
    def call(_: Session, arguments: Arguments) -> Any:
        return compute(*(arguments.text(one) for one in ("v", *names)))

    return Builtin(name, call)


def _substring(_: Session, arguments: Arguments) -> str:
    text, start, end = arguments.text("v"), arguments.whole("start"), arguments.whole("end")
    return str(text[start:end])


def _repeat(_: Session, arguments: Arguments) -> str:
    text, count = str(arguments.text("v")), arguments.whole("i")
    check_length(len(text) * count)
    return text * count


def _replace(_: Session, arguments: Arguments) -> str:
    text, part, other = (str(arguments.text(name)) for name in "vtu")
    return _replaced_in(text, part, other, arguments.whole("i"))


def _replaced_in(text: str, part: str, other: str, count: int = -1) -> str:
    check_length(len(text) + text.count(part) * len(other))
    return text.replace(part, other, count)


def _join_str(_: Session, arguments: Arguments) -> str:
    between, parts = str(arguments.text("v")), arguments.texts("arr")
    check_length(sum(map(len, parts)) + len(parts) * len(between))
    return between.join(parts)


def _compare(text: str, other: str) -> int:
    return (text > other) - (text < other)


def _title(text: str) -> str:
    return re.sub(r"(?<!\w)\w", lambda found: found[0].upper(), text)


STRINGS: Final = {
    one.name: one
    for one in (
        _of_text("toUpper", str.upper),
        _of_text("toLower", str.lower),
        _of_text("title", _title),
        _of_text("trimSpace", str.strip),
        _of_text("trim", str.strip, "cutset"),
        _of_text("trimLeft", str.lstrip, "cutset"),
        _of_text("trimRight", str.rstrip, "cutset"),
        _of_text("trimPrefix", str.removeprefix, "prefix"),
        _of_text("trimSuffix", str.removesuffix, "suffix"),
        _of_text("hasPrefix", str.startswith, "prefix"),
        _of_text("hasSuffix", str.endswith, "suffix"),
        _of_text("containsStr", lambda text, part: part in text, "substr"),
        _of_text("countStr", lambda text, part: text.count(part), "substr"),
        _of_text("index", str.find, "substr"),
        _of_text("lastIndex", str.rfind, "substr"),
        _of_text("replaceAll", _replaced_in, "t", "u"),
        _of_text("compare", _compare, "t"),
        _of_text("equalFold", lambda text, other: text.casefold() == other.casefold(), "t"),
        _of_text("strlen", len),
        _of_text("split", lambda text, at: text.split(at) if at else list(text), "t"),
        Builtin("substring", _substring),
        Builtin("repeat", _repeat),
        Builtin("replace", _replace),
        Builtin("joinStr", _join_str),
    )
}


def _regex(arguments: Arguments) -> str:
    value = arguments.get("r")
    if not isinstance(value, Regex):
        raise arguments.refuse(
            f'argument "r" must be a regular expression as in /^eth/, {type_name(value)} came'
        )
    return value.pattern


def _compiled(session: Session, arguments: Arguments) -> Regex:
    pattern = str(arguments.text("v"))
    session.matches(pattern, "")
    return Regex(pattern)


def _matched(session: Session, arguments: Arguments) -> bool:
    return session.matches(_regex(arguments), str(arguments.text("v")))


def _asked(session: Session, sql: str, *parameters: str) -> str:
    """Return what DuckDB's functions of regular expressions, which are RE2's, make of texts."""
    session.tick()
    try:
        return str(session.cursor.rows(f"SELECT {sql}", list(parameters))[0][0])
    except StoreError as error:
        raise QueryError(f"the regular expression cannot be used: {error}") from error


def _found(session: Session, arguments: Arguments) -> str:
    return _asked(session, "regexp_extract($1, $2)", arguments.text("v"), _regex(arguments))


def _replaced(session: Session, arguments: Arguments) -> str:
    text, other = str(arguments.text("v")), str(arguments.text("t")).replace("\\", "\\\\")
    groups = _GROUP.sub(lambda found: f"\\{found[1] or found[2]}", other)
    return _asked(session, "regexp_replace($1, $2, $3, 'g')", text, _regex(arguments), groups)


REGEXP: Final = {
    one.name: one
    for one in (
        Builtin("compile", _compiled),
        Builtin("matchRegexpString", _matched),
        Builtin("findString", _found),
        Builtin("replaceAllString", _replaced),
        Builtin("getString", lambda _, arguments: _regex(arguments)),
        _of_text("quoteMeta", lambda text: re.sub(r"([^\w\s])", r"\\\1", text)),
    )
}


def _dictionary(arguments: Arguments) -> Mapping[Value, Value]:
    value = arguments.get("dict")
    if not isinstance(value, Dictionary):
        raise arguments.refuse(f'argument "dict" must be a dictionary as ["a": 1], {type_name(value)} came')
    return value.items


def _from_list(_: Session, arguments: Arguments) -> Dictionary:
    pairs = arguments.get("pairs")
    if not isinstance(pairs, list) or not all(isinstance(one, Mapping) for one in pairs):
        raise arguments.refuse('argument "pairs" must be a list of records, as in [{key: "a", value: 1}]')
    return dictionary_of((one.get("key"), one.get("value")) for one in pairs)


def _get(_: Session, arguments: Arguments) -> Value:
    items, key, default = _dictionary(arguments), arguments.get("key"), arguments.get("default")
    same = isinstance(key, str | int | float) and any(type_name(one) == type_name(key) for one in items)
    return items.get(key, default) if same else default


def _insert(_: Session, arguments: Arguments) -> Dictionary:
    return dictionary_of([*_dictionary(arguments).items(), (arguments.get("key"), arguments.get("value"))])


def _remove(_: Session, arguments: Arguments) -> Dictionary:
    items, key = _dictionary(arguments), arguments.get("key")
    return Dictionary({one: value for one, value in items.items() if one != key})


DICT: Final = {
    one.name: one
    for one in (
        Builtin("fromList", _from_list),
        Builtin("get", _get),
        Builtin("insert", _insert),
        Builtin("remove", _remove),
    )
}


def _is_type(_: Session, arguments: Arguments) -> bool:
    return bool(type_name(arguments.get("v")) == arguments.text("type"))


TYPES: Final = {"isType": Builtin("isType", _is_type)}


def _items(arguments: Arguments, name: str = "arr") -> list[Value]:
    items = arguments.get(name)
    if not isinstance(items, list):
        raise arguments.refuse(f'argument "{name}" must be a list, {type_name(items)} came')
    return items


def _concat(session: Session, arguments: Arguments) -> list[Value]:
    first, second = _items(arguments), _items(arguments, "v")
    session.check_rows(len(first) + len(second))
    session.add_items(len(first) + len(second))
    return [*first, *second]


def _called(session: Session, function: Callable[..., Value], item: Value) -> Value:
    found = function(x=item)
    session.add_items(1 + (len(found) if isinstance(found, Mapping) else 0))
    return found


def _mapped(session: Session, arguments: Arguments) -> list[Value]:
    function = arguments.function_value("fn")
    return [_called(session, function, item) for item in _items(arguments)]


def _filtered(session: Session, arguments: Arguments) -> list[Value]:
    function = arguments.function_value("fn")
    return [item for item in _items(arguments) if _called(session, function, item) is True]


ARRAY: Final = {
    one.name: one
    for one in (Builtin("concat", _concat), Builtin("map", _mapped), Builtin("filter", _filtered))
}

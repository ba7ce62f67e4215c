"""The SHOW statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from heliograph.query.influxql.cursor import Cursor, unexpected
from heliograph.query.influxql.select import from_clause, group_by, order_by, where, window
from heliograph.query.influxql.tree import KeyFilter, Show, ShowSchema


def show(cursor: Cursor) -> ShowSchema | Show:
    """Read what follows the word SHOW."""
    token = cursor.take()
    reader = _NOUNS.get(token.kind)
    if reader is None:
        raise unexpected(token, *_NOUNS)
    return reader(cursor)


def _schema(
    cursor: Cursor, noun: str, *, keys: Callable[[Cursor], KeyFilter | None], series: bool = False
) -> ShowSchema:
    database = cursor.ident() if cursor.taken("ON") else ""
    return ShowSchema(
        noun,
        database=database,
        sources=from_clause(cursor),
        keys=keys(cursor),
        condition=where(cursor),
        order=order_by(cursor),
        window=window(cursor, series=series),
    )


def _cardinality(
    cursor: Cursor, noun: str, *, exact: bool, keys: Callable[[Cursor], KeyFilter | None]
) -> ShowSchema:
    database = cursor.ident() if cursor.taken("ON") else ""
    return ShowSchema(
        noun,
        cardinality=True,
        exact=exact,
        database=database,
        sources=from_clause(cursor),
        keys=keys(cursor),
        condition=where(cursor),
        dimensions=group_by(cursor),
        window=window(cursor, series=False),
    )


def _counted(cursor: Cursor, *, needed: bool = True) -> bool | None:
    """Take CARDINALITY or EXACT CARDINALITY and return whether it is exact; None if neither is there."""
    if cursor.taken("EXACT"):
        if not cursor.taken("CARDINALITY"):
            if needed:
                raise unexpected(cursor.peek(), "CARDINALITY")
            return None
        return True
    return False if cursor.taken("CARDINALITY") else None


def _no_keys(_: Cursor) -> None:
    return None


def _key_filter(cursor: Cursor) -> KeyFilter:
    cursor.expect_all("WITH", "KEY")
    token = cursor.take()
    if token.kind in ("=", "!="):
        return KeyFilter(token.kind, (cursor.ident(),))
    if token.kind in ("=~", "!~"):
        return KeyFilter(token.kind, (_regex(cursor),))
    if token.kind != "IN":
        raise unexpected(token, "IN", "=", "!=", "=~", "!~")
    cursor.expect("(")
    names = [cursor.ident()]
    while cursor.taken(","):
        names.append(cursor.ident())
    cursor.expect(")")
    return KeyFilter("IN", tuple(names))


def _optional_key_filter(cursor: Cursor) -> KeyFilter | None:
    return _key_filter(cursor) if cursor.peek().kind == "WITH" else None


def _regex(cursor: Cursor, expected: str = "regex") -> str:
    pattern = cursor.regex()
    if pattern is None:
        raise unexpected(cursor.peek(), expected)
    return pattern


def _measurement_filter(cursor: Cursor) -> KeyFilter | None:
    if not cursor.taken("WITH"):
        return None
    cursor.expect("MEASUREMENT")
    token = cursor.take()
    if token.kind in ("=", "!="):
        cursor.lexer.look(cursor.lexer.skip(cursor.at))
        return KeyFilter(token.kind, (cursor.ident(),))
    if token.kind in ("=~", "!~"):
        return KeyFilter(token.kind, (_regex(cursor, "identifier"),))
    raise unexpected(token, "=", "!=", "=~", "!~")


def _field(cursor: Cursor) -> ShowSchema:
    token = cursor.take()
    if token.kind == "KEYS":
        return _schema(cursor, "FIELD KEYS", keys=_no_keys, series=False)
    if token.kind != "KEY":
        raise unexpected(token, "KEY", "KEYS")
    return _cardinality(cursor, "FIELD KEYS", exact=_must_count(cursor), keys=_no_keys)


def _must_count(cursor: Cursor) -> bool:
    exact = _counted(cursor)
    if exact is None:
        raise unexpected(cursor.peek(), "EXACT", "CARDINALITY")
    return exact


def _measurement(cursor: Cursor) -> ShowSchema:
    return _cardinality(cursor, "MEASUREMENTS", exact=_must_count(cursor), keys=_no_keys)


def _measurements(cursor: Cursor) -> ShowSchema:
    database = policy = ""
    if cursor.taken("ON"):
        database = _name_or_star(cursor)
        if cursor.lexer.peek(cursor.at) == ".":
            cursor.at += 1
            policy = _name_or_star(cursor)
    return ShowSchema(
        "MEASUREMENTS",
        database=database,
        policy=policy,
        keys=_measurement_filter(cursor),
        condition=where(cursor),
        order=order_by(cursor),
        window=window(cursor, series=False),
    )


def _name_or_star(cursor: Cursor) -> str:
    return "*" if cursor.taken("*") else cursor.ident()


def _series(cursor: Cursor) -> ShowSchema:
    exact = _counted(cursor, needed=False)
    if exact is not None:
        return _cardinality(cursor, "SERIES", exact=exact, keys=_no_keys)
    return _schema(cursor, "SERIES", keys=_no_keys)


def _tag(cursor: Cursor) -> ShowSchema:
    token = cursor.take()
    if token.kind == "KEY":
        return _cardinality(cursor, "TAG KEYS", exact=_must_count(cursor), keys=_no_keys)
    if token.kind == "KEYS":
        return _schema(cursor, "TAG KEYS", keys=_optional_key_filter, series=True)
    if token.kind != "VALUES":
        raise unexpected(token, "KEY", "KEYS", "VALUES")
    exact = _counted(cursor)
    if exact is not None:
        return _cardinality(cursor, "TAG VALUES", exact=exact, keys=_key_filter)
    return _schema(cursor, "TAG VALUES", keys=_key_filter)


def _named(noun: str, *words: str) -> Callable[[Cursor], Show]:
    def read(cursor: Cursor) -> Show:
        cursor.expect_all(*words)
        return Show(noun)

    return read


def _policies(cursor: Cursor) -> Show:
    cursor.expect("POLICIES")
    return Show("RETENTION POLICIES", cursor.ident() if cursor.taken("ON") else "")


def _grants(cursor: Cursor) -> Show:
    cursor.expect("FOR")
    return Show("GRANTS", cursor.ident())


def _module(noun: str) -> Callable[[Cursor], Show]:
    return lambda cursor: Show(noun, cursor.string() if cursor.taken("FOR") else "")


_NOUNS: Final[dict[str, Callable[[Cursor], ShowSchema | Show]]] = {
    "CONTINUOUS": _named("CONTINUOUS QUERIES", "QUERIES"),
    "DATABASES": _named("DATABASES"),
    "DIAGNOSTICS": _module("DIAGNOSTICS"),
    "FIELD": _field,
    "GRANTS": _grants,
    "MEASUREMENT": _measurement,
    "MEASUREMENTS": _measurements,
    "QUERIES": _named("QUERIES"),
    "RETENTION": _policies,
    "SERIES": _series,
    "SHARD": _named("SHARD GROUPS", "GROUPS"),
    "SHARDS": _named("SHARDS"),
    "STATS": _module("STATS"),
    "SUBSCRIPTIONS": _named("SUBSCRIPTIONS"),
    "TAG": _tag,
    "USERS": _named("USERS"),
}

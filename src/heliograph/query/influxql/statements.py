"""The statements other than SELECT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from heliograph.errors import QuerySyntaxError
from heliograph.query.influxql.cursor import Cursor, placed, unexpected
from heliograph.query.influxql.durations import format_duration
from heliograph.query.influxql.select import children, from_clause, select, where
from heliograph.query.influxql.show import show
from heliograph.query.influxql.tree import (
    Call,
    ContinuousQuery,
    CreateDatabase,
    CreateUser,
    Delete,
    Drop,
    Duration,
    Explain,
    Expression,
    Grant,
    KillQuery,
    Measurement,
    Policy,
    PolicyOptions,
    Select,
    SetPassword,
    Source,
    Statement,
    Subscription,
)

_MAX_COPIES: Final = 2**31 - 1
Reader = Callable[[Cursor], Statement]


def branch(cursor: Cursor, readers: dict[str, Reader]) -> Statement:
    """Read a word that tells which of several statements follows, and that statement."""
    token = cursor.take()
    reader = readers.get(token.kind)
    if reader is None:
        raise unexpected(token, *readers)
    return reader(cursor)


def statement(cursor: Cursor) -> Statement:
    """Read one statement."""
    return branch(cursor, _STATEMENTS)


def _explain(cursor: Cursor) -> Explain:
    analyze, verbose = cursor.taken("ANALYZE"), cursor.taken("VERBOSE")
    cursor.expect("SELECT")
    return Explain(select(cursor), analyze, verbose)


def _delete(cursor: Cursor) -> Delete:
    return _points(cursor, series=False)


def _drop_series(cursor: Cursor) -> Delete:
    return _points(cursor, series=True)


def _points(cursor: Cursor, *, series: bool) -> Delete:
    token = cursor.peek()
    sources = from_clause(cursor)
    _refuse_places(sources, policy=series)
    condition = where(cursor)
    if not sources and condition is None:
        raise unexpected(token, "FROM", "WHERE")
    return Delete(series, sources, condition)


def _refuse_places(sources: tuple[Source, ...], *, policy: bool) -> None:
    for source in sources:
        if isinstance(source, Measurement) and source.database:
            raise QuerySyntaxError("database not supported at line 1, char 1", line=1, column=1)
        if policy and isinstance(source, Measurement) and source.policy:
            raise QuerySyntaxError("retention policy not supported at line 1, char 1", line=1, column=1)


def _drop_named(noun: str) -> Reader:
    return lambda cursor: Drop(noun, cursor.ident())


def _drop_continuous(cursor: Cursor) -> Drop:
    cursor.expect("QUERY")
    name = cursor.ident()
    cursor.expect("ON")
    return Drop("CONTINUOUS QUERY", name, cursor.ident())


def _drop_policy(cursor: Cursor) -> Drop:
    cursor.expect("POLICY")
    name = cursor.ident()
    cursor.expect("ON")
    return Drop("RETENTION POLICY", name, cursor.ident())


def _drop_shard(cursor: Cursor) -> Drop:
    return Drop("SHARD", str(cursor.integer()))


def _drop_subscription(cursor: Cursor) -> Drop:
    name, database, policy = _subscription_place(cursor)
    return Drop("SUBSCRIPTION", name, database, policy)


def _subscription_place(cursor: Cursor) -> tuple[str, str, str]:
    name = cursor.ident()
    cursor.expect("ON")
    database = cursor.ident()
    point = cursor.take_here()
    if point.kind != ".":
        raise unexpected(point, ".")
    return name, database, cursor.ident()


def _create_subscription(cursor: Cursor) -> Subscription:
    name, database, policy = _subscription_place(cursor)
    cursor.expect("DESTINATIONS")
    token = cursor.take()
    if token.kind not in ("ALL", "ANY"):
        raise unexpected(token, "ALL", "ANY")
    destinations = [cursor.string()]
    while cursor.taken(","):
        destinations.append(cursor.string())
    return Subscription(name, database, policy, token.kind, tuple(destinations))


def _create_database(cursor: Cursor) -> CreateDatabase:
    name = cursor.ident()
    if not cursor.taken("WITH"):
        return CreateDatabase(name)
    words = ("DURATION", "REPLICATION", "SHARD", "FUTURE", "PAST", "NAME")
    shown = ("DURATION", "NAME", "REPLICATION", "SHARD", "FUTURE", "PAST")
    return CreateDatabase(name, _options(cursor, words, shown))


def _options(cursor: Cursor, words: tuple[str, ...], shown: tuple[str, ...]) -> PolicyOptions:
    """Read one or more options of a retention policy, each at most once."""
    found: dict[str, Any] = {}
    while (token := cursor.peek()).kind in words:
        if token.kind in found:
            raise placed(f"found duplicate {token.kind} option", token)
        cursor.take()
        found[token.kind] = _OPTIONS[token.kind](cursor)
    if not found:
        raise unexpected(cursor.peek(), *shown)
    return PolicyOptions(
        duration_ns=found.get("DURATION"),
        replication=found.get("REPLICATION"),
        shard_ns=found.get("SHARD"),
        future_ns=found.get("FUTURE"),
        past_ns=found.get("PAST"),
        default="DEFAULT" in found,
        name=found.get("NAME", ""),
    )


def _shard_duration(cursor: Cursor) -> int:
    cursor.expect("DURATION")
    token = cursor.peek()
    if token.kind == "INF":
        raise placed("invalid duration INF for shard duration", token)
    return cursor.duration_ns()


def _limit(cursor: Cursor) -> int:
    cursor.expect("LIMIT")
    return cursor.duration_ns()


_OPTIONS: Final[dict[str, Callable[[Cursor], Any]]] = {
    "DURATION": Cursor.duration_ns,
    "REPLICATION": lambda cursor: cursor.integer(1, _MAX_COPIES),
    "SHARD": _shard_duration,
    "FUTURE": _limit,
    "PAST": _limit,
    "NAME": Cursor.ident,
    "DEFAULT": lambda _: True,
}


def _policy_name(cursor: Cursor) -> tuple[str, str]:
    cursor.expect("POLICY")
    name = "default" if cursor.taken("DEFAULT") else cursor.ident()
    cursor.expect("ON")
    return name, cursor.ident()


def _create_policy(cursor: Cursor) -> Policy:
    name, database = _policy_name(cursor)
    cursor.expect("DURATION")
    duration_ns = cursor.duration_ns()
    cursor.expect("REPLICATION")
    replication = cursor.integer(1, _MAX_COPIES)
    words = ("SHARD", "FUTURE", "PAST", "DEFAULT")
    more = _options(cursor, words, words) if cursor.peek().kind in words else PolicyOptions()
    options = replace(more, duration_ns=duration_ns, replication=replication, shard_ns=more.shard_ns or None)
    return Policy(create=True, name=name, database=database, options=options)


def _alter_policy(cursor: Cursor) -> Policy:
    cursor.expect("RETENTION")
    name, database = _policy_name(cursor)
    words = ("DURATION", "REPLICATION", "SHARD", "DEFAULT", "FUTURE", "PAST")
    return Policy(create=False, name=name, database=database, options=_options(cursor, words, words))


def _create_user(cursor: Cursor) -> CreateUser:
    name = cursor.ident()
    cursor.expect_all("WITH", "PASSWORD")
    password = cursor.string()
    admin = cursor.taken("WITH")
    if admin:
        cursor.expect_all("ALL", "PRIVILEGES")
    return CreateUser(name, password, admin)


def _set_password(cursor: Cursor) -> SetPassword:
    cursor.expect_all("PASSWORD", "FOR")
    name = cursor.ident()
    cursor.expect("=")
    return SetPassword(name, cursor.string())


def _grant(cursor: Cursor) -> Grant:
    return _privilege(cursor, revoke=False)


def _revoke(cursor: Cursor) -> Grant:
    return _privilege(cursor, revoke=True)


def _privilege(cursor: Cursor, *, revoke: bool) -> Grant:
    joins = "FROM" if revoke else "TO"
    token = cursor.take()
    if token.kind not in ("READ", "WRITE", "ALL"):
        raise unexpected(token, "READ", "WRITE", "ALL [PRIVILEGES]")
    privilege = token.kind
    if privilege == "ALL":
        cursor.taken("PRIVILEGES")
        privilege = "ALL PRIVILEGES"
        if cursor.taken(joins):
            return Grant(revoke, privilege, cursor.ident())
    if not cursor.taken("ON"):
        raise unexpected(cursor.peek(), "ON", *([joins] if token.kind == "ALL" else []))
    database = cursor.ident()
    cursor.expect(joins)
    return Grant(revoke, privilege, cursor.ident(), database)


def _create_continuous(cursor: Cursor) -> ContinuousQuery:
    cursor.expect("QUERY")
    name = cursor.ident()
    cursor.expect("ON")
    database = cursor.ident()
    every_ns = for_ns = 0
    if cursor.taken("RESAMPLE"):
        every_ns = cursor.duration_ns() if cursor.taken("EVERY") else 0
        for_ns = cursor.duration_ns() if cursor.taken("FOR") else 0
        if not every_ns and not for_ns:
            raise unexpected(cursor.peek(), "EVERY", "FOR")
    cursor.expect_all("BEGIN", "SELECT")
    source = select(cursor, into=True)
    if _calls(source) and not _interval_ns(source):
        raise unexpected(cursor.last, "GROUP BY time(...)")
    _check_resample(source, every_ns, for_ns)
    cursor.expect("END")
    return ContinuousQuery(name, database, source, every_ns, for_ns)


def _calls(source: Select) -> bool:
    def within(node: Expression) -> bool:
        return isinstance(node, Call) or any(map(within, children(node)))

    return any(within(entry.expression) for entry in source.fields)


def _interval_ns(source: Select) -> int:
    lengths = [call.args[0] for call in source.dimensions if isinstance(call, Call) and call.args]
    return max((one.value_ns for one in lengths if isinstance(one, Duration)), default=0)


def _check_resample(source: Select, every_ns: int, for_ns: int) -> None:
    least_ns = max(every_ns, _interval_ns(source))
    if for_ns and for_ns < least_ns:
        raise QuerySyntaxError(
            "FOR duration must be >= GROUP BY time duration:"
            f" must be a minimum of {format_duration(least_ns)}, got {format_duration(for_ns)}"
        )


def _kill(cursor: Cursor) -> KillQuery:
    cursor.expect("QUERY")
    number = cursor.integer(0, 2**64 - 1)
    return KillQuery(number, cursor.ident() if cursor.taken("ON") else "")


_CREATE: Final[dict[str, Reader]] = {
    "CONTINUOUS": _create_continuous,
    "DATABASE": _create_database,
    "USER": _create_user,
    "RETENTION": _create_policy,
    "SUBSCRIPTION": _create_subscription,
}
_DROP: Final[dict[str, Reader]] = {
    "CONTINUOUS": _drop_continuous,
    "DATABASE": _drop_named("DATABASE"),
    "MEASUREMENT": _drop_named("MEASUREMENT"),
    "RETENTION": _drop_policy,
    "SERIES": _drop_series,
    "SHARD": _drop_shard,
    "SUBSCRIPTION": _drop_subscription,
    "USER": _drop_named("USER"),
}
_STATEMENTS: Final[dict[str, Reader]] = {
    "SELECT": select,
    "DELETE": _delete,
    "SHOW": show,
    "CREATE": lambda cursor: branch(cursor, _CREATE),
    "DROP": lambda cursor: branch(cursor, _DROP),
    "EXPLAIN": _explain,
    "GRANT": _grant,
    "REVOKE": _revoke,
    "ALTER": _alter_policy,
    "SET": _set_password,
    "KILL": _kill,
}

"""Trees as text, in the form in which InfluxDB prints a query."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from heliograph.query.influxql import tree
from heliograph.query.influxql.durations import clock_duration, format_duration
from heliograph.query.influxql.numbers import plain_float
from heliograph.query.influxql.tokens import KEYWORDS

_BARE: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_STEPS: Final = {
    "OR": 1,
    "AND": 2,
    **dict.fromkeys(("=", "!=", "=~", "!~", "<", "<=", ">", ">="), 3),
    **dict.fromkeys("+-|^", 4),
    **dict.fromkeys("*/%&", 5),
}
_OPERAND: Final = 6


def quote_ident(name: str) -> str:
    """Return a name, in quotes where it needs them."""
    if _BARE.fullmatch(name) and name.upper() not in KEYWORDS:
        return name
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'"{escaped}"'


def quote_string(value: str) -> str:
    """Return a string literal."""
    escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace("'", "\\'")
    return f"'{escaped}'"


def quote_regex(pattern: str) -> str:
    """Return a regular expression literal."""
    escaped = pattern.replace("/", "\\/")
    return f"/{escaped}/"


def expression_text(node: tree.Expression) -> str:
    """Return an expression."""
    return _EXPRESSIONS[type(node)](node)


def _step(node: tree.Expression) -> int:
    return _STEPS[node.operator] if isinstance(node, tree.Binary | tree.Logic) else _OPERAND


def _operand(node: tree.Expression, step: int) -> str:
    """An operand that binds less than its operator gets parentheses; a sign before a name may make one."""
    text = expression_text(node)
    return text if _step(node) >= step else f"({text})"


def _binary(node: tree.Binary) -> str:
    step = _STEPS[node.operator]
    return f"{_operand(node.left, step)} {node.operator} {_operand(node.right, step + 1)}"


def _logic(node: tree.Logic) -> str:
    step = _STEPS[node.operator]
    return f" {node.operator} ".join(_operand(term, step + 1) for term in node.terms)


def _cast(cast: str) -> str:
    return f"::{cast}" if cast else ""


_EXPRESSIONS: Final[dict[type, Callable[[Any], str]]] = {
    tree.Ref: lambda n: quote_ident(n.name) + _cast(n.cast),
    tree.Call: lambda n: f"{n.name}({', '.join(map(expression_text, n.args))})",
    tree.Binary: _binary,
    tree.Logic: _logic,
    tree.Paren: lambda n: f"({expression_text(n.inner)})",
    tree.Number: lambda n: plain_float(n.value),
    tree.Integer: lambda n: str(n.value),
    tree.Text: lambda n: quote_string(n.value),
    tree.Duration: lambda n: format_duration(n.value_ns),
    tree.Boolean: lambda n: "true" if n.value else "false",
    tree.Regex: lambda n: quote_regex(n.pattern),
    tree.Wildcard: lambda n: "*" + _cast(n.kind),
    tree.Distinct: lambda n: f"DISTINCT {quote_ident(n.name)}",
}


def _place(database: str, policy: str, name: str) -> str:
    parts = [quote_ident(part) if part else "" for part in (database, policy)]
    prefix = f"{parts[0]}.{parts[1]}." if database else f"{parts[1]}." if policy else ""
    return prefix + name


def source_text(source: tree.Source) -> str:
    """Return an entry of FROM."""
    if isinstance(source, tree.Select):
        return f"({statement_text(source)})"
    name = quote_ident(source.name) if source.regex is None else quote_regex(source.regex)
    return _place(source.database, source.policy, name)


def _target(target: tree.Target) -> str:
    name = quote_ident(target.name) if target.name else ":MEASUREMENT"
    return _place(target.database, target.policy, name)


def field_text(field: tree.Field) -> str:
    """Return an entry of a SELECT list."""
    return expression_text(field.expression) + (f" AS {quote_ident(field.alias)}" if field.alias else "")


def _list(items: Iterable[str]) -> str:
    return ", ".join(items)


def _from(sources: tuple[tree.Source, ...]) -> str:
    return f" FROM {_list(map(source_text, sources))}" if sources else ""


def _tail(node: tree.Select | tree.ShowSchema) -> str:
    parts = []
    if node.order:
        parts.append("ORDER BY " + _list(map(_sort_field, node.order)))
    for word, count in zip(
        ("LIMIT", "OFFSET", "SLIMIT", "SOFFSET"),
        (node.window.limit, node.window.offset, node.window.series_limit, node.window.series_offset),
        strict=True,
    ):
        if count:
            parts.append(f"{word} {count}")
    return "".join(f" {part}" for part in parts)


def _sort_field(field: tree.SortField) -> str:
    direction = "ASC" if field.ascending else "DESC"
    return f"{quote_ident(field.name)} {direction}" if field.name else direction


def _where(node: tree.Select | tree.ShowSchema | tree.Delete) -> str:
    return f" WHERE {expression_text(node.condition)}" if node.condition is not None else ""


def _group(node: tree.Select | tree.ShowSchema) -> str:
    return f" GROUP BY {_list(map(expression_text, node.dimensions))}" if node.dimensions else ""


def _fill(node: tree.Select) -> str:
    if node.fill == "null":
        return ""
    if node.fill != "number":
        return f" fill({node.fill})"
    value = node.fill_value
    return f" fill({plain_float(value) if isinstance(value, float) else value})"


def _select(node: tree.Select) -> str:
    into = f" INTO {_target(node.target)}" if node.target else ""
    zone = f" TZ({quote_string(node.zone)})" if node.zone else ""
    head = f"SELECT {_list(map(field_text, node.fields))}{into}{_from(node.sources)}"
    return f"{head}{_where(node)}{_group(node)}{_fill(node)}{_tail(node)}{zone}"


def _key_filter(word: str, keys: tree.KeyFilter | None) -> str:
    if keys is None:
        return ""
    names = _list(map(quote_ident, keys.names))
    if keys.operator in ("=~", "!~"):
        names = quote_regex(keys.names[0])
    if keys.operator == "IN":
        names = f"({names})"
    return f" WITH {word} {keys.operator} {names}"


def _show_schema(node: tree.ShowSchema) -> str:
    noun = node.noun
    if node.cardinality:
        singular = {"MEASUREMENTS": "MEASUREMENT", "TAG KEYS": "TAG KEY", "FIELD KEYS": "FIELD KEY"}
        exact = "EXACT " if node.exact else ""
        noun = f"{singular.get(noun, noun)} {exact}CARDINALITY"
    on = ""
    if node.database:
        policy = f".{_star(node.policy)}" if node.policy else ""
        on = f" ON {_star(node.database)}{policy}"
    word = "MEASUREMENT" if noun == "MEASUREMENTS" else "KEY"
    keys = _key_filter(word, node.keys)
    return f"SHOW {noun}{on}{_from(node.sources)}{keys}{_where(node)}{_group(node)}{_tail(node)}"


def _star(name: str) -> str:
    return "*" if name == "*" else quote_ident(name)


def _show(node: tree.Show) -> str:
    about = ""
    if node.about:
        word = "ON" if node.noun == "RETENTION POLICIES" else "FOR"
        name = quote_ident(node.about) if node.noun in ("RETENTION POLICIES", "GRANTS") else None
        about = f" {word} {name if name is not None else quote_string(node.about)}"
    return f"SHOW {node.noun}{about}"


def _explain(node: tree.Explain) -> str:
    words = "EXPLAIN" + (" ANALYZE" if node.analyze else "") + (" VERBOSE" if node.verbose else "")
    return f"{words} {statement_text(node.select)}"


def _drop(node: tree.Drop) -> str:
    if node.noun == "SHARD":
        return f"DROP SHARD {node.name}"
    place = quote_ident(node.database) if node.database else ""
    if node.policy:
        place += f".{quote_ident(node.policy)}"
    return f"DROP {node.noun} {quote_ident(node.name)}" + (f" ON {place}" if place else "")


def _options(options: tree.PolicyOptions, duration: Callable[[int], str]) -> str:
    parts = []
    if options.duration_ns is not None:
        parts.append(f"DURATION {duration(options.duration_ns)}")
    if options.replication is not None:
        parts.append(f"REPLICATION {options.replication}")
    if options.shard_ns is not None:
        parts.append(f"SHARD DURATION {duration(options.shard_ns)}")
    if options.future_ns is not None:
        parts.append(f"FUTURE LIMIT {format_duration(options.future_ns)}")
    if options.past_ns is not None:
        parts.append(f"PAST LIMIT {format_duration(options.past_ns)}")
    if options.name:
        parts.append(f"NAME {quote_ident(options.name)}")
    if options.default:
        parts.append("DEFAULT")
    return "".join(f" {part}" for part in parts)


def _create_database(node: tree.CreateDatabase) -> str:
    text = f"CREATE DATABASE {quote_ident(node.name)}"
    return text if node.options is None else f"{text} WITH{_options(node.options, clock_duration)}"


def _policy(node: tree.Policy) -> str:
    verb = "CREATE" if node.create else "ALTER"
    name = f"{quote_ident(node.name)} ON {quote_ident(node.database)}"
    return f"{verb} RETENTION POLICY {name}{_options(node.options, format_duration)}"


def _grant(node: tree.Grant) -> str:
    verb, joins = ("REVOKE", "FROM") if node.revoke else ("GRANT", "TO")
    on = f" ON {quote_ident(node.database)}" if node.database else ""
    return f"{verb} {node.privilege}{on} {joins} {quote_ident(node.user)}"


def _continuous(node: tree.ContinuousQuery) -> str:
    resample = f" EVERY {format_duration(node.every_ns)}" if node.every_ns else ""
    resample += f" FOR {format_duration(node.for_ns)}" if node.for_ns else ""
    resample = f" RESAMPLE{resample}" if resample else ""
    return (
        f"CREATE CONTINUOUS QUERY {quote_ident(node.name)} ON {quote_ident(node.database)}{resample}"
        f" BEGIN {statement_text(node.select)} END"
    )


def _subscription(node: tree.Subscription) -> str:
    place = f"{quote_ident(node.database)}.{quote_ident(node.policy)}"
    to = _list(map(quote_string, node.destinations))
    return f"CREATE SUBSCRIPTION {quote_ident(node.name)} ON {place} DESTINATIONS {node.mode} {to}"


def _kill(node: tree.KillQuery) -> str:
    return f"KILL QUERY {node.id}" + (f" ON {quote_ident(node.host)}" if node.host else "")


_STATEMENTS: Final[dict[type, Callable[[Any], str]]] = {
    tree.Select: _select,
    tree.ShowSchema: _show_schema,
    tree.Show: _show,
    tree.Explain: _explain,
    tree.Delete: lambda n: f"{'DROP SERIES' if n.series else 'DELETE'}{_from(n.sources)}{_where(n)}",
    tree.Drop: _drop,
    tree.CreateDatabase: _create_database,
    tree.Policy: _policy,
    tree.CreateUser: lambda n: (
        f"CREATE USER {quote_ident(n.name)} WITH PASSWORD [REDACTED]"
        + (" WITH ALL PRIVILEGES" if n.admin else "")
    ),
    tree.SetPassword: lambda n: f"SET PASSWORD FOR {quote_ident(n.name)} = [REDACTED]",
    tree.Grant: _grant,
    tree.ContinuousQuery: _continuous,
    tree.Subscription: _subscription,
    tree.KillQuery: _kill,
}


def statement_text(statement: tree.Statement) -> str:
    """Return a statement; passwords are not shown."""
    return _STATEMENTS[type(statement)](statement)


def query_text(statements: Iterable[tree.Statement]) -> str:
    """Return several statements."""
    return ";\n".join(map(statement_text, statements))

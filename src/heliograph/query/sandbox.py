"""The child process in which a user's SQL runs: ``python -m heliograph.query.sandbox``.

Requests come as lines of JSON on standard input. Each is answered by a line with the number of bytes that
follow and ``stays`` or ``ends``, and by so many bytes of JSON. Every request has a DuckDB of its own. The
process may read the files it is given and nothing else, use so much memory and processor time and no more,
and run one SELECT. A statement that breaks DuckDB breaks this process and not the hub.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import resource
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb

_TABLE_FUNCTIONS: Final = frozenset({"range", "generate_series", "unnest"})
_CATALOGUE_FUNCTIONS: Final = frozenset(
    {"current_setting", "json_serialize_plan", "pg_get_constraintdef", "pg_get_viewdef"}
)
"""What tells how the views are made: of which files."""
_SCHEMAS: Final = ("", "main", "memory", "memory.main")
"""Where the views are. The catalogue of a database in memory is called so."""
_ADDRESS_SPACE_FACTOR: Final = 8
_ADDRESS_SPACE_FLOOR: Final = 4 * 1024**3
"""DuckDB reserves much more address space than it uses; this stops a runaway, memory_limit does the rest."""
_ROWS_FACTOR: Final = 8
"""An answer takes so many times its bytes while it is Python's numbers and texts."""
_DATE_BIN: Final = """CREATE MACRO
    date_bin(stride, source) AS time_bucket(stride, source::TIMESTAMP, TIMESTAMP '1970-01-01'),
    (stride, source, origin) AS time_bucket(stride, source::TIMESTAMP, origin::TIMESTAMP)"""
"""InfluxDB 3's name for it, with its origin."""
_ROW_GROUP: Final = 8_192
"""Rows that are held in memory until they are written."""
_KEPT_KB: Final = 128 * 1024
"""A process that was ever larger does not wait for another request."""


class Refusal(Exception):
    """The statement is not one that may run here."""


def main() -> int:
    """Answer requests until there are no more, or until one has used much memory."""
    stays = True
    while stays:
        with _engine() as connection:  # made before it is asked, which nobody has to wait for
            line = sys.stdin.buffer.readline()
            if not line:
                break
            text = _answer(connection, json.loads(line)).encode()
        stays = _largest_kb() <= _KEPT_KB
        sys.stdout.buffer.write(b"%d %s\n" % (len(text), b"stays" if stays else b"ends"))
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    return 0


def _largest_kb() -> int:
    """Return the most memory that this process ever had.

    The kernel's own ``ru_maxrss`` may be that of the process that started this one.
    """
    told = _status_kb("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if told is None else told


def _status_kb(name: str) -> int | None:
    """Return what Linux tells of this process; None where it does not."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), None)


def _engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        config={
            "threads": 1,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )


def _answer(connection: duckdb.DuckDBPyConnection, request: dict[str, Any]) -> str:
    try:
        answer = run(connection, request)
    except duckdb.CatalogException as error:
        known = ", ".join(request["measurements"]) or "nothing yet"
        answer = {"error": f"{str(error).partition('!')[0]}; the bucket has {known}"}
    except Refusal as error:
        answer = {"error": str(error)}
    except duckdb.OutOfMemoryException:
        told = f"the statement needs more than the {request['memory_bytes'] >> 20} MiB that it may take"
        answer = {"error": f"{told} (store.memory_limit); select less, or of a shorter time"}
    except duckdb.Error as error:
        answer = {"error": _without_paths(str(error), request["files"]), "unreadable": _may_be_damage(error)}
    except MemoryError:
        answer = {"error": "the answer does not fit into memory; select less"}
    text = json.dumps(answer)
    if len(text) > request["answer_bytes"]:
        return json.dumps({"error": f"the answer has over {request['answer_bytes']:,} bytes; select less"})
    return text


def _without_paths(text: str, files: Iterable[str]) -> str:
    """Return what DuckDB says without telling where the hub keeps its files."""
    for file in files:
        text = text.replace(file, Path(file).name)
    return text


def _may_be_damage(error: duckdb.Error) -> bool:
    """Return whether an error is one of those that DuckDB has for the bytes of a file."""
    of_files = isinstance(error, duckdb.IOException | duckdb.InternalException | duckdb.FatalException)
    return of_files or type(error) is duckdb.Error or "parquet" in str(error).lower()


def _limit(seconds: int, space_bytes: int) -> None:
    """Let this process use so much more processor time, and so much address space in all."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    resource.setrlimit(resource.RLIMIT_AS, (space_bytes, space_bytes))


def _limit_data(size_bytes: int) -> None:
    """Let this process get so much more memory; DuckDB's own limit does not count what functions make."""
    held_kb = _status_kb("VmData")
    if held_kb is not None:
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        soft = held_kb * 1024 + size_bytes
        resource.setrlimit(
            resource.RLIMIT_DATA, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
        )


def _limit_files(size_bytes: int) -> None:
    """Let this process write no larger file; there is only one that it may write at all."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    soft = size_bytes if hard == resource.RLIM_INFINITY else min(size_bytes, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def run(connection: duckdb.DuckDBPyConnection, request: dict[str, Any]) -> dict[str, Any]:
    """Return ``{"columns": [{"name", "type"}…], "rows": [[…]…], "truncated": bool}``."""
    memory = int(request["memory_bytes"])
    _limit(int(request["seconds"]), max(_ADDRESS_SPACE_FLOOR, _ADDRESS_SPACE_FACTOR * memory))
    _limit_data(memory + _ROWS_FACTOR * int(request["answer_bytes"]))
    _limit_files(int(request["answer_bytes"]))
    connection.execute(f"SET memory_limit = '{memory}B'")
    connection.execute("SET TimeZone = 'UTC'")
    check(connection, request["sql"], request["views"])
    file = request.get("parquet")
    connection.execute("SET allowed_paths = ?", [[*request["files"], *([file] if file else [])]])
    connection.execute("SET enable_external_access = false")
    for name, sql in request["views"].items():
        quoted = '"' + name.replace('"', '""') + '"'
        connection.execute(f"CREATE VIEW {quoted} AS {sql}")
    # `time` is a TIMESTAMP_NS in UTC, which DuckDB does not compare with its own now()
    connection.execute("CREATE MACRO now() AS make_timestamp_ns(epoch_ns(get_current_timestamp()))")
    connection.execute(_DATE_BIN)
    connection.execute("SET lock_configuration = true")
    limit = int(request["rows"])
    answer = connection.sql(request["sql"], params=request.get("parameters") or None)
    columns = [
        {"name": name, "type": str(type_)} for name, type_ in zip(answer.columns, answer.types, strict=True)
    ]
    if file:
        count = _write(connection, answer.limit(limit + 1), file, int(request["answer_bytes"]))
        return {"columns": columns, "rows": [], "truncated": count > limit}
    shown = ", ".join(_shown(number, c["type"]) for number, c in enumerate(columns, 1))
    rows = answer.project(shown).limit(limit + 1).fetchall()
    return {
        "columns": columns,
        "rows": [[_plain(value) for value in row] for row in rows[:limit]],
        "truncated": len(rows) > limit,
    }


def _write(
    connection: duckdb.DuckDBPyConnection, answer: duckdb.DuckDBPyRelation, file: str, most_bytes: int
) -> int:
    """Write an answer to a Parquet file, and return its number of rows."""
    try:
        answer.write_parquet(file, compression="zstd", row_group_size=_ROW_GROUP)
    except duckdb.IOException as error:
        raise Refusal(f"the answer does not fit into a file of at most {most_bytes:,} bytes") from error
    rows = connection.execute("SELECT num_rows FROM parquet_file_metadata(?)", [file]).fetchall()
    return int(rows[0][0])


def check(connection: duckdb.DuckDBPyConnection, sql: str, views: Iterable[str]) -> None:
    """Refuse everything but one SELECT over the given views, which are not made yet.

    Raises:
        Refusal: with the reason.
        duckdb.Error: it is not SQL.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise Refusal(f"one statement is expected, {len(statements)} came")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise Refusal("only SELECT may run here")
    row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    tree = json.loads(row[0]) if row else {}
    if tree.get("error"):
        raise Refusal(str(tree.get("error_message", "only SELECT may run here")))
    for name in _named(tree, "TABLE_FUNCTION", "function"):
        if name not in _TABLE_FUNCTIONS:
            raise Refusal(f"the table function {name} may not be used here; select from a measurement")
    for name in _CATALOGUE_FUNCTIONS.intersection(_named(tree, "FUNCTION")):
        raise Refusal(f"the function {name} may not be used here; it tells of the engine, not of points")
    known = {name.lower() for name in views}
    for schema, name in _tables(tree):
        if schema not in _SCHEMAS or (name not in known and _is_of_engine(connection, name)):
            shown = f"{schema}.{name}" if schema else name
            raise Refusal(f"the table {shown} may not be used here; select from a measurement")


def _is_of_engine(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Return whether a table without a schema would be one of DuckDB's own; to ask takes milliseconds."""
    found = connection.execute(
        "SELECT 1 FROM duckdb_views()"
        " WHERE internal AND schema_name <> 'information_schema' AND view_name = ?",
        [name],
    )
    return found.fetchone() is not None


def _shown(number: int, type_: str) -> str:
    """Return a column by its number, since two may have one name. Times become text: Python's have no ns."""
    column = f"#{number}"
    if type_ == "TIMESTAMP_NS":
        column = f"replace({column}::VARCHAR, ' ', 'T') || 'Z'"
    elif type_ == "TIMESTAMP WITH TIME ZONE":
        column = f"replace(replace({column}::VARCHAR, ' ', 'T'), '+00', 'Z')"
    return f"{column} AS c{number}"


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Yield all parts of a statement, in no order."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _named(tree: Any, type_: str, part: str | None = None) -> list[str]:
    """Return the functions in the nodes of a type, or in a part of them."""
    nodes = [node for node in _nodes(tree) if node.get("type") == type_]
    return [str((node[part] if part else node).get("function_name", "")).lower() for node in nodes]


def _tables(tree: Any) -> list[tuple[str, str]]:
    """Return the tables that a statement names, each with its schema; "" where it names none."""
    nodes = [node for node in _nodes(tree) if node.get("type") == "BASE_TABLE"]
    return [
        (
            ".".join(filter(None, (node["catalog_name"], node["schema_name"]))).lower(),
            node["table_name"].lower(),
        )
        for node in nodes
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat().removesuffix("+00:00") + "Z"
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no word for it
    if isinstance(value, Decimal):
        return float(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


if __name__ == "__main__":
    sys.exit(main())

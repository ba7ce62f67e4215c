"""``/api/v3/query_influxql``: one SELECT or SHOW of InfluxQL, answered in the formats of InfluxDB 3.

Source: the pages of InfluxDB 3 Core, and answers of 3.11 that its users have published.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from heliograph.api.auth import caller_of
from heliograph.api.errors import speaks_v3
from heliograph.api.identity.identities import Caller
from heliograph.api.identity.rights import Action
from heliograph.api.influxdb.asking import CallerAccess, HubChanges
from heliograph.api.influxdb.formats_v3 import (
    MEDIA_TYPES,
    PARQUET,
    arrow_time,
    format_of,
    parameters_of,
    params_of,
    rendered,
)
from heliograph.api.influxdb.results import shown_time
from heliograph.api.services import Services, services
from heliograph.errors import BucketNotFound, QueryError
from heliograph.query.influxql import tree
from heliograph.query.influxql.engine import Asked, is_reading
from heliograph.query.influxql.parser import parse
from heliograph.query.influxql.plan.shapes import Result
from heliograph.query.influxql.rows import Rows, table_of

_DATABASE: Final = "iox::database"
_NO_DATABASE: Final = "must specify a 'db' parameter, or provide the database in the InfluxQL query"


@speaks_v3
async def query_influxql(request: Request) -> Response:
    """``GET`` and ``POST /api/v3/query_influxql`` with ``q``, ``db``, ``format`` and ``params``."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    given = await parameters_of(request)
    format_ = format_of(given, request)
    asked = Asked(
        text=_text(given, "q"),
        access=CallerAccess(hub, caller, may_change=False),
        database=_text(given, "db", ""),
        parameters=_parameters(given),
    )
    statement = _only(asked)
    if asked.database:
        await _require_database(hub, caller, asked)
    (result,) = [found async for found in hub.influxql.answers(asked, HubChanges(hub))]
    if result.error is not None:
        raise QueryError(_NO_DATABASE if result.error == "database name required" else result.error)
    table = _named(statement, table_of(result), asked)
    if format_ == PARQUET:
        body: bytes | str = await hub.influxql.parquet(table)
    else:
        body = await asyncio.to_thread(_rendered, format_, table, result)
    return Response(body, media_type=MEDIA_TYPES[format_])


def _text(given: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = given.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not (value.strip() or default is not None):
        raise QueryError(f"{key} must be a text; expected q, one SELECT or SHOW, and db, the database")
    return value


def _parameters(given: Mapping[str, Any]) -> dict[str, str | int | float | bool]:
    params = params_of(given)
    for name, value in params.items():
        if value is None:
            raise QueryError(f"params: {name} is null, which InfluxQL has no word for")
    return params


def _only(asked: Asked) -> tree.Statement:
    """Return the one statement, which may change nothing."""
    statements = parse(asked.text, asked.parameters)
    if len(statements) != 1:
        raise QueryError("must provide only one InfluxQl statement per query")
    if not is_reading(statements[0]):
        raise QueryError("only SELECT and SHOW are answered here; send what changes something to /query")
    return statements[0]


async def _require_database(hub: Services, caller: Caller, asked: Asked) -> None:
    """Refuse a database that is not there; who may not read it hears no difference."""
    policies = await asyncio.to_thread(hub.influxql.databases.of, asked.database)
    if not any(asked.access.sees(info.bucket) for info in policies):
        hub.identities.require(caller, Action.READ, asked.database)
    if not policies:
        raise BucketNotFound(asked.database)


def _named(statement: tree.Statement, table: Rows, asked: Asked) -> Rows:
    """Name the columns of SHOW as InfluxDB 3 does where they are about databases."""
    if isinstance(statement, tree.Show) and statement.noun == "DATABASES":
        return Rows([_DATABASE, "deleted"], [[row[-1], False] for row in table.rows])
    if isinstance(statement, tree.Show) and statement.noun == "RETENTION POLICIES":
        database = statement.about or asked.database
        return Rows([_DATABASE, *table.names], [[database, *row] for row in table.rows])
    return table


def _rendered(format_: str, table: Rows, result: Result) -> str:
    at = table.time_column
    if at is not None:
        for row in table.rows:
            row[at] = arrow_time(shown_time(row[at], result.zone))
    return rendered(format_, table.names, table.rows)

"""``/api/v3/query_sql``: a user's SELECT, answered in the formats of InfluxDB 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from heliograph.api.auth import caller_of
from heliograph.api.errors import speaks_v3
from heliograph.api.identity.rights import Action
from heliograph.api.influxdb.formats_v3 import (
    MEDIA_TYPES,
    PARQUET,
    arrow_time,
    format_of,
    parameters_of,
    params_of,
    rendered,
)
from heliograph.api.services import services
from heliograph.errors import QueryError


@speaks_v3
async def query_sql(request: Request) -> Response:
    """``GET`` and ``POST /api/v3/query_sql`` with ``db``, ``q``, ``format`` and ``params``."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    asked = await parameters_of(request)
    bucket, sql = _text(asked, "db"), _text(asked, "q")
    hub.identities.require(caller, Action.READ, bucket)
    parameters = params_of(asked)
    format_ = format_of(asked, request)
    if format_ == PARQUET:
        body: bytes | str = await hub.user_sql.parquet(bucket, sql, parameters)
    else:
        body = _rendered(format_, await hub.user_sql.run(bucket, sql, parameters))
    return Response(body, media_type=MEDIA_TYPES[format_])


def _text(asked: Mapping[str, Any], key: str) -> str:
    value = asked.get(key)
    if not isinstance(value, str) or not value:
        raise QueryError(f"{key} is missing; expected db, the bucket, and q, one SELECT")
    return value


def _rendered(format_: str, answer: dict[str, Any]) -> str:
    names = [column["name"] for column in answer["columns"]]
    timed = [n for n, column in enumerate(answer["columns"]) if _is_local_time(column["type"])]
    rows: list[list[Any]] = answer["rows"]
    for row in rows:
        for n in timed:
            row[n] = None if row[n] is None else arrow_time(row[n])
    return rendered(format_, names, rows)


def _is_local_time(type_: str) -> bool:
    return type_.startswith("TIMESTAMP") and "ZONE" not in type_

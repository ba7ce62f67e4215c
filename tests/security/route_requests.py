"""For every route of the hub: who may use it, and requests that reach for a bucket by it.

``@T`` in a request is the bucket that is reached for, ``@O`` the other one; ``@…`` words are ids of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


class For(Enum):
    """Who may use a route."""

    EVERYBODY = "everybody"
    KNOWN = "whoever is known"
    READERS = "readers"
    OWNERS = "the bucket's own token"
    WRITERS = "writers"
    OPERATORS = "operators"
    LINKS = "links"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of a route."""

    who: For
    query: str = ""
    body: dict[str, Any] | str | None = None
    shows: bool = False
    """Whether it gives points of the bucket to who may have them."""
    changes: bool = False
    """Whether it would change something for who may: the operators do not try it here."""


_SQL: Final = "SELECT * FROM m_@T"
_FLUX: Final = 'from(bucket:"@T") |> range(start:-1h) |> last()'
_BY_ID: Final = _FLUX.replace('bucket:"@T"', 'bucketID:"@bucket"')
_PANEL: Final = {"language": "influxql", "bucket": "@T", "text": _SQL, "format": "table"}
_SPAN: Final = {"start_ms": "@start", "end_ms": "@end"}
_ROUTE_QUERY: Final = {**_SPAN, "interval_ms": 60_000, "bucket": "@T"}
_ROWS: Final = {"measurement": "m_@T", "fields": ["word"], "fn": "points", "group_by": ["host"]}
_GRANT: Final = {"permissions": [{"action": "read", "resource": {"type": "buckets", "name": "@T"}}]}


def _operators(body: dict[str, Any] | None = None, query: str = "", **more: bool) -> list[Ask]:
    return [Ask(For.OPERATORS, query, body, **more)]


def _changing(body: dict[str, Any] | None = None) -> list[Ask]:
    return [Ask(For.OPERATORS, "", body if body is not None else {}, changes=True)]


def _known(query: str = "", body: dict[str, Any] | None = None) -> list[Ask]:
    return [Ask(For.KNOWN, query, body)]


def _open(body: dict[str, Any] | None = None) -> list[Ask]:
    return [Ask(For.EVERYBODY, "", body)]


REQUESTS: Final[dict[str, list[Ask]]] = {
    "GET /": _open(),
    "GET /ping": _open(),
    "POST /ping": _open(),
    "GET /health": _open(),
    "GET /ready": _open(),
    "GET /ca.pem": _open(),
    "POST /api/enrol": _open({"code": "none", "key": "k" * 40}),
    "GET /api/v2": _open(),
    "GET /api/v2/setup": _open(),
    "POST /api/v2/setup": _open({"username": "x", "password": "y" * 12, "org": "o", "bucket": "@T"}),
    "POST /api/session": _open({"token": "none"}),
    "POST /api/v2/signin": _open(),
    "POST /api/v2/signout": [Ask(For.KNOWN, changes=True)],
    "GET /api/session": _known(),
    "DELETE /api/session": [Ask(For.EVERYBODY, changes=True)],
    # reading
    "POST /api/query": [Ask(For.READERS, "", {**_ROUTE_QUERY, "queries": [_ROWS]}, shows=True)],
    "POST /api/series": [
        Ask(For.READERS, "", {"bucket": "@T", "measurement": "m_@T"}, shows=True),
        Ask(For.READERS, "", {"bucket": "@T"}),
    ],
    "GET /api/schema": [Ask(For.READERS, "?bucket=@T")],
    "GET /api/devices": [Ask(For.READERS, "?bucket=@T", shows=True)],
    "POST /api/sql": [
        Ask(For.READERS, "", {"bucket": "@T", "sql": _SQL}, shows=True),
        Ask(For.NOBODY, "", {"bucket": "@O", "sql": 'SELECT * FROM "@T".m_@T'}),
        Ask(For.NOBODY, "", {"bucket": "@O", "sql": "SELECT * FROM read_parquet('@home/**/*.parquet')"}),
        Ask(For.NOBODY, "", {"bucket": "@O", "sql": "SELECT * FROM duckdb_tables(), duckdb_settings()"}),
    ],
    "GET /query": [
        Ask(For.READERS, "?db=@T&q=SELECT+*+FROM+m_@T", shows=True),
        Ask(For.READERS, "?db=@O&q=SELECT+*+FROM+%22@T%22..m_@T", shows=True),
        Ask(For.READERS, "?db=@O&q=SELECT+*+FROM+%22@T%22.%22autogen%22./.*/", shows=True),
        Ask(For.READERS, "?db=@T&q=SHOW+SERIES", shows=True),
        Ask(For.READERS, "?q=SHOW+TAG+VALUES+ON+%22@T%22+WITH+KEY%3Dhost", shows=True),
        Ask(For.KNOWN, "?q=SHOW+DATABASES"),
        Ask(For.KNOWN, "?db=@O&q=SHOW+CONTINUOUS+QUERIES"),
        Ask(For.KNOWN, "?q=SHOW+QUERIES"),
        Ask(For.KNOWN, "?q=SHOW+USERS"),
    ],
    "POST /query": [
        Ask(For.READERS, "?db=@T&q=SELECT+*+FROM+m_@T", shows=True),
        Ask(For.WRITERS, "?db=@O&q=SELECT+*+INTO+stolen+FROM+%22@T%22..m_@T", changes=True),
        Ask(For.WRITERS, "?db=@T&q=DROP+MEASUREMENT+m_@T", changes=True),
        Ask(For.OPERATORS, "?q=DROP+DATABASE+%22@T%22", changes=True),
    ],
    "POST /api/v2/query": [
        Ask(For.READERS, "?org=o", {"query": _FLUX}, shows=True),
        Ask(For.READERS, "?org=o", {"query": _BY_ID}, shows=True),
        Ask(For.KNOWN, "?org=o", {"query": "buckets()"}),
        Ask(For.WRITERS, "?org=o", {"query": _FLUX + ' |> to(bucket:"@O")'}, changes=True),
    ],
    "GET /api/v3/query_sql": [Ask(For.READERS, f"?db=@T&format=json&q={_SQL.replace(' ', '+')}", shows=True)],
    "POST /api/v3/query_sql": [Ask(For.READERS, "", {"db": "@T", "q": _SQL, "format": "json"}, shows=True)],
    "GET /api/v3/query_influxql": [
        Ask(For.READERS, f"?db=@T&format=json&q={_SQL.replace(' ', '+')}", shows=True),
        Ask(For.READERS, "?db=@O&format=json&q=SELECT+*+FROM+%22@T%22..m_@T", shows=True),
    ],
    "POST /api/v3/query_influxql": [
        Ask(For.READERS, "", {"db": "@T", "q": _SQL, "format": "json"}, shows=True)
    ],
    "POST /api/panels/query": [
        Ask(
            For.READERS, "", {**_SPAN, "queries": [_PANEL | {"language": "flux", "text": _BY_ID}]}, shows=True
        ),
        Ask(For.READERS, "", {**_SPAN, "queries": [_PANEL]}, shows=True),
        Ask(
            For.READERS, "", {**_SPAN, "queries": [_PANEL | {"language": "flux", "text": _FLUX}]}, shows=True
        ),
        Ask(For.READERS, "", {**_SPAN, "queries": [_PANEL | {"language": "sql"}]}, shows=True),
        Ask(
            For.READERS,
            "",
            {**_SPAN, "queries": [_PANEL | {"bucket": "@O", "text": 'SELECT * FROM "@T"..m_@T'}]},
            shows=True,
        ),
    ],
    "GET /api/variables": [
        Ask(For.READERS, "?bucket=@T&text=SHOW+TAG+VALUES+WITH+KEY%3Dhost", shows=True),
        Ask(For.READERS, "?bucket=@O&text=SHOW+TAG+VALUES+ON+%22@T%22+WITH+KEY%3Dhost", shows=True),
        Ask(For.KNOWN, "?bucket=@O&language=flux&text=buckets()"),
    ],
    "GET /api/alerts": [Ask(For.KNOWN)],
    # writing
    "POST /write": [Ask(For.WRITERS, "?db=@T", "own v=1")],
    "POST /api/v2/write": [
        Ask(For.WRITERS, "?bucket=@T", "own v=1"),
        Ask(For.WRITERS, "?bucket=@bucket", "own v=1"),
    ],
    "POST /api/v3/write_lp": [Ask(For.WRITERS, "?db=@T", "own v=1")],
    "POST /api/v2/delete": [
        Ask(For.WRITERS, "?bucketID=@bucket", {}, changes=True),
        Ask(
            For.WRITERS,
            "?bucket=@T",
            {"start": "2020-01-01T00:00:00Z", "stop": "2099-01-01T00:00:00Z"},
            changes=True,
        ),
    ],
    # streams
    "GET /api/streams": [Ask(For.READERS)],
    "GET /api/streams/{name}/messages": [
        Ask(For.READERS, "?bucket=@T", shows=True),
        Ask(For.READERS, ""),
        Ask(For.READERS, "?bucket=@O"),
    ],
    "POST /api/consumers": [Ask(For.READERS, "", {"name": "@consumer", "stream": "lp"}, changes=True)],
    "GET /api/consumers/{name}/messages": [
        Ask(For.OWNERS, shows=True),
        Ask(For.OWNERS, "?bucket=@T", shows=True),
    ],
    "DELETE /api/consumers/{name}": [Ask(For.OWNERS, changes=True)],
    "POST /api/consumers/{name}/ack": [Ask(For.OWNERS, "", {"seq": 1}, changes=True)],
    # InfluxDB's directory
    "GET /api/v2/me": _known(),
    "GET /api/v2/users": _known(),
    "GET /api/v2/orgs": _known(),
    "POST /api/v2/orgs": _changing({"name": "x"}),
    "GET /api/v2/orgs/{id}": _known(),
    "PATCH /api/v2/orgs/{id}": _changing({"description": "x"}),
    "DELETE /api/v2/orgs/{id}": _changing(),
    "GET /api/v2/buckets": [Ask(For.KNOWN), Ask(For.KNOWN, "?name=@T"), Ask(For.KNOWN, "?id=@bucket")],
    "POST /api/v2/buckets": _changing({"name": "new"}),
    "GET /api/v2/buckets/{id}": _known(),
    "PATCH /api/v2/buckets/{id}": _changing({"name": "renamed"}),
    "DELETE /api/v2/buckets/{id}": _changing(),
    "GET /api/v2/dbrps": [Ask(For.KNOWN), Ask(For.KNOWN, "?orgID=x&bucketID=@bucket")],
    "POST /api/v2/dbrps": _changing({"database": "d", "retention_policy": "r", "bucketID": "@bucket"}),
    "GET /api/v2/dbrps/{id}": _known(),
    "PATCH /api/v2/dbrps/{id}": _changing({"default": True}),
    "DELETE /api/v2/dbrps/{id}": _changing(),
    "GET /api/v2/authorizations": _known(),
    "POST /api/v2/authorizations": _changing(_GRANT),
    "GET /api/v2/authorizations/{id}": _known(),
    "PATCH /api/v2/authorizations/{id}": _changing({"status": "inactive"}),
    "DELETE /api/v2/authorizations/{id}": _changing(),
    "GET /api/v2/telegrafs": _operators(),
    "POST /api/v2/telegrafs": _changing({"name": "x", "config": ""}),
    "GET /api/v2/telegrafs/{id}": _operators(),
    "PUT /api/v2/telegrafs/{id}": _changing({"name": "x", "config": ""}),
    "DELETE /api/v2/telegrafs/{id}": _changing(),
    # dashboards: whoever reads a bucket sees them, but not what they show
    "GET /api/dashboards": [Ask(For.READERS)],
    "POST /api/dashboards/import": _changing({"dashboard": {"title": "x"}}),
    "GET /api/dashboards/{uid}": [Ask(For.READERS)],
    "PUT /api/dashboards/{uid}": _changing({"dashboard": {"title": "x"}}),
    "DELETE /api/dashboards/{uid}": _changing(),
    "POST /api/dashboards/{uid}/copy": _changing(),
    "GET /api/dashboards/{uid}/export": [Ask(For.READERS)],
    "GET /api/dashboards/{uid}/versions": [Ask(For.READERS)],
    "POST /api/dashboards/{uid}/restore": _changing({"version": 1}),
    "POST /api/dashboards/{uid}/share": _changing({"seconds": 600}),
    "DELETE /api/dashboards/{uid}/share": _changing(),
    "GET /api/shared/{link}": [Ask(For.LINKS)],
    "GET /api/shared/{link}/alerts": [Ask(For.LINKS, shows=True)],
    "POST /api/shared/{link}/query": [
        Ask(For.LINKS, "", {**_SPAN, "queries": [_PANEL | {"language": "flux", "text": _BY_ID}]}, shows=True),
        Ask(For.LINKS, "", {**_SPAN, "queries": [_PANEL]}, shows=True),
        Ask(For.LINKS, "", {**_SPAN, "queries": [_PANEL | {"language": "flux", "text": _FLUX}]}, shows=True),
        Ask(
            For.LINKS,
            "",
            {**_SPAN, "queries": [_PANEL | {"text": 'SELECT * FROM "@T"..m_@T', "bucket": "@O"}]},
        ),
        Ask(For.LINKS, "", {**_SPAN, "queries": [_PANEL | {"text": "SHOW DATABASES"}]}),
    ],
    "GET /api/shared/{link}/variables": [
        Ask(For.LINKS, "?bucket=@T&text=SHOW+TAG+VALUES+WITH+KEY%3Dhost", shows=True)
    ],
    # the operators' own
    "POST /api/login-code": _changing(),
    "GET /api/buckets": _operators(),
    "POST /api/buckets": _changing({"name": "new"}),
    "PATCH /api/buckets/{name}": _changing({"keep": "1h"}),
    "DELETE /api/buckets/{name}": _changing(),
    "POST /api/delete": _changing({"bucket": "@T", "start_ms": 0, "end_ms": 10**13}),
    "POST /api/backup": _changing(),
    "GET /api/status": _operators(),
    "GET /api/ledger": _operators(),
    "GET /api/first-steps": _operators(),
    "GET /api/ingest": _operators(),
    "POST /api/ingest": _changing({"name": "x"}),
    "POST /api/ingest/test": _operators({"topic": "a/b", "payload": "1"}),
    "DELETE /api/ingest/{name}": _changing(),
    "GET /api/rules": _operators(),
    "POST /api/rules": _changing(
        {"name": "x", "bucket": "@T", "measurement": "m_@T", "field": "v", "above": 1}
    ),
    "POST /api/rules/test": _operators({"rule": "none", **_SPAN}),
    "DELETE /api/rules/{name}": _changing(),
    "POST /api/rules/{name}/ack": _changing(),
    "GET /api/gateways": _operators(),
    "PUT /api/gateways/{id}/rules": _changing({"thin": None}),
    "POST /api/silences": _changing({"rule": "*"}),
    "DELETE /api/silences/{id}": _changing(),
    "GET /api/topics": _operators(),
    "GET /api/topics/history": _operators(query="?topic=tel/x/lp"),
    "POST /api/topics/preview": _operators({"topic": "a", "rule": {}}),
    "POST /api/topics/publish": _changing({"topic": "a", "payload": "1"}),
    "GET /api/topics/stored": _operators(query="?topic=a"),
    "GET /api/identities/users": _operators(),
    "POST /api/identities/users": _changing({"name": "thief", "password": "p" * 12}),
    "DELETE /api/identities/users/{name}": _changing(),
    "POST /api/identities/users/{name}/password": _changing({"password": "p" * 12}),
    "POST /api/identities/users/{name}/totp": _operators({}),
    "DELETE /api/identities/users/{name}/totp": _changing(),
    "GET /api/identities/devices": _operators(),
    "POST /api/identities/devices": _changing({"id": "thief"}),
    "DELETE /api/identities/devices/{id}": _changing(),
    "POST /api/identities/devices/{id}/rotate": _changing(),
    "POST /api/identities/devices/{id}/enrol": _changing(),
    "POST /api/identities/tokens/{id}/rotate": _changing(),
    "GET /api/audit": _operators(),
}

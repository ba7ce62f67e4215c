"""InfluxDB's routes in one list."""

from __future__ import annotations

from typing import Final

from starlette.routing import BaseRoute, Route

from heliograph.api.influxdb import (
    authorizations,
    buckets,
    dbrps,
    delete,
    influxql_v3,
    orgs,
    query,
    query_v2,
    setup,
    sql_v3,
    telegrafs,
    write,
    write_v3,
)
from heliograph.api.influxdb.shapes import ROOT

INFLUX_ROUTES: Final[tuple[BaseRoute, ...]] = (
    Route("/write", write.write_v1, methods=["POST"]),
    Route("/query", query.query, methods=["GET", "POST"]),
    Route(f"{ROOT}/write", write.write_v2, methods=["POST"]),
    Route("/api/v3/write_lp", write_v3.write_lp, methods=["POST"]),
    Route("/api/v3/query_sql", sql_v3.query_sql, methods=["GET", "POST"]),
    Route("/api/v3/query_influxql", influxql_v3.query_influxql, methods=["GET", "POST"]),
    Route(f"{ROOT}/query", query_v2.query_v2, methods=["POST"]),
    Route(f"{ROOT}/delete", delete.delete_v2, methods=["POST"]),
    Route(ROOT, orgs.routes),
    Route(f"{ROOT}/setup", setup.setup_allowed),
    Route(f"{ROOT}/setup", setup.set_up, methods=["POST"]),
    Route(f"{ROOT}/signin", setup.sign_in, methods=["POST"]),
    Route(f"{ROOT}/signout", setup.sign_out, methods=["POST"]),
    Route(f"{ROOT}/me", orgs.me),
    Route(f"{ROOT}/users", orgs.users),
    Route(f"{ROOT}/orgs", orgs.list_all),
    Route(f"{ROOT}/orgs", orgs.refuse, methods=["POST"]),
    Route(f"{ROOT}/orgs/{{id}}", orgs.get),
    Route(f"{ROOT}/orgs/{{id}}", orgs.change, methods=["PATCH"]),
    Route(f"{ROOT}/orgs/{{id}}", orgs.refuse, methods=["DELETE"]),
    Route(f"{ROOT}/buckets", buckets.list_all),
    Route(f"{ROOT}/buckets", buckets.create, methods=["POST"]),
    Route(f"{ROOT}/buckets/{{id}}", buckets.get),
    Route(f"{ROOT}/buckets/{{id}}", buckets.change, methods=["PATCH"]),
    Route(f"{ROOT}/buckets/{{id}}", buckets.delete, methods=["DELETE"]),
    Route(f"{ROOT}/authorizations", authorizations.list_all),
    Route(f"{ROOT}/authorizations", authorizations.create, methods=["POST"]),
    Route(f"{ROOT}/authorizations/{{id}}", authorizations.get),
    Route(f"{ROOT}/authorizations/{{id}}", authorizations.change, methods=["PATCH"]),
    Route(f"{ROOT}/authorizations/{{id}}", authorizations.delete, methods=["DELETE"]),
    Route(f"{ROOT}/dbrps", dbrps.list_all),
    Route(f"{ROOT}/dbrps", dbrps.create, methods=["POST"]),
    Route(f"{ROOT}/dbrps/{{id}}", dbrps.get),
    Route(f"{ROOT}/dbrps/{{id}}", dbrps.change, methods=["PATCH"]),
    Route(f"{ROOT}/dbrps/{{id}}", dbrps.delete, methods=["DELETE"]),
    Route(f"{ROOT}/telegrafs", telegrafs.list_all),
    Route(f"{ROOT}/telegrafs", telegrafs.create, methods=["POST"]),
    Route(f"{ROOT}/telegrafs/{{id}}", telegrafs.get),
    Route(f"{ROOT}/telegrafs/{{id}}", telegrafs.change, methods=["PUT"]),
    Route(f"{ROOT}/telegrafs/{{id}}", telegrafs.delete, methods=["DELETE"]),
)

"""Every route of the hub in one list."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from heliograph.api import backup, buckets, gateways, health, ingest, page, rules, session, state, streams
from heliograph.api.accounts.routes import ACCOUNT_ROUTES
from heliograph.api.dashboards.routes import DASHBOARD_ROUTES
from heliograph.api.drain import Drain
from heliograph.api.errors import not_found
from heliograph.api.front import Front
from heliograph.api.guard import Guard
from heliograph.api.influxdb import delete
from heliograph.api.influxdb.routes import INFLUX_ROUTES
from heliograph.api.packing import PACKED_BYTES, PACKED_LEVEL, Packing
from heliograph.api.questions import data, series
from heliograph.api.services import Services
from heliograph.api.topics import keeping
from heliograph.api.topics import routes as topics

ROUTES: Final[tuple[BaseRoute, ...]] = (
    # routes are tried in this order, and this one is asked most
    Route("/api/query", data.query, methods=["POST"]),
    Route("/", page.index),
    Route("/ping", health.ping, methods=["GET", "HEAD", "POST"]),
    Route("/health", health.health),
    Route("/ready", health.ready),
    *INFLUX_ROUTES,
    Route("/api/session", session.who),
    Route("/api/session", session.log_in, methods=["POST"]),
    Route("/api/session", session.log_out, methods=["DELETE"]),
    Route("/api/login-code", session.new_login, methods=["POST"]),
    *ACCOUNT_ROUTES,
    Route("/api/schema", data.schema),
    Route("/api/devices", data.devices),
    Route("/api/buckets", buckets.list_all),
    Route("/api/buckets", buckets.create, methods=["POST"]),
    Route("/api/buckets/{name:path}", buckets.change, methods=["PATCH"]),
    Route("/api/buckets/{name:path}", buckets.delete, methods=["DELETE"]),
    Route("/api/ingest", ingest.list_all),
    Route("/api/ingest", ingest.add, methods=["POST"]),
    Route("/api/ingest/test", ingest.test, methods=["POST"]),
    Route("/api/ingest/{name}", ingest.remove, methods=["DELETE"]),
    Route("/api/rules", rules.list_all),
    Route("/api/rules", rules.add, methods=["POST"]),
    Route("/api/rules/test", rules.test, methods=["POST"]),
    Route("/api/rules/{name}", rules.remove, methods=["DELETE"]),
    Route("/api/rules/{name}/ack", rules.acknowledge, methods=["POST"]),
    Route("/api/gateways", gateways.list_all),
    Route("/api/gateways/{id}/rules", gateways.set_rules, methods=["PUT"]),
    Route("/api/alerts", rules.alerts),
    Route("/api/silences", rules.silence, methods=["POST"]),
    Route("/api/silences/{id}", rules.end_silence, methods=["DELETE"]),
    Route("/api/streams", streams.list_all),
    Route("/api/streams/{name}/messages", streams.messages),
    Route("/api/consumers", streams.make, methods=["POST"]),
    Route("/api/consumers/{name}", streams.remove, methods=["DELETE"]),
    Route("/api/consumers/{name}/messages", streams.consumed),
    Route("/api/consumers/{name}/ack", streams.acknowledge, methods=["POST"]),
    Route("/api/series", series.series, methods=["POST"]),
    *DASHBOARD_ROUTES,
    Route("/api/backup", backup.backup, methods=["POST"]),
    Route("/api/delete", delete.delete, methods=["POST"]),
    Route("/api/sql", data.sql, methods=["POST"]),
    Route("/api/status", state.status),
    Route("/api/ledger", state.ledger),
    Route("/api/first-steps", state.first_steps),
    Route("/api/topics", topics.topics),
    Route("/api/topics/history", keeping.history),
    Route("/api/topics/preview", keeping.preview, methods=["POST"]),
    Route("/api/topics/publish", topics.publish, methods=["POST"]),
    Route("/api/topics/stored", keeping.stored),
    WebSocketRoute("/api/live", data.live),
)


def build(services: Services) -> ASGIApp:
    """Return the ASGI application of one hub."""
    app = Starlette(
        routes=[*ROUTES, Route("/assets/{name}", page.asset)],
        middleware=[
            Middleware(Drain),
            Middleware(Guard, hosts=services.hosts),
            Middleware(Packing, minimum_size=PACKED_BYTES, compresslevel=PACKED_LEVEL),
        ],
        exception_handlers={404: not_found, 405: not_found, 500: not_found},
    )
    app.state.services = services
    return Front(app, services)

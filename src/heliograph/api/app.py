"""Every route of the hub in one list."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from heliograph.api import backup, buckets, health, page, session, state
from heliograph.api.drain import Drain
from heliograph.api.errors import not_found
from heliograph.api.guard import Guard
from heliograph.api.influxdb import delete
from heliograph.api.influxdb.routes import INFLUX_ROUTES
from heliograph.api.questions import data, series
from heliograph.api.services import Services

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
    Route("/api/schema", data.schema),
    Route("/api/devices", data.devices),
    Route("/api/buckets", buckets.list_all),
    Route("/api/buckets", buckets.create, methods=["POST"]),
    Route("/api/buckets/{name:path}", buckets.change, methods=["PATCH"]),
    Route("/api/buckets/{name:path}", buckets.delete, methods=["DELETE"]),
    Route("/api/series", series.series, methods=["POST"]),
    Route("/api/backup", backup.backup, methods=["POST"]),
    Route("/api/delete", delete.delete, methods=["POST"]),
    Route("/api/sql", data.sql, methods=["POST"]),
    Route("/api/status", state.status),
    Route("/api/ledger", state.ledger),
    Route("/api/first-steps", state.first_steps),
    WebSocketRoute("/api/live", data.live),
)


def build(services: Services) -> Starlette:
    """Return the ASGI application of one hub."""
    assets = Mount("/assets", StaticFiles(directory=services.page / "assets", check_dir=False))
    app = Starlette(
        routes=[*ROUTES, assets],
        middleware=[
            Middleware(Drain),
            Middleware(Guard, hosts=services.hosts),
            Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=4),
        ],
        exception_handlers={404: not_found, 405: not_found, 500: not_found},
    )
    app.state.services = services
    return app

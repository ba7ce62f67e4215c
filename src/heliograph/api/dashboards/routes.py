"""The routes of dashboards, their panels and their links."""

from __future__ import annotations

from typing import Final

from starlette.routing import BaseRoute, Route

from heliograph.api.dashboards import documents, panels, sharing

DASHBOARD_ROUTES: Final[tuple[BaseRoute, ...]] = (
    Route("/api/panels/query", panels.query, methods=["POST"]),
    Route("/api/variables", panels.variables),
    Route("/api/dashboards", documents.list_all),
    Route("/api/dashboards/import", documents.take, methods=["POST"]),
    Route("/api/dashboards/{uid}", documents.show),
    Route("/api/dashboards/{uid}", documents.save, methods=["PUT"]),
    Route("/api/dashboards/{uid}", documents.delete, methods=["DELETE"]),
    Route("/api/dashboards/{uid}/copy", documents.copy, methods=["POST"]),
    Route("/api/dashboards/{uid}/export", documents.export),
    Route("/api/dashboards/{uid}/versions", documents.versions),
    Route("/api/dashboards/{uid}/restore", documents.restore, methods=["POST"]),
    Route("/api/dashboards/{uid}/share", sharing.make, methods=["POST"]),
    Route("/api/dashboards/{uid}/share", sharing.end, methods=["DELETE"]),
    Route("/api/shared/{link}", sharing.show),
    Route("/api/shared/{link}/query", sharing.query, methods=["POST"]),
    Route("/api/shared/{link}/variables", sharing.variables),
    Route("/api/shared/{link}/alerts", sharing.alerts),
)

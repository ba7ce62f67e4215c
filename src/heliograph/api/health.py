"""Health: what monitors and clients ask before anything else; no login needed."""

from __future__ import annotations

import datetime as dt
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.services import services

COMPATIBLE: Final = "v2.7.0-heliograph"
"""InfluxDB's clients read a version here and take the dialect from its first number."""
VERSION: Final = {"X-Influxdb-Version": COMPATIBLE, "X-Influxdb-Build": "OSS"}
"""The headers in which they do."""


async def ping(request: Request) -> Response:
    """``/ping``: 204 and the version headers that InfluxDB's clients look at."""
    return Response(status_code=204, headers=VERSION)


async def health(request: Request) -> Response:
    """``/health`` in InfluxDB 2.x's form; 503 while points cannot be sealed."""
    trouble = services(request).trouble()
    return JSONResponse(
        {
            "name": "influxdb",
            "message": trouble or "ready for queries and writes",
            "status": "fail" if trouble else "pass",
            "checks": [],
            "version": COMPATIBLE,
            "commit": f"heliograph-{services(request).hub['version']}",
        },
        503 if trouble else 200,
    )


async def ready(request: Request) -> Response:
    """``/ready`` in InfluxDB 2.x's form: this server listens only once the hub is ready."""
    started = dt.datetime.fromtimestamp(int(services(request).hub["started_ms"]) / 1000, dt.UTC)
    return JSONResponse({"status": "ready", "started": started.isoformat(timespec="milliseconds")})

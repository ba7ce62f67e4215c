"""``helio_hub``: what the hub records of itself, one point in ten seconds, as any other measurement."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from heliograph.api.services import Intake, WriteRequest
from heliograph.codec.lineprotocol import format_point
from heliograph.errors import Error
from heliograph.model.point import Point
from heliograph.model.time import Precision
from heliograph.store.catalogue import DEFAULT_BUCKET

log = logging.getLogger(__name__)

MEASUREMENT: Final = "helio_hub"
INTERVAL_SECONDS: Final = 10.0


async def record_figures(intake: Intake, report: Callable[[], Awaitable[dict[str, Any]]], host: str) -> None:
    """Write a point of what ``/api/status`` tells, again and again, until cancelled.

    One that cannot be written is left out: the points of devices matter more.
    """
    while True:
        try:
            point = Point(MEASUREMENT, figures(await report()), {"host": host}, time.time_ns())
            await intake.write(WriteRequest(DEFAULT_BUCKET, format_point(point).encode(), None, Precision.NS))
        except Error as error:
            log.info("The hub's own figures were not written: %s", error)
        await asyncio.sleep(INTERVAL_SECONDS)


def figures(status: dict[str, Any]) -> dict[str, int]:
    """Return the fields, all of them integers, out of a status."""
    counters, store = status["counters"], status["store"]
    http, mqtt = status["streams"]
    return {
        "uptime_seconds": (time.time_ns() // 1_000_000 - status["hub"]["started_ms"]) // 1_000,
        "points": store["rows_hot"] + store["rows_sealed"],
        "points_hot": store["rows_hot"],
        "segments": store["segments"],
        "store_bytes": store["bytes"],
        "store_max_bytes": store["max_bytes"],
        "http_stream_bytes": http["bytes"],
        "mqtt_stream_bytes": mqtt["bytes"],
        "http_waiting": max(0, http["last_seq"] - http["applied_seq"]),
        "mqtt_waiting": max(0, mqtt["last_seq"] - mqtt["applied_seq"]),
        "http_points": counters["http_points"],
        "mqtt_messages": counters["mqtt_messages"],
        "mqtt_points": counters["mqtt_points"],
        "mqtt_refused": counters["mqtt_refused"],
        "mqtt_lost": counters["mqtt_lost"],
        "qos0_points": counters["qos0_points"],
        "qos0_dropped": counters["qos0_dropped"],
        "too_old": counters["points_too_old"],
        "new_series": counters["points_new_series"],
        "refused": counters["http_refused_lines"] + counters["mqtt_refused"],
        "lost": counters["http_lost"] + counters["mqtt_lost"],
        "broker_restarts": status["broker"]["restarts"],
        "pages": status["broker"]["pages"],
        "warnings": len(status["warnings"]),
    }

"""InfluxQL's engine as the settings want it."""

from __future__ import annotations

from heliograph.config.tree import Settings
from heliograph.hub.home import Home
from heliograph.query.engine import QueryEngine
from heliograph.query.influxql.engine import InfluxqlEngine
from heliograph.query.limits import QueryLimits
from heliograph.store.database import Database


def influxql_engine(
    engine: QueryEngine, database: Database, settings: Settings, home: Home
) -> InfluxqlEngine:
    """Return the engine; it answers from the store and the columns in memory of ``engine``."""
    return InfluxqlEngine(
        engine.store,
        engine.duck,
        database,
        threads=settings.store.threads,
        seconds=settings.limits.query_seconds,
        limits=QueryLimits(settings.limits.query_groups, settings.limits.query_rows),
        engine=engine,
        scratch=home.scratch,
    )

"""Data sources: whatever a dashboard calls its InfluxDB is this hub, and others are named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.dashboards.shape import Json, objects, text

HUB_UID: Final = "helio"
HUB: Final[Mapping[str, str]] = {"type": "influxdb", "uid": HUB_UID}
DEFAULT_BUCKET: Final = "telegraf"
EXPRESSION: Final = "__expr__"
_OURS: Final = frozenset(
    {"influxdb", "", "grafana-influxdb-flux-datasource", "influxdata-flightsql-datasource"}
)
_NONE: Final = frozenset({"datasource", "mixed", "grafana", "dashboard"})
_REFERENCE: Final = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What ``__inputs`` of a dashboard stand for, with what was chosen at the import."""

    constants: dict[str, str] = field(default_factory=dict)
    plugins: dict[str, str] = field(default_factory=dict)
    """By name the kind of data source."""
    buckets: dict[str, str] = field(default_factory=dict)
    """By name the bucket, where one was chosen."""

    @staticmethod
    def of(dashboard: Json, chosen: Mapping[str, Any]) -> Inputs:
        """Return the inputs of a dashboard."""
        found = Inputs()
        for one in objects(dashboard.get("__inputs")):
            name = text(one.get("name"))
            given = chosen.get(name)
            if one.get("type") == "constant":
                found.constants[name] = given if isinstance(given, str) else text(one.get("value"))
            elif name:
                found.plugins[name] = text(one.get("pluginId"), "influxdb")
                if isinstance(given, str) and given:
                    found.buckets[name] = given
        whole = chosen.get("bucket")
        if isinstance(whole, str) and whole:
            found.buckets[""] = whole
        return found

    def resolved(self, value: Any) -> Any:
        """Return a value with the constants in all its texts put in."""
        if isinstance(value, str):
            return _REFERENCE.sub(lambda m: self.constants.get(m[1], m[0]), value) if "${" in value else value
        if isinstance(value, list):
            return [self.resolved(one) for one in value]
        if isinstance(value, dict):
            return {key: self.resolved(one) for key, one in value.items()}
        return value


@dataclass(frozen=True, slots=True)
class Source:
    """Where a target is answered."""

    view: Json
    kind: str
    """``hub``, ``mixed``, ``expression``, or the kind of another data source."""
    bucket: str | None = None

    @property
    def is_hub(self) -> bool:
        """Whether this hub answers."""
        return self.kind == "hub"


def source_of(value: object, inputs: Inputs) -> Source:
    """Return what a ``datasource`` of any version means here."""
    if isinstance(value, dict):
        kind, uid = text(value.get("type")), text(value.get("uid"))
    else:
        kind, uid = "", text(value)
    name = uid[2:-1] if uid.startswith("${") and uid.endswith("}") else uid
    if uid.startswith("-- ") or kind in _NONE or uid == "grafana":
        return Source({"type": "datasource", "uid": uid or "-- Mixed --"}, "mixed")
    kind = inputs.plugins.get(name, kind)
    if EXPRESSION in (kind, uid):
        return Source({"type": EXPRESSION, "uid": EXPRESSION}, "expression")
    if kind.startswith("$") or kind in _OURS:
        bucket = inputs.buckets.get(name) or inputs.buckets.get("") or DEFAULT_BUCKET
        return Source(dict(HUB), "hub", bucket)
    return Source({"type": kind, "uid": uid}, kind)

"""What an import made of a dashboard: how many panels are shown as they were meant, and what is not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from heliograph.dashboards.shape import Json, objects, text


@dataclass(slots=True)
class Report:
    """Counts and sentences about one dashboard. Rows are no panels here."""

    panels: int = 0
    queries: int = 0
    degraded: list[Json] = field(default_factory=list)
    unsupported: list[Json] = field(default_factory=list)
    undefined: list[str] = field(default_factory=list)
    """Variables that queries mention and nothing defines."""
    elsewhere: list[str] = field(default_factory=list)
    """Sentences about what is in no panel."""
    sources: Counter[str] = field(default_factory=Counter)

    def add(self, panel: Json) -> None:
        """Count a panel of the view."""
        if panel.get("type") == "row":
            return
        self.panels += 1
        told = panel["x-helio"]
        about = {"panel": panel["id"], "title": text(panel.get("title")), "type": text(panel.get("type"))}
        if told["unsupported"] is not None:
            self.unsupported.append(about | {"what": told["unsupported"]})
        elif told["degraded"]:
            self.degraded.append(about | {"what": "; ".join(told["degraded"])})
        for target in objects(panel.get("targets")):
            if target["x-helio"]["language"] is not None:
                self.queries += 1

    def shown(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "panels": self.panels,
            "supported": self.panels - len(self.degraded) - len(self.unsupported),
            "degraded": self.degraded,
            "unsupported": self.unsupported,
            "queries": self.queries,
            "undefined": sorted(self.undefined),
            "elsewhere": self.elsewhere,
            "datasources": dict(self.sources),
        }

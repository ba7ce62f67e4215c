"""A dashboard to be edited in the browser, and the steps that several tests take with it."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.chromium import log_in
from tests.real.hub_process import HubProcess

PATIENCE_MS = 90_000
UID = "rooms"
MEAN = (
    'SELECT mean("temperature") FROM "room" WHERE "host" =~ /^$host$/ AND $timeFilter'
    ' GROUP BY time($__interval), "host" fill(none)'
)


def panel(number: int, kind: str, title: str, place: tuple[int, int, int, int], query: str) -> dict[str, Any]:
    """A panel with one query in InfluxQL, and a key that nobody knows."""
    x, y, w, h = place
    target = {"refId": "A", "query": query, "rawQuery": True, "resultFormat": "time_series", "somebodys": 1}
    return {
        "id": number,
        "type": kind,
        "title": title,
        "gridPos": {"x": x, "y": y, "w": w, "h": h},
        "targets": [target],
        "fieldConfig": {"defaults": {"unit": "celsius"}, "overrides": []},
        "options": {"somebodys": {"own": number}},
    }


BOARD: dict[str, Any] = {
    "title": "Rooms",
    "uid": UID,
    "schemaVersion": 39,
    "somebodys": {"own": [1]},
    "time": {"from": "now-1h", "to": "now"},
    "templating": {
        "list": [
            {
                "name": "host",
                "type": "query",
                "query": 'SHOW TAG VALUES FROM "room" WITH KEY = "host"',
                "multi": True,
                "includeAll": True,
                "refresh": 1,
                "sort": 1,
                "current": {"text": "All", "value": "$__all"},
            }
        ]
    },
    "panels": [
        panel(1, "timeseries", "Temperature", (0, 0, 12, 8), MEAN),
        panel(2, "stat", "Now", (12, 0, 12, 8), MEAN),
        {"id": 9, "type": "row", "title": "More", "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}},
        panel(3, "timeseries", "Below", (0, 9, 12, 8), MEAN),
    ],
}


def imported(hub: HubProcess) -> None:
    """Write points of two hosts, and import the dashboard."""
    now = int(time.time())
    lines = [
        f"room,host=pi{n} temperature={20 + n + i % 3},humidity={50 + i % 5} {now - 10 * i}"
        for n in (1, 2)
        for i in range(120)
    ]
    assert hub.write("\n".join(lines), precision="s") == 204
    hub.json("POST", "/api/dashboards/import", {"dashboard": BOARD, "overwrite": True})


def opened(page: Page, hub: HubProcess, query: str = "") -> None:
    """Import the dashboard and open it; with ``?edit=all`` in the editor."""
    imported(hub)
    log_in(page, hub, f"/d/{UID}{query}")
    expect(page.locator('[data-panel][data-loaded="true"]').first).to_be_visible(timeout=PATIENCE_MS)


def exported(hub: HubProcess, uid: str = UID) -> dict[str, Any]:
    """The dashboard as Grafana would get it."""
    found: dict[str, Any] = hub.json("GET", f"/api/dashboards/{uid}/export")
    return found


def panel_of(hub: HubProcess, title: str) -> dict[str, Any]:
    """A panel of the saved dashboard, by its title."""
    found: dict[str, Any] = next(one for one in exported(hub)["panels"] if one["title"] == title)
    return found


def save(page: Page, message: str = "") -> None:
    """Save what was edited, and wait until the editor is left."""
    page.get_by_test_id("edit-save").click()
    page.get_by_test_id("save-message").fill(message)
    page.get_by_test_id("save-apply").click()
    expect(page.get_by_test_id("dashboard")).to_be_visible(timeout=PATIENCE_MS)


def choose(page: Page, field: Locator, value: str) -> None:
    """Choose from a field with a list."""
    field.click()
    page.locator(f'[data-choice="{value}"]').click()


def handles(page: Page, number: int) -> Locator:
    """The handles over one panel of the grid."""
    return page.locator(f'[data-handles="{number}"]')


def middle(locator: Locator) -> tuple[float, float]:
    """The middle of an element on the screen."""
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

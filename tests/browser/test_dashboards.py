"""Dashboards of Grafana's on a real hub: import, variables, zoom, faults, a phone."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import CHROMIUM, COUNT_PIXELS, log_in, new_page
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")
PATIENCE_MS = 90_000


def target(query: str, ref: str = "A", alias: str = "") -> dict[str, Any]:
    """A query of a panel in InfluxQL as text."""
    return {"refId": ref, "query": query, "rawQuery": True, "resultFormat": "time_series", "alias": alias}


def panel(number: int, kind: str, title: str, query: str, **more: Any) -> dict[str, Any]:
    """A panel with one query, below the one before it."""
    place = {"x": 0, "y": 8 * number, "w": 12, "h": 8}
    return {"id": number, "type": kind, "title": title, "gridPos": place, "targets": [target(query)]} | more


LOADS = 'SELECT mean("load") FROM "room" WHERE "host" =~ /^$host$/ AND $timeFilter GROUP BY time($__interval)'
BOARD: dict[str, Any] = {
    "title": "Rooms",
    "schemaVersion": 39,
    "time": {"from": "now-15m", "to": "now"},
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
        panel(
            1,
            "timeseries",
            "Load of $host",
            LOADS + ', "host" fill(none)',
            targets=[target(LOADS + ', "host" fill(none)', alias="on $tag_host")],
        ),
        panel(
            2,
            "stat",
            "Highest",
            LOADS + " fill(none)",
            fieldConfig={"defaults": {"unit": "percent", "decimals": 1}, "overrides": []},
            options={"reduceOptions": {"calcs": ["max"]}},
        ),
        panel(3, "timeseries", "Wrong", "SELECT FROM nothing at all"),
        panel(4, "no-such-panel", "Unknown", LOADS),
    ],
}


def open_board(page: Page, hub: HubProcess, query: str = "") -> None:
    """Write points of two hosts, import the board, and open it."""
    now = int(time.time())
    lines = [f"room,host=pi{n} load={n * 10 + i % 3} {now - 5 * i}" for n in (1, 2) for i in range(120)]
    assert hub.write("\n".join(lines), precision="s") == 204
    uid = hub.json("POST", "/api/dashboards/import", {"dashboard": BOARD})["uid"]
    log_in(page, hub, f"/d/{uid}{query}")
    expect(page.locator('[data-panel="1"]')).to_have_attribute("data-loaded", "true", timeout=PATIENCE_MS)


def test_a_pasted_dashboard_is_imported_and_its_report_shown(hub: HubProcess) -> None:
    with new_page() as page:
        log_in(page, hub, "/dashboards")
        page.get_by_test_id("import-paste").click()
        page.get_by_test_id("import-text").fill("{not json")
        page.get_by_test_id("import-apply").click()
        expect(page.get_by_test_id("import-result")).to_contain_text("not JSON", timeout=PATIENCE_MS)
        page.get_by_test_id("import-text").fill(json.dumps(BOARD))
        page.get_by_test_id("import-apply").click()
        done = page.locator('[data-testid="import-result"][data-failed="false"]')
        expect(done).to_contain_text("3 of 4 panels", timeout=PATIENCE_MS)
        page.get_by_test_id("board-search").fill("rooms")
        page.locator("[data-board]").first.click()
        expect(page.get_by_test_id("board-title")).to_have_text("Rooms", timeout=PATIENCE_MS)


def test_variables_choose_what_is_drawn_and_stand_in_the_address(hub: HubProcess) -> None:
    with new_page() as page:
        open_board(page, hub)
        plot = page.locator('[data-panel="1"] [data-testid="board-plot"]')
        expect(plot).to_have_attribute("data-lines", "2", timeout=PATIENCE_MS)
        expect(page.locator('[data-panel="1"]')).to_contain_text("on pi1")
        assert plot.locator("canvas").first.evaluate(COUNT_PIXELS) > 0
        page.get_by_test_id("variable-host").click()
        page.locator('[data-option="pi2"]').click()
        expect(plot).to_have_attribute("data-lines", "1", timeout=PATIENCE_MS)
        expect(page.locator('[data-panel="1"] h3')).to_have_text("Load of pi2")
        assert "var-host=pi2" in page.url
        page.go_back()
        expect(plot).to_have_attribute("data-lines", "2", timeout=PATIENCE_MS)


def test_a_stat_is_reduced_and_has_its_unit(hub: HubProcess) -> None:
    with new_page() as page:
        open_board(page, hub, "?var-host=pi1")
        expect(page.locator('[data-panel="2"] [data-value]')).to_have_attribute(
            "data-value", "12.0%", timeout=PATIENCE_MS
        )


def test_dragging_zooms_the_whole_dashboard(hub: HubProcess) -> None:
    with new_page() as page:
        open_board(page, hub)
        over = page.locator('[data-panel="1"] .u-over')
        over.wait_for(timeout=PATIENCE_MS)
        box = over.bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.4, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=8)
        page.mouse.up()
        page.wait_for_url(lambda url: "from=1" in url and "to=1" in url, timeout=PATIENCE_MS)
        page.go_back()
        page.wait_for_url(lambda url: "from=" not in url, timeout=PATIENCE_MS)


def test_a_wrong_query_and_an_unknown_panel_say_so_in_place(hub: HubProcess) -> None:
    with new_page(height=1600) as page:
        open_board(page, hub)
        wrong = page.locator('[data-panel="3"]').get_by_test_id("panel-problem")
        expect(wrong).not_to_be_empty(timeout=PATIENCE_MS)
        expect(wrong.get_by_test_id("copy")).to_be_visible()
        expect(page.locator('[data-panel="4"]')).to_contain_text("no-such-panel")
        expect(page.locator('[data-panel="1"] canvas').first).to_be_visible()


def test_a_phone_shows_one_column_without_scrolling_sideways(hub: HubProcess) -> None:
    with new_page(width=390, height=844) as page:
        open_board(page, hub)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        box = page.locator('[data-panel="1"]').bounding_box()
        assert box is not None
        assert box["width"] > 340

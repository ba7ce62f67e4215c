"""The panels of dashboards besides the main ones, and hostile dashboards, in Debian's Chromium."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.chromium import CHROMIUM, faults_for_screen_readers, log_in, new_page
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")
PATIENCE_MS = 90_000
HOSTILE = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"
SAYS_HIT = "window.hit === undefined"
TEXT = """# Plain

<b id="page" style="position: fixed; top: 0; color: red">kept</b> <style>body{display:none}</style>
[bad](javascript:window.hit=1) [good](https://example.org/) <a href="data:text/html,x">data</a>
<form action="/api/logout"><button>press</button></form><iframe src="/"></iframe>
<svg onload="window.hit=1"></svg><math><mtext><img src=x onerror="window.hit=1"></mtext></math>
"""


def panel(place: int, kind: str, query: str, **more: Any) -> dict[str, Any]:
    """One panel of a grid of three columns, with one InfluxQL query."""
    targets = [{"refId": "A", "query": query, "rawQuery": True, "resultFormat": "time_series"}]
    return {
        "id": place + 1,
        "type": kind,
        "title": f"{kind} {place}",
        "gridPos": {"x": place % 3 * 8, "y": place // 3 * 8, "w": 8, "h": 8},
        "targets": targets if query else [],
        **more,
    }


def dashboard(*panels: dict[str, Any], title: str = "Others") -> dict[str, Any]:
    """A dashboard of the last 15 minutes."""
    return {
        "title": title,
        "uid": "others",
        "schemaVersion": 41,
        "time": {"from": "now-15m", "to": "now"},
        "panels": list(panels),
    }


MEAN = 'SELECT mean("v") FROM "wave" WHERE $timeFilter GROUP BY time(1m), "host" fill(none)'
LATEST = 'SELECT mean("v") AS "load" FROM "wave" WHERE $timeFilter GROUP BY time(1m) fill(none)'
ELEMENTS = [
    {
        "type": "rectangle",
        "name": "pump",
        "placement": {"left": 10, "top": 10, "width": 120, "height": 40},
        "background": {"color": {"fixed": "#1f60c4"}},
        "border": {"color": {"fixed": "#ffffff"}, "width": 2, "radius": 6},
        "config": {"text": {"fixed": "Pump", "mode": "fixed"}, "align": "left"},
        "connections": [{"source": {"x": 1, "y": 0}, "target": {"x": -1, "y": 0}, "targetName": "tank"}],
    },
    {
        "type": "ellipse",
        "name": "tank",
        "placement": {"left": 220, "top": 60, "width": 90, "height": 60},
        "background": {"color": {"field": "wave.load", "fixed": "#111111"}},
        "config": {"text": {"fixed": "Tank", "mode": "fixed"}},
    },
    {
        "type": "metric-value",
        "name": "value",
        "constraint": {"horizontal": "scale", "vertical": "bottom"},
        "placement": {"left": 5, "right": 50, "bottom": 10, "height": 30},
        "config": {"text": {"field": "wave.load", "mode": "field"}, "size": 24},
    },
    {"type": "icon", "name": "i", "placement": {"left": 150, "top": 100, "width": 40, "height": 40}},
    {"type": "server", "name": "rack", "placement": {"left": 330, "top": 10, "width": 60, "height": 60}},
]
KINDS = dashboard(
    panel(0, "barchart", MEAN),
    panel(1, "piechart", MEAN, options={"pieType": "donut", "legend": {"values": ["value", "percent"]}}),
    panel(2, "histogram", 'SELECT "v" FROM "wave" WHERE $timeFilter'),
    panel(3, "state-timeline", MEAN),
    panel(4, "status-history", MEAN),
    panel(5, "heatmap", 'SELECT "v" FROM "wave" WHERE $timeFilter', options={"calculate": True}),
    panel(6, "text", "", options={"mode": "markdown", "content": "## Words\n\n* one\n* two"}),
    panel(7, "geomap", 'SELECT "lat", "lon" FROM "place" WHERE $timeFilter'),
    panel(
        8,
        "canvas",
        LATEST,
        fieldConfig={"defaults": {"unit": "percent"}, "overrides": []},
        options={"root": {"elements": ELEMENTS}},
    ),
    panel(9, "logs", 'SELECT "line" FROM "log" WHERE $timeFilter'),
    panel(10, "grafana-clock-panel", ""),
    panel(11, "alertlist", ""),
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with waves of two hosts, places and lines of a log, some of them hostile."""
    with HubProcess(tmp_path_factory.mktemp("panels") / "hub") as hub:
        now = int(time.time())
        lines = [f"wave,host={host} v={i % 9 + 1} {now - 600 + 10 * i}" for host in "ab" for i in range(59)]
        lines += [f"place lat={50 + i / 100},lon={8 + i / 50} {now - 600 + 60 * i}" for i in range(9)]
        lines += [f'log line="error: {HOSTILE}" {now - 30}', f'log line="all is well" {now - 20}']
        hostile = HOSTILE.replace(" ", "\\ ").replace("=", "\\=")
        lines += [f"wave,host={hostile} v=3 {now - 60 + i}" for i in range(3)]
        assert hub.write("\n".join(lines), precision="s") == 204
        yield hub


def show(page: Page, hub: HubProcess, board: dict[str, Any]) -> None:
    """Import a dashboard and open it."""
    made = hub.json("POST", "/api/dashboards/import", {"dashboard": board, "overwrite": True})
    log_in(page, hub, f"/d/{made['uid']}")
    page.get_by_test_id("dashboard").wait_for(timeout=PATIENCE_MS)


def shown(page: Page, kind: str) -> Locator:
    """Return the picture of the panel of a kind."""
    found = page.locator(f'[data-type="{kind}"]')
    found.scroll_into_view_if_needed(timeout=PATIENCE_MS)
    return found


def test_every_kind_draws(filled: HubProcess) -> None:
    with new_page(height=1600) as page:
        show(page, filled, KINDS)
        for kind, drawn in [
            ("barchart", "rect"),
            ("piechart", "path"),
            ("histogram", "rect"),
            ("state-timeline", "rect"),
            ("status-history", "rect"),
            ("heatmap", "rect"),
            ("geomap", "circle"),
        ]:
            picture = shown(page, kind).locator(f'svg[role="img"] {drawn}').first
            expect(picture, kind).to_be_attached(timeout=PATIENCE_MS)
        expect(shown(page, "text").get_by_role("listitem")).to_have_count(2)
        expect(shown(page, "logs").get_by_text("all is well")).to_be_visible()
        expect(shown(page, "grafana-clock-panel").get_by_role("timer")).to_contain_text(":")
        expect(shown(page, "alertlist")).to_contain_text("Nothing fires")
        drawing = shown(page, "canvas")
        expect(drawing.locator('[data-element="metric-value"]')).to_have_text(re.compile(r"^[\d.]+%$"))
        expect(drawing.locator('[data-element="rectangle"]')).to_have_css(
            "background-color", "rgb(31, 96, 196)"
        )
        expect(drawing.locator("ellipse")).not_to_have_attribute("fill", "#111111")
        expect(drawing.locator(".canvas-wires polyline")).to_have_attribute("points", "130,30 220,90")
        expect(drawing.locator('[data-element="server"]')).to_have_text("rack")
        expect(drawing.get_by_test_id("degraded")).to_have_attribute("title", re.compile("server.* box"))


def test_hostile_dashboards_do_nothing(filled: HubProcess) -> None:
    board = dashboard(
        panel(0, "text", "", options={"mode": "html", "content": TEXT}, description=HOSTILE),
        panel(1, "text", "", options={"mode": "markdown", "content": TEXT + HOSTILE}),
        panel(2, "barchart", MEAN, links=[{"title": HOSTILE, "url": "javascript:window.hit=1"}]),
        panel(3, "logs", 'SELECT "line" FROM "log" WHERE $timeFilter'),
        panel(4, "piechart", MEAN, fieldConfig={"defaults": {"displayName": HOSTILE}}),
        panel(5, "state-timeline", MEAN),
        panel(6, f"kind{HOSTILE}", MEAN),
        title=HOSTILE,
    )
    with new_page(height=1600) as page:
        show(page, filled, board)
        expect(shown(page, "logs").get_by_text("all is well")).to_be_visible(timeout=PATIENCE_MS)
        expect(shown(page, "state-timeline").locator("svg").first).to_be_attached(timeout=PATIENCE_MS)
        for text in page.locator('[data-type="text"] .prose').all():
            expect(text).to_contain_text("kept")
            assert text.locator("script, style, iframe, form, button, svg, [id], [onerror]").count() == 0
            links = [link.get_attribute("href") for link in text.locator("a").all()]
            assert not any((href or "").startswith(("javascript", "data")) for href in links)
            assert "fixed" not in text.inner_html()
        assert page.locator('a[href^="javascript"]').count() == 0
        assert page.evaluate(SAYS_HIT)


def test_panels_have_no_serious_faults_for_screen_readers(filled: HubProcess) -> None:
    with new_page(height=1600) as page:
        show(page, filled, KINDS)
        expect(shown(page, "logs").get_by_text("all is well")).to_be_visible(timeout=PATIENCE_MS)
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert faults_for_screen_readers(page) == [], theme


def test_a_panel_is_saved_as_csv_and_png(filled: HubProcess) -> None:
    with new_page() as page:
        show(page, filled, KINDS)
        chosen = shown(page, "barchart")
        chosen.locator("rect").first.wait_for(timeout=PATIENCE_MS)
        chosen.get_by_label("Queries of").click()
        with page.expect_download() as table:
            page.get_by_test_id("save-csv").click()
        text = table.value.path().read_text("utf-8-sig")
        assert text.splitlines()[0].startswith("Time,")
        with page.expect_download() as picture:
            page.get_by_test_id("save-png").click()
        assert picture.value.suggested_filename == "barchart-0.png"
        assert picture.value.path().read_bytes().startswith(b"\x89PNG")

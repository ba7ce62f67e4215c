"""Settings of a dashboard that is edited, adding to it from elsewhere, and editing on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.editing_board import (
    PATIENCE_MS,
    UID,
    choose,
    exported,
    handles,
    imported,
    opened,
    panel_of,
    save,
)
from tests.chromium import CHROMIUM, log_in, new_page
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")


def test_variables_are_added_changed_and_used_at_once(hub: HubProcess) -> None:
    with new_page() as page:
        opened(page, hub, "?edit=all")
        page.get_by_test_id("edit-settings").click()
        page.get_by_test_id("settings-variables").click()
        page.get_by_test_id("variable-add").click()
        name = page.get_by_test_id("variable-name")
        name.fill("host")
        name.press("Tab")
        expect(page.get_by_test_id("settings-dialog").get_by_role("alert")).to_contain_text("already")
        name.fill("part")
        name.press("Tab")
        page.get_by_test_id("raw-text").fill("SHOW FIELD KEYS FROM room")
        expect(page.get_by_test_id("variable-preview")).to_have_text(
            "humidity · temperature", timeout=PATIENCE_MS
        )
        page.get_by_test_id("variable-regex").fill("/temp.*/")
        expect(page.get_by_test_id("variable-preview")).to_have_text("temperature", timeout=PATIENCE_MS)
        page.get_by_test_id("variable-add").click()
        page.get_by_test_id("variable-type").select_option("custom")
        page.get_by_test_id("variable-values").fill("One : 1, Two : 2")
        expect(page.get_by_test_id("variable-preview")).to_have_text("One · Two", timeout=PATIENCE_MS)
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("variable-part")).to_have_text("temperature", timeout=PATIENCE_MS)
        save(page)
        expect(page.get_by_test_id("variable-variable")).to_have_text("One", timeout=PATIENCE_MS)
    listed = exported(hub)["templating"]["list"]
    assert [(one["name"], one["type"]) for one in listed] == [
        ("host", "query"),
        ("part", "query"),
        ("variable", "custom"),
    ]
    assert listed[1]["datasource"] == {"type": "influxdb", "uid": "heliograph-influxql"}
    assert (listed[1]["query"], listed[1]["regex"]) == ("SHOW FIELD KEYS FROM room", "/temp.*/")
    assert "x-helio" not in listed[1]


def test_title_tags_and_times_belong_to_the_dashboard(hub: HubProcess) -> None:
    with new_page() as page:
        opened(page, hub, "?edit=all")
        page.get_by_test_id("edit-settings").click()
        page.get_by_test_id("settings-title").fill("Rooms above")
        page.get_by_test_id("settings-tags").fill("home, attic")
        page.get_by_test_id("settings-from").fill("now-15m")
        page.get_by_test_id("settings-refresh").fill("10s")
        page.get_by_test_id("settings-refresh").press("Tab")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("board-title")).to_have_text("Rooms above")
        expect(page.get_by_test_id("board-range")).to_contain_text("Last 15 minutes", timeout=PATIENCE_MS)
        save(page)
    document = exported(hub)
    assert (document["title"], document["tags"], document["refresh"]) == (
        "Rooms above",
        ["home", "attic"],
        "10s",
    )
    assert document["time"] == {"from": "now-15m", "to": "now"}


def test_thresholds_legend_and_kind_are_chosen(hub: HubProcess) -> None:
    with new_page(height=1400) as page:
        opened(page, hub, "?edit=2")
        page.get_by_test_id("thresholds").locator("summary").click()
        page.get_by_test_id("threshold-add").click()
        page.get_by_test_id("threshold-1").fill("21")
        page.get_by_test_id("look-type").select_option("timeseries")
        page.locator("summary", has_text="Legend").click()
        page.get_by_test_id("look-legend-displayMode").select_option(label="table")
        page.get_by_test_id("look-calc-max").check()
        page.get_by_test_id("look-calc-mean").check()
        page.get_by_test_id("look-fillOpacity").fill("30")
        page.get_by_test_id("look-spanNulls").select_option(label="connected")
        legend = page.locator('[data-panel="2"] [data-testid="board-legend"]')
        expect(legend).to_contain_text("Mean", timeout=PATIENCE_MS)
        save(page)
    saved = panel_of(hub, "Now")
    assert saved["type"] == "timeseries"
    assert saved["options"]["legend"] == {"displayMode": "table", "calcs": ["max", "mean"]}
    assert saved["fieldConfig"]["defaults"]["custom"] == {"fillOpacity": 30, "spanNulls": True}
    assert saved["fieldConfig"]["defaults"]["thresholds"] == {
        "mode": "absolute",
        "steps": [{"value": None, "color": "green"}, {"value": 21, "color": "red"}],
    }


def test_a_chart_is_on_a_dashboard_after_three_presses(hub: HubProcess) -> None:
    with new_page() as page:
        imported(hub)
        log_in(page, hub, "/device/pi1")
        chart = page.locator("[data-chart]", has_text="Temperature").first
        chart.get_by_test_id("add-to-dashboard").click(timeout=PATIENCE_MS)
        expect(page.get_by_test_id("add-board")).to_have_value(UID, timeout=PATIENCE_MS)
        page.get_by_test_id("add-save").click()
        page.get_by_test_id("add-done").get_by_role("link").click(timeout=PATIENCE_MS)
        expect(page.get_by_test_id("board-title")).to_have_text("Rooms", timeout=PATIENCE_MS)
        plot = page.locator('[data-panel="10"] [data-testid="board-plot"]')
        plot.scroll_into_view_if_needed(timeout=PATIENCE_MS)
        expect(plot).to_have_attribute("data-lines", "1", timeout=PATIENCE_MS)
    added = exported(hub)["panels"][-1]
    assert (added["title"], added["fieldConfig"]["defaults"]["unit"]) == ("Temperature", "celsius")
    assert added["targets"][0]["tags"] == [{"key": "host", "operator": "=", "value": "pi1"}]
    versions = hub.json("GET", f"/api/dashboards/{UID}/versions")["versions"]
    assert versions[0]["message"] == "added the panel Temperature"


def test_a_chart_begins_a_new_dashboard(hub: HubProcess) -> None:
    with new_page() as page:
        imported(hub)
        log_in(page, hub, "/device/pi1")
        page.get_by_test_id("add-to-dashboard").first.click(timeout=PATIENCE_MS)
        page.get_by_test_id("add-board").select_option(label="A new dashboard", timeout=PATIENCE_MS)
        page.get_by_test_id("add-name").fill("Mine")
        page.get_by_test_id("add-title").fill("First")
        page.get_by_test_id("add-save").click()
        expect(page.get_by_test_id("add-done")).to_contain_text("Mine", timeout=PATIENCE_MS)
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("add-dialog")).to_have_count(0)
    lines = hub.json("GET", "/api/dashboards")["dashboards"]
    uid = next(one["uid"] for one in lines if one["title"] == "Mine")
    assert [one["title"] for one in exported(hub, uid)["panels"]] == ["First"]


def test_a_phone_can_edit_too(hub: HubProcess) -> None:
    with new_page(width=390, height=844) as page:
        opened(page, hub, "?edit=all")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        handles(page, 1).get_by_role("button", name="Temperature behind the one below").click()
        handles(page, 2).get_by_test_id("tile-edit").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        choose(page, page.get_by_test_id("look-unit"), "kelvin")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        save(page)
    panels = exported(hub)["panels"]
    assert [one["title"] for one in panels] == ["Now", "Temperature", "More", "Below"]
    assert panels[0]["fieldConfig"]["defaults"]["unit"] == "kelvin"

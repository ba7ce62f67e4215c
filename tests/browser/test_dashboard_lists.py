"""Lists in the editor of a panel: single series, mappings, links, axes, transformations, own filters."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.editing_board import PATIENCE_MS, UID, choose, exported, opened, panel_of, save
from tests.chromium import CHROMIUM, faults_for_screen_readers, new_page
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")
SERIES = "room.mean {host: pi2}"


def section(page: Page, name: str) -> Locator:
    """A part of the panel's look, unfolded."""
    found = page.get_by_test_id(name)
    if found.get_attribute("open") is None:
        found.locator("summary").first.click()
    return found


def plot(page: Page) -> Locator:
    """The chart of the panel that is edited, with its two lines."""
    found = page.locator('[data-testid="editor"] [data-testid="board-plot"]')
    expect(found).to_have_attribute("data-lines", "2", timeout=PATIENCE_MS)
    return found


def test_a_single_series_has_settings_of_its_own(hub: HubProcess) -> None:
    with new_page(height=1600) as page:
        opened(page, hub, "?edit=1")
        plot(page)
        list_ = section(page, "overrides")
        list_.get_by_test_id("override-add").click()
        choose(page, page.get_by_test_id("override-1-series"), SERIES)
        add = page.get_by_test_id("override-1-add")
        add.select_option("displayName")
        page.get_by_test_id("override-1-displayName").fill("attic")
        expect(page.get_by_test_id("panel-editor")).to_contain_text("attic", timeout=PATIENCE_MS)
        for kind in ("unit", "custom.fillOpacity", "color", "custom.stacking", "custom.hideFrom"):
            add.select_option(kind)
        choose(page, page.get_by_test_id("override-1-unit"), "kelvin")
        page.get_by_test_id("override-1-fillOpacity").fill("35")
        page.get_by_test_id("override-1-color-fixed").select_option("dark-blue")
        page.get_by_test_id("override-1-hideFrom-viz").uncheck()
        page.get_by_test_id("override-1-hideFrom-legend").check()
        list_.get_by_test_id("override-add").click()
        page.get_by_test_id("override-2-matcher").select_option("byRegexp")
        page.get_by_test_id("override-2-series").fill("/pi1/")
        page.get_by_test_id("override-2-add").select_option("decimals")
        save(page)
    assert panel_of(hub, "Temperature")["fieldConfig"]["overrides"] == [
        {
            "matcher": {"id": "byName", "options": SERIES},
            "properties": [
                {"id": "displayName", "value": "attic"},
                {"id": "unit", "value": "kelvin"},
                {"id": "custom.fillOpacity", "value": 35},
                {"id": "color", "value": {"mode": "fixed", "fixedColor": "dark-blue"}},
                {"id": "custom.stacking", "value": {"mode": "normal", "group": "A"}},
                {"id": "custom.hideFrom", "value": {"legend": True, "tooltip": False, "viz": False}},
            ],
        },
        {
            "matcher": {"id": "byRegexp", "options": "/pi1/"},
            "properties": [{"id": "decimals", "value": 1}],
        },
    ]


def test_a_series_is_put_on_the_right_axis_and_the_step_is_taken_back(hub: HubProcess) -> None:
    with new_page(height=1600) as page:
        opened(page, hub, "?edit=1")
        plot(page)
        axis = page.locator(f'[data-axis="{SERIES}"]')
        axis.select_option("right")
        expect(page.locator('[data-override="1"]')).to_have_count(1)
        page.get_by_test_id("edit-undo").click()
        expect(axis).to_have_value("auto")
        expect(page.locator('[data-override="1"]')).to_have_count(0)
        page.get_by_test_id("edit-redo").click()
        expect(axis).to_have_value("right")
        save(page)
    assert panel_of(hub, "Temperature")["fieldConfig"]["overrides"] == [
        {
            "matcher": {"id": "byName", "options": SERIES},
            "properties": [{"id": "custom.axisPlacement", "value": "right"}],
        }
    ]


def test_values_get_texts_links_and_thresholds_in_percent(hub: HubProcess) -> None:
    with new_page(height=1800) as page:
        opened(page, hub, "?edit=2")
        mappings = section(page, "mappings")
        add = mappings.get_by_test_id("mapping-add")
        add.select_option("range")
        page.get_by_label("What mapping 1 is for, to").fill("25")
        page.get_by_label("What mapping 1 is for, to").press("Tab")
        page.get_by_test_id("mapping-text-1").fill("mild")
        page.get_by_test_id("mapping-colour-1").click()
        page.get_by_test_id("mapping-colour-1").select_option("purple")
        expect(page.get_by_test_id("panel-editor").locator("[data-panel]")).to_contain_text(
            "mild", timeout=PATIENCE_MS
        )
        add.select_option("special")
        page.get_by_test_id("mapping-text-2").fill("away")
        add.select_option("value")
        section(page, "thresholds").get_by_test_id("threshold-add").click()
        page.get_by_test_id("threshold-percent").check()
        section(page, "data-links").get_by_test_id("data-link-add").click()
        page.get_by_test_id("data-link-1-title").fill("More")
        page.get_by_test_id("data-link-1-url").fill("/d/board?var-host=${__field.labels.host}")
        links = section(page, "panel-links")
        links.get_by_test_id("panel-link-add").click()
        page.get_by_test_id("panel-link-1-title").fill("Own page")
        page.get_by_test_id("panel-link-1-url").fill("javascript:1")
        expect(links.get_by_role("alert")).to_contain_text("https://")
        page.get_by_test_id("panel-link-1-url").fill("https://example.org/$host")
        expect(links.get_by_role("alert")).to_have_count(0)
        save(page)
        expect(page.locator('[data-panel="2"] .panel-link')).to_have_text("Own page")
    saved = panel_of(hub, "Now")
    defaults = saved["fieldConfig"]["defaults"]
    assert defaults["mappings"] == [
        {"type": "value", "options": {"0": {"index": 2}}},
        {
            "type": "range",
            "options": {"from": 0, "to": 25, "result": {"text": "mild", "color": "purple", "index": 0}},
        },
        {"type": "special", "options": {"match": "null", "result": {"text": "away", "index": 1}}},
    ]
    assert defaults["thresholds"]["mode"] == "percentage"
    assert defaults["links"] == [
        {"title": "More", "url": "/d/board?var-host=${__field.labels.host}", "targetBlank": False}
    ]
    assert saved["links"] == [{"title": "Own page", "url": "https://example.org/$host", "targetBlank": False}]


def add_step(page: Page, kind: str) -> Locator:
    """Add a transformation, and return its card."""
    page.get_by_test_id("step-add").select_option(kind)
    return page.locator(f'[data-step="{kind}"]').last


def test_transformations_are_added_tried_ordered_and_kept(hub: HubProcess) -> None:
    with new_page(height=1800) as page:
        opened(page, hub, "?edit=1")
        plot(page)
        page.get_by_test_id("look-type").select_option("table")
        page.get_by_test_id("tab-steps").click()
        reduced = add_step(page, "reduce")
        reduced.get_by_test_id("step-reducers-max").check()
        expect(reduced.get_by_test_id("step-result")).to_have_text("gives 1 table, 3 columns, 2 rows")
        reduced.get_by_test_id("step-look").click()
        expect(reduced.get_by_role("table")).to_contain_text(SERIES)
        organized = add_step(page, "organize")
        host = organized.locator('[data-organized="Field"]')
        host.get_by_test_id("organize-name").fill("Where")
        organized.locator('[data-organized="Last *"]').get_by_test_id("organize-shown").uncheck()
        organized.locator('[data-organized="Max"]').get_by_test_id("organize-up").click()
        table = page.get_by_test_id("panel-editor").locator("[data-panel] table")
        expect(table.locator("th").first).to_contain_text("Where", timeout=PATIENCE_MS)
        limited = add_step(page, "limit")
        limited.get_by_test_id("step-limitField").fill("1")
        expect(table.locator("tbody tr")).to_have_count(1)
        limited.get_by_test_id("step-off").click()
        expect(table.locator("tbody tr")).to_have_count(2)
        sorted_ = add_step(page, "sortBy")
        choose(page, sorted_.get_by_test_id("step-sort-0-field"), "Max")
        gone = add_step(page, "merge")
        gone.get_by_test_id("step-remove").click()
        expect(page.locator('[data-step="merge"]')).to_have_count(0)
        limited.get_by_test_id("step-down").click()
        save(page)
    assert panel_of(hub, "Temperature")["transformations"] == [
        {"id": "reduce", "options": {"reducers": ["lastNotNull", "max"]}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {"Last *": True},
                "indexByName": {"Field": 0, "Max": 1, "Last *": 2},
                "renameByName": {"Field": "Where"},
            },
        },
        {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": "Max", "desc": False}]}},
        {"id": "limit", "options": {"limitField": 1}, "disabled": True},
    ]


def test_what_is_not_understood_is_kept(hub: HubProcess) -> None:
    with new_page(height=1600) as page:
        opened(page, hub, "?edit=1")
        document = exported(hub)
        own: dict[str, Any] = {"id": "somebodys", "options": {"a": [1]}, "filter": {"id": "byRefId"}}
        override = {
            "__systemRef": "hideSeriesFrom",
            "matcher": {"id": "byNames", "options": {"mode": "exclude", "names": ["x"]}},
            "properties": [{"id": "custom.somebodys", "value": {"b": 1}}],
        }
        document["panels"][0]["transformations"] = [own]
        document["panels"][0]["fieldConfig"]["overrides"] = [override]
        hub.json("POST", "/api/dashboards/import", {"dashboard": document, "overwrite": True})
        page.reload()
        expect(page.locator('[data-override="1"]')).to_contain_text("custom.somebodys", timeout=PATIENCE_MS)
        page.get_by_test_id("tab-steps").click()
        expect(page.locator('[data-step="somebodys"]')).to_contain_text("kept")
        add_step(page, "merge")
        section(page, "overrides").get_by_test_id("override-add").click()
        page.get_by_test_id("look-title").fill("Kept")
        save(page)
    saved = panel_of(hub, "Kept")
    assert saved["transformations"] == [own, {"id": "merge", "options": {}}]
    assert saved["fieldConfig"]["overrides"][0] == override


def test_repeats_own_times_and_own_filters(hub: HubProcess) -> None:
    with new_page(height=1600) as page:
        opened(page, hub, "?edit=2")
        page.locator("summary", has_text="Time and asking").click()
        page.get_by_test_id("look-timeFrom").fill("30m")
        page.get_by_test_id("look-hideTimeOverride").check()
        page.get_by_test_id("look-repeat").select_option("host")
        page.get_by_test_id("look-maxPerRow").select_option("2")
        page.get_by_test_id("edit-settings").click()
        page.get_by_test_id("settings-variables").click()
        page.get_by_test_id("variable-add").click()
        page.get_by_test_id("variable-type").select_option("adhoc")
        page.get_by_test_id("filter-add").click()
        choose(page, page.get_by_test_id("filter-1-key"), "host")
        choose(page, page.get_by_test_id("filter-1-value"), "pi2")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("adhoc")).to_contain_text("host = pi2", timeout=PATIENCE_MS)
        save(page)
        expect(page.locator('[data-type="stat"]')).to_have_count(2, timeout=PATIENCE_MS)
    saved = panel_of(hub, "Now")
    assert (saved["timeFrom"], saved["hideTimeOverride"]) == ("30m", True)
    assert (saved["repeat"], saved["maxPerRow"]) == ("host", 2)
    variable = exported(hub)["templating"]["list"][1]
    assert (variable["type"], variable["filters"]) == (
        "adhoc",
        [{"key": "host", "operator": "=", "value": "pi2"}],
    )
    assert variable["datasource"] == {"type": "influxdb", "uid": "heliograph-influxql"}


@pytest.mark.parametrize("width", [1280, 390])
def test_the_editor_has_no_faults_for_screen_readers_and_fits(hub: HubProcess, width: int) -> None:
    with new_page(width=width, height=1200) as page:
        opened(page, hub, "?edit=1")
        for name in ("mappings", "overrides", "data-links", "panel-links", "thresholds"):
            section(page, name)
        page.get_by_test_id("mappings").get_by_test_id("mapping-add").select_option("range")
        page.get_by_test_id("override-add").click()
        for kind in ("color", "mappings", "thresholds", "links", "custom.hideFrom"):
            page.get_by_test_id("override-1-add").select_option(kind)
        page.get_by_test_id("panel-link-add").click()
        page.get_by_test_id("data-links").get_by_test_id("data-link-add").click()
        page.get_by_test_id("tab-steps").click()
        for kind in (
            "organize",
            "filterByValue",
            "calculateField",
            "groupBy",
            "reduce",
            "filterFieldsByName",
        ):
            add_step(page, kind).get_by_test_id("step-look").click()
        assert faults_for_screen_readers(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.url.endswith(f"/#/d/{UID}?edit=1")

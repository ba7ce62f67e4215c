"""Editing a dashboard in a real browser: the grid, the queries, saving, and who else saved."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.editing_board import (
    BOARD,
    MEAN,
    PATIENCE_MS,
    UID,
    choose,
    exported,
    handles,
    imported,
    middle,
    opened,
    panel_of,
    save,
)
from tests.chromium import CHROMIUM, log_in, new_page
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")


def test_a_panel_is_changed_saved_and_there_after_a_reload(hub: HubProcess) -> None:
    with new_page() as page:
        opened(page, hub)
        page.get_by_test_id("board-edit").click()
        handles(page, 1).get_by_test_id("tile-edit").click()
        page.get_by_test_id("look-title").fill("Warmth of $host")
        choose(page, page.get_by_test_id("look-unit"), "kelvin")
        page.get_by_test_id("look-decimals").fill("3")
        page.get_by_test_id("look-stacking-mode").select_option(label="on top of each other")
        expect(page.locator('[data-panel="1"] h3')).to_have_text("Warmth of pi1 + pi2", timeout=PATIENCE_MS)
        save(page, "warmer")
        page.reload()
        expect(page.locator('[data-panel="1"] h3')).to_have_text("Warmth of pi1 + pi2", timeout=PATIENCE_MS)
    saved = panel_of(hub, "Warmth of $host")
    assert saved["fieldConfig"]["defaults"] == {
        "unit": "kelvin",
        "decimals": 3,
        "custom": {"stacking": {"mode": "normal"}},
    }
    assert (saved["options"], saved["targets"][0]["somebodys"]) == ({"somebodys": {"own": 1}}, 1)
    document = exported(hub)
    untouched = {"somebodys", "templating", "time", "schemaVersion", "uid"}
    assert {key: document[key] for key in untouched} == {key: BOARD[key] for key in untouched}
    assert document["panels"][1:] == BOARD["panels"][1:]
    versions = hub.json("GET", f"/api/dashboards/{UID}/versions")["versions"]
    assert versions[0]["message"] == "warmer"


def test_panels_are_moved_sized_copied_and_removed_and_each_step_taken_back(hub: HubProcess) -> None:
    with new_page() as page:
        opened(page, hub, "?edit=all")
        grip = handles(page, 2).get_by_test_id("grip")
        x, y = middle(grip)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 545, y + 40, steps=6)
        page.mouse.up()
        corner = handles(page, 2).get_by_test_id("corner")
        x, y = middle(corner)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 260, y + 78, steps=6)
        page.mouse.up()
        handles(page, 3).get_by_test_id("tile-copy").click()
        handles(page, 3).get_by_test_id("tile-delete").click()
        expect(page.locator("[data-handles]")).to_have_count(3)
        page.keyboard.press("Control+z")
        expect(page.locator("[data-handles]")).to_have_count(4)
        page.get_by_test_id("edit-redo").click()
        expect(page.locator("[data-handles]")).to_have_count(3)
        save(page)
    panels = {one["title"]: one for one in exported(hub)["panels"]}
    assert panels["Now"]["gridPos"]["x"] == 0
    assert panels["Now"]["gridPos"]["w"] < 12
    assert panels["Now"]["gridPos"]["h"] == 10
    assert panels["Below"]["id"] not in (1, 2, 3, 9)
    assert panels["Below"]["gridPos"]["y"] > panels["More"]["gridPos"]["y"]


def test_the_grid_obeys_the_keyboard(hub: HubProcess) -> None:
    with new_page() as page:
        opened(page, hub, "?edit=all")
        grip = handles(page, 2).get_by_test_id("grip")
        grip.focus()
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("ArrowDown")
        expect(grip).to_be_focused()
        save(page)
    panels = {one["title"]: one["gridPos"] for one in exported(hub)["panels"]}
    assert panels["Now"] == {"x": 12, "y": 9, "w": 11, "h": 8}
    assert panels["More"]["y"] == 8


def test_a_panel_is_made_with_the_query_builder(hub: HubProcess) -> None:
    with new_page(height=1400) as page:
        opened(page, hub, "?edit=all")
        page.get_by_test_id("edit-add-panel").click()
        page.get_by_test_id("look-title").fill("Damp")
        choose(page, page.get_by_test_id("builder-measurement"), "room")
        choose(page, page.get_by_test_id("builder-field"), "humidity")
        page.get_by_test_id("builder-function").select_option("max")
        choose(page, page.get_by_test_id("builder-where"), "host")
        choose(page, page.get_by_test_id("builder-value"), "pi2")
        choose(page, page.get_by_test_id("builder-group"), "host")
        page.get_by_test_id("builder-fill").select_option("0")
        page.get_by_test_id("builder-limit").fill("500")
        page.get_by_test_id("query-alias").fill("damp of $tag_host")
        plot = page.locator('[data-testid="editor"] [data-testid="board-plot"]')
        expect(plot).to_have_attribute("data-lines", "1", timeout=PATIENCE_MS)
        expect(page.get_by_test_id("panel-editor")).to_contain_text("damp of pi2", timeout=PATIENCE_MS)
        save(page)
    target = panel_of(hub, "Damp")["targets"][0]
    assert target["query"] == (
        'SELECT max("humidity") FROM "room" WHERE ("host" = \'pi2\') AND $timeFilter'
        ' GROUP BY time($__interval), "host" fill(0) ORDER BY time ASC limit 500'
    )
    assert target["datasource"] == {"type": "influxdb", "uid": "heliograph-influxql"}
    assert (target["measurement"], target["rawQuery"]) == ("room", False)
    assert "x-helio" not in target


def test_a_fault_is_marked_at_its_place_and_words_are_completed(hub: HubProcess) -> None:
    with new_page() as page:
        opened(page, hub, "?edit=1")
        text = page.get_by_test_id("raw-text")
        text.fill('SELECT mean("temperature")\nFRM "room" WHERE $timeFilter')
        expect(page.get_by_test_id("query-problem")).to_contain_text("Line 2, column 1", timeout=PATIENCE_MS)
        expect(page.get_by_test_id("fault-mark")).to_have_text("FRM")
        text.fill("SELECT mean(temperature) FROM ")
        text.press("End")
        text.press("r")
        offer = page.locator('[data-offer="room"]')
        expect(offer).to_be_visible(timeout=PATIENCE_MS)
        text.press("Enter")
        expect(text).to_have_value('SELECT mean(temperature) FROM "room"')
        text.press_sequentially(" WHERE host = ")
        page.locator('[data-offer="pi2"]').click(timeout=PATIENCE_MS)
        expect(text).to_have_value("SELECT mean(temperature) FROM \"room\" WHERE host = 'pi2'")
        expect(page.get_by_test_id("query-problem")).to_have_count(0, timeout=PATIENCE_MS)


def test_flux_and_sql_are_written_drawn_and_kept_as_grafana_keeps_them(hub: HubProcess) -> None:
    with new_page(height=1400) as page:
        opened(page, hub, "?edit=1")
        page.get_by_test_id("query-language").select_option("sql")
        text = page.get_by_test_id("raw-text")
        text.fill("SELECT time, temperature FROM room WHERE $__timeFilter(tme) ORDER BY 1")
        expect(page.get_by_test_id("fault-mark")).to_have_text("$__timeFilter(tme)", timeout=PATIENCE_MS)
        text.fill("SELECT time, temperature FROM room WHERE $__timeFilter(time) AND host = 'pi1' ORDER BY 1")
        plot = page.locator('[data-testid="editor"] [data-testid="board-plot"]')
        expect(plot).to_have_attribute("data-lines", "1", timeout=PATIENCE_MS)
        save(page)
        saved = panel_of(hub, "Temperature")["targets"][0]
        assert saved["rawSql"].startswith("SELECT time, temperature")
        assert "query" not in saved
        page.goto(f"{hub.http_url}/#/d/{UID}?edit=1")
        expect(page.get_by_test_id("query-language")).to_have_value("sql", timeout=PATIENCE_MS)
        page.get_by_test_id("query-language").select_option("flux")
        text.fill('from(bucket: "telegraf")\n  |> rnge(start: -1h)')
        expect(page.get_by_test_id("query-problem")).to_contain_text("Line 2, column 6", timeout=PATIENCE_MS)
        text.fill(
            'from(bucket: "telegraf")\n  |> range(start: v.timeRangeStart)\n'
            '  |> filter(fn: (r) => r._measurement == "room" and r._field == "temperature")'
        )
        expect(plot).to_have_attribute("data-lines", "2", timeout=PATIENCE_MS)
        save(page)
    saved = panel_of(hub, "Temperature")["targets"][0]
    assert saved["datasource"] == {"type": "influxdb", "uid": "heliograph-flux"}
    assert "|> range" in saved["query"]


def test_who_saves_after_somebody_else_is_told_what_to_do(hub: HubProcess) -> None:
    with new_page() as page:
        opened(page, hub, "?edit=2")
        page.get_by_test_id("look-title").fill("Mine")
        other = hub.json("GET", f"/api/dashboards/{UID}")
        view = other["view"] | {"title": "Theirs"}
        hub.json(
            "PUT",
            f"/api/dashboards/{UID}",
            {"view": view, "version": other["version"], "message": "by another"},
        )
        page.get_by_test_id("edit-save").click()
        page.get_by_test_id("save-apply").click()
        conflict = page.get_by_test_id("conflict")
        expect(conflict).to_contain_text("by another", timeout=PATIENCE_MS)
        page.get_by_test_id("conflict-copy").click()
        page.get_by_test_id("save-title").fill("My rooms")
        page.get_by_test_id("save-apply").click()
        expect(page.get_by_test_id("board-title")).to_have_text("My rooms", timeout=PATIENCE_MS)
        expect(page.locator('[data-panel="2"] h3')).to_have_text("Mine", timeout=PATIENCE_MS)
        copied = page.get_by_test_id("dashboard").get_attribute("data-uid")
    assert copied is not None
    assert exported(hub, copied)["somebodys"] == {"own": [1]}
    assert exported(hub)["title"] == "Theirs"
    assert exported(hub)["panels"] == BOARD["panels"]


def test_my_version_is_saved_over_the_other_if_i_want_it(hub: HubProcess) -> None:
    with new_page() as page:
        opened(page, hub, "?edit=2")
        page.get_by_test_id("look-title").fill("Mine")
        hub.json("PUT", f"/api/dashboards/{UID}", {"dashboard": BOARD | {"title": "Theirs"}, "version": 1})
        page.get_by_test_id("edit-save").click()
        page.get_by_test_id("save-apply").click()
        page.get_by_test_id("conflict-over").click(timeout=PATIENCE_MS)
        expect(page.locator('[data-panel="2"] h3')).to_have_text("Mine", timeout=PATIENCE_MS)
    assert (exported(hub)["title"], panel_of(hub, "Mine")["id"]) == ("Rooms", 2)


def test_changes_stay_when_the_dashboard_is_left_and_go_when_they_are_given_up(hub: HubProcess) -> None:
    with new_page() as page:
        opened(page, hub, "?edit=all")
        handles(page, 3).get_by_test_id("tile-delete").click()
        page.locator('.rail [data-place="dashboards"]').click()
        page.locator(f'[data-board="{UID}"]').click()
        expect(page.get_by_test_id("unsaved-note")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator('[data-panel="3"]')).to_have_count(0)
        page.get_by_test_id("board-edit").click()
        page.get_by_test_id("edit-discard").click()
        page.get_by_test_id("edit-discard").click()
        expect(page.locator('[data-panel="3"]')).to_have_count(1, timeout=PATIENCE_MS)
        expect(page.get_by_test_id("unsaved-note")).to_have_count(0)
    assert exported(hub) == BOARD | {"panels": exported(hub)["panels"]}


def test_a_new_dashboard_begins_empty_in_the_editor(hub: HubProcess) -> None:
    with new_page() as page:
        imported(hub)
        log_in(page, hub, "/dashboards")
        page.get_by_test_id("board-new").click(timeout=PATIENCE_MS)
        page.get_by_test_id("edit-settings").click(timeout=PATIENCE_MS)
        page.get_by_test_id("settings-title").fill("Mine alone")
        page.get_by_test_id("settings-from").fill("now-15m")
        page.keyboard.press("Escape")
        page.get_by_test_id("edit-add-row").click()
        page.get_by_test_id("row-title").fill("First row")
        page.get_by_test_id("edit-add-panel").click()
        page.get_by_test_id("look-type").select_option("text")
        page.get_by_test_id("look-content").fill("# Hello")
        save(page)
        expect(page.get_by_test_id("board-title")).to_have_text("Mine alone", timeout=PATIENCE_MS)
        expect(page.locator(".board-row")).to_contain_text("First row")
        expect(page.get_by_test_id("dashboard")).to_contain_text("Hello", timeout=PATIENCE_MS)
        uid = page.get_by_test_id("dashboard").get_attribute("data-uid")
    assert uid is not None
    document = exported(hub, uid)
    assert (document["title"], document["time"]["from"]) == ("Mine alone", "now-15m")
    assert [one["type"] for one in document["panels"]] == ["row", "text"]
    assert MEAN not in str(document)

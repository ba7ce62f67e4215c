"""Around a dashboard's panels: keys, kiosk, links for readers, filters, versions, files, paper, faults."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.chromium import CHROMIUM, faults_for_screen_readers, log_in, new_page
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")
PATIENCE_MS = 90_000
HEAT = 'SELECT mean("heat") FROM "oven" WHERE $timeFilter GROUP BY time($__interval), "shelf" fill(none)'


def board(uid: str, **more: Any) -> dict[str, Any]:
    """A dashboard of one chart of all shelves."""
    target = {"refId": "A", "query": HEAT, "rawQuery": True, "alias": "$tag_shelf"}
    chart = {
        "id": 1,
        "type": "timeseries",
        "title": "Heat",
        "gridPos": {"x": 0, "y": 0, "w": 24, "h": 10},
        "targets": [target],
    }
    return {
        "uid": uid,
        "title": f"Ovens {uid}",
        "schemaVersion": 41,
        "time": {"from": "now-15m", "to": "now"},
        "panels": [chart],
    } | more


@pytest.fixture(scope="module")
def ovens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with the heat of two shelves."""
    with HubProcess(tmp_path_factory.mktemp("ovens") / "hub") as hub:
        now = int(time.time())
        lines = [
            f"oven,shelf={name} heat={i % 7 + n} {now - 5 * i}"
            for n, name in enumerate(("top", "low"))
            for i in range(120)
        ]
        assert hub.write("\n".join(lines), precision="s") == 204
        yield hub


def imported(hub: HubProcess, uid: str, **more: Any) -> str:
    """Import a dashboard; returns its address on the page."""
    hub.json("POST", "/api/dashboards/import", {"dashboard": board(uid, **more), "overwrite": True})
    return f"/d/{uid}"


def drawn(page: Page, lines: int) -> None:
    """Wait until the chart has so many lines."""
    plot = page.locator('[data-panel="1"] [data-testid="board-plot"]')
    expect(plot).to_have_attribute("data-lines", str(lines), timeout=PATIENCE_MS)


def test_keys_are_shown_and_do_what_they_say(ovens: HubProcess) -> None:
    with new_page() as page:
        log_in(page, ovens, imported(ovens, "keys"))
        drawn(page, 2)
        page.keyboard.press("?")
        expect(page.get_by_test_id("keys")).to_contain_text("half a range back")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("keys")).to_have_count(0)
        page.keyboard.press("p")
        expect(page.get_by_test_id("board-pause")).to_contain_text("Paused")
        page.keyboard.press("p")
        expect(page.get_by_test_id("board-pause")).to_contain_text("Live")
        page.keyboard.press("ArrowLeft")
        page.wait_for_url(lambda url: "from=1" in url, timeout=PATIENCE_MS)
        page.keyboard.press("0")
        page.wait_for_url(lambda url: "from=" not in url, timeout=PATIENCE_MS)
        page.keyboard.press("k")
        expect(page.locator(".rail")).to_be_hidden()
        assert "kiosk=1" in page.url
        page.keyboard.press("Escape")
        expect(page.locator(".rail")).to_be_visible()


def test_a_link_shows_one_dashboard_without_a_login(ovens: HubProcess) -> None:
    with new_page() as page:
        log_in(page, ovens, imported(ovens, "shared"))
        drawn(page, 2)
        page.get_by_test_id("board-menu").click()
        page.get_by_test_id("board-share").click()
        page.get_by_test_id("share-make").click()
        address = page.get_by_test_id("share-link").input_value(timeout=PATIENCE_MS)
    with new_page() as reader:
        asked: list[str] = []
        reader.on("request", lambda request: asked.append(request.url))
        reader.goto(address)
        drawn(reader, 2)
        expect(reader.get_by_test_id("expires")).to_contain_text("To look at only")
        expect(reader.locator(".rail")).to_have_count(0)
        expect(reader.get_by_test_id("board-menu")).to_have_count(0)
        reader.get_by_test_id("board-range").click()
        reader.get_by_role("button", name="Last 1 hour").click()
        reader.wait_for_url(lambda url: "from=now-1h" in url and "shared" in url, timeout=PATIENCE_MS)
        drawn(reader, 2)
        assert not [url for url in asked if "/api/" in url and "/api/shared/" not in url]
        assert reader.evaluate("fetch('/api/dashboards').then((answer) => answer.status)") == 401
    ovens.json("DELETE", "/api/dashboards/shared/share")
    with new_page() as late:
        late.goto(address)
        expect(late.locator("main")).to_contain_text("this link is over", timeout=PATIENCE_MS)


def test_who_logs_in_on_a_dashboard_sees_it(ovens: HubProcess) -> None:
    with new_page() as page:
        page.goto(f"{ovens.http_url}/#{imported(ovens, 'waiting')}")
        page.get_by_test_id("token").fill(ovens.token, timeout=PATIENCE_MS)
        page.keyboard.press("Enter")
        drawn(page, 2)


def test_a_dashboard_that_is_asked_for_while_the_login_is_on_its_way_opens_with_it(ovens: HubProcess) -> None:
    place = imported(ovens, "early")
    code = ovens.json("POST", "/api/login-code", {})["code"]
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST" and not held:
            held.append(route)
        else:
            route.continue_()

    with new_page() as page:
        page.route("**/api/session", hold)
        with page.expect_request(lambda request: request.method == "POST", timeout=PATIENCE_MS):
            page.goto(f"{ovens.http_url}/#login={code}")
        refused = page.expect_response(lambda answer: answer.url.endswith("/early"), timeout=PATIENCE_MS)
        with refused as answer:
            page.goto(f"{ovens.http_url}/#{place}")
        assert answer.value.status == 401
        held[0].continue_()
        drawn(page, 2)


def test_a_filter_of_the_viewer_is_added_to_every_query(ovens: HubProcess) -> None:
    filters = {"list": [{"name": "Filters", "type": "adhoc", "datasource": {"type": "influxdb"}}]}
    with new_page() as page:
        log_in(page, ovens, imported(ovens, "adhoc", templating=filters))
        drawn(page, 2)
        page.get_by_test_id("add-filter").click()
        expect(page.locator('datalist option[value="shelf"]')).to_be_attached(timeout=PATIENCE_MS)
        page.get_by_test_id("filter-tag").fill("shelf")
        expect(page.locator('datalist option[value="top"]')).to_be_attached(timeout=PATIENCE_MS)
        page.get_by_test_id("filter-value").fill("top")
        page.get_by_test_id("apply-filter").click()
        drawn(page, 1)
        assert "var-Filters=shelf" in page.url
        page.get_by_label("Remove the filter shelf").click()
        drawn(page, 2)


def test_a_dropped_file_becomes_a_dashboard_with_versions_that_is_exported_and_deleted(
    ovens: HubProcess,
) -> None:
    with new_page() as page:
        log_in(page, ovens, "/dashboards")
        page.get_by_test_id("dashboards").wait_for(timeout=PATIENCE_MS)
        drop = """(text) => {
          const data = new DataTransfer();
          data.items.add(new File([text], "board.json", {type: "application/json"}));
          document.querySelector('[data-testid="dashboards"]')
            .dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
        page.evaluate(drop, json.dumps(board("dropped")))
        done = page.locator('[data-testid="import-result"][data-failed="false"]')
        expect(done).to_contain_text("Ovens dropped", timeout=PATIENCE_MS)
        ovens.json(
            "POST",
            "/api/dashboards/import",
            {"dashboard": board("dropped", title="Second"), "overwrite": True, "message": "renamed"},
        )
        page.goto(f"{ovens.http_url}/#/d/dropped")
        expect(page.get_by_test_id("board-title")).to_have_text("Second", timeout=PATIENCE_MS)
        page.get_by_test_id("board-menu").click()
        with page.expect_download() as file:
            page.get_by_test_id("board-export").click()
        assert json.loads(file.value.path().read_text("utf-8")) == board("dropped", title="Second")
        page.get_by_test_id("board-menu").click()
        page.get_by_test_id("board-versions").click()
        expect(page.get_by_test_id("versions")).to_contain_text("renamed", timeout=PATIENCE_MS)
        page.get_by_test_id("versions").get_by_role("button", name="Restore").click()
        expect(page.get_by_test_id("board-title")).to_have_text("Ovens dropped", timeout=PATIENCE_MS)
        page.get_by_test_id("board-menu").click()
        page.get_by_test_id("board-delete").click()
        page.get_by_test_id("board-delete").click()
        page.wait_for_url(lambda url: "/dashboards" in url, timeout=PATIENCE_MS)
    assert ovens.request("GET", "/api/dashboards/dropped")[0] == 404


def test_paper_shows_panels_only_and_motion_is_reduced(ovens: HubProcess) -> None:
    with new_page() as page:
        page.emulate_media(reduced_motion="reduce")
        log_in(page, ovens, imported(ovens, "paper"))
        drawn(page, 2)
        moving = "[...document.querySelectorAll('*')].filter((e) => parseFloat(getComputedStyle(e).%s) > 0)"
        assert page.evaluate(f"{moving % 'transitionDuration'}.length") == 0
        assert page.evaluate(f"{moving % 'animationDuration'}.length") == 0
        page.emulate_media(media="print")
        expect(page.locator(".rail")).to_be_hidden()
        expect(page.get_by_test_id("board-menu")).to_be_hidden()
        expect(page.locator('[data-panel="1"] canvas').first).to_be_visible()


def test_a_dashboard_has_no_faults_for_screen_readers(ovens: HubProcess) -> None:
    with new_page() as page:
        log_in(page, ovens, imported(ovens, "axe"))
        drawn(page, 2)
        assert faults_for_screen_readers(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_coloured_texts_can_be_read_and_what_scrolls_is_reached_by_keys(
    ovens: HubProcess, theme: str
) -> None:
    now = int(time.time())
    lines = [f"rack,slot=s{n} heat={n} {now}" for n in range(9)]
    assert ovens.write("\n".join(lines), precision="s") == 204
    steps = [{"color": c, "value": n or None} for n, c in enumerate(("green", "yellow", "red", "blue"))]
    target = {"refId": "A", "rawQuery": True, "alias": "$tag_slot"}
    target["query"] = 'SELECT last("heat") FROM "rack" WHERE $timeFilter GROUP BY "slot"'
    defaults = {"color": {"mode": "thresholds"}, "thresholds": {"mode": "absolute", "steps": steps}}
    defaults["custom"] = {"cellOptions": {"type": "color-text"}}
    kinds = [("stat", {}), ("table", {"resultFormat": "table"})]
    panels = [
        {
            "id": number,
            "type": kind,
            "title": kind,
            "gridPos": {"x": 12 * (number - 1), "y": 0, "w": 12, "h": 8},
            "targets": [target | more],
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": {"orientation": "horizontal"},
        }
        for number, (kind, more) in enumerate(kinds, 1)
    ]
    with new_page() as page:
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        log_in(page, ovens, imported(ovens, f"colours-{theme}", panels=panels))
        expect(page.locator('[data-panel="1"] .stat')).to_have_count(9, timeout=PATIENCE_MS)
        expect(page.locator('[data-panel="2"] tbody tr')).to_have_count(9, timeout=PATIENCE_MS)
        assert faults_for_screen_readers(page) == []
        page.locator('[data-panel="1"] .stats').focus()
        page.keyboard.press("End")
        expect(page.locator('[data-panel="1"] .stat').last).to_be_in_viewport(timeout=PATIENCE_MS)


def test_hostile_names_and_values_do_nothing_and_csv_holds_no_formulas(ovens: HubProcess) -> None:
    hit = "<img src=x onerror=window.hit=1>"
    escaped = hit.replace(" ", "\\ ").replace("=", "\\=")
    now = int(time.time())
    measurement = hit.replace(" ", "\\ ")
    lines = [f"{measurement},{escaped}={escaped} heat={i} {now - 60 * i}" for i in range(5)]
    lines += [f'sums,who={escaped} text="=HYPERLINK(1)" {now - 60 * i}' for i in range(5)]
    assert ovens.write("\n".join(lines), precision="s") == 204
    target = {"refId": "A", "rawQuery": True, "resultFormat": "table"}
    table = {
        "id": 2,
        "type": "table",
        "title": hit,
        "description": hit,
        "gridPos": {"x": 0, "y": 10, "w": 24, "h": 8},
    }
    table["targets"] = [target | {"query": 'SELECT "text", "who" FROM "sums" WHERE $timeFilter'}]
    chart = board("x")["panels"][0] | {"title": hit}
    chart["targets"] = [
        target | {"resultFormat": "time_series", "query": f'SELECT "heat" FROM "{hit}" GROUP BY *'}
    ]
    query = 'SHOW TAG VALUES FROM "sums" WITH KEY = "who"'
    variables = [
        {"name": "who", "label": hit, "type": "query", "query": query},
        {"name": "own", "type": "custom", "query": hit, "current": {"text": hit, "value": hit}},
    ]
    links = [{"title": hit, "type": "link", "url": "javascript:window.hit=1"}]
    more = {"title": hit, "tags": [hit], "links": links, "templating": {"list": variables}}
    with new_page() as page:
        blocked: list[str] = []
        page.on("console", lambda message: blocked.append(message.text))
        log_in(page, ovens, imported(ovens, "hostile", panels=[chart, table], **more))
        drawn(page, 1)
        page.get_by_test_id("variable-who").click()
        expect(page.locator(".popover [data-option]").first).to_contain_text("<img")
        page.keyboard.press("Escape")
        expect(page.locator('[data-panel="2"] td').first).to_be_visible(timeout=PATIENCE_MS)
        page.locator('[data-panel="2"]').get_by_label("Queries of").click()
        with page.expect_download() as file:
            page.get_by_test_id("save-csv").click()
        rows = file.value.path().read_text("utf-8-sig").splitlines()[1:]
        assert rows
        assert all("'=HYPERLINK" in row for row in rows)
        page.goto(f"{ovens.http_url}/#/dashboards")
        expect(page.locator('[data-board="hostile"]')).to_contain_text("<img", timeout=PATIENCE_MS)
        assert page.evaluate("window.hit === undefined")
        assert page.locator("img").count() == 0
        assert not [text for text in blocked if "Content Security Policy" in text]
    policy = ovens.request("GET", "/")[1]["content-security-policy"]
    # styles may be inline; scripts may not
    assert "unsafe" not in policy.replace("style-src 'self' 'unsafe-inline'", "")
    assert "script-src" not in policy
    assert "default-src 'self'" in policy


def test_a_refresh_is_one_request_and_a_later_one_ends_it(ovens: HubProcess) -> None:
    chart = board("many")["panels"][0]
    panels = [chart | {"id": n, "gridPos": {"x": n % 4 * 6, "y": 0, "w": 6, "h": 6}} for n in range(1, 5)]
    panels[0] = panels[0] | {"timeFrom": "5m"}
    with new_page() as page:
        place = imported(ovens, "many", panels=panels, refresh="off")
        bodies: list[list[str]] = []
        ended: list[str] = []

        def note(request: Any) -> None:
            if request.url.endswith("/api/panels/query"):
                bodies.append([one["id"] for one in request.post_data_json["queries"]])

        page.on("request", note)
        page.on("requestfailed", lambda request: ended.append(request.url))
        log_in(page, ovens, f"{place}?refresh=off")
        for n in range(1, 5):
            expect(page.locator(f'[data-panel="{n}"]')).to_have_attribute(
                "data-loaded", "true", timeout=PATIENCE_MS
            )
        assert [sorted(ids) for ids in bodies] == [["1/A", "2/A", "3/A", "4/A"]]
        # an answer that never comes: the next refresh must give it up
        held: list[Any] = []

        def hold_first(route: Any) -> None:
            if held:
                route.continue_()
            else:
                held.append(route)

        page.route("**/api/panels/query", hold_first)
        page.keyboard.press("r")
        expect(page.locator(".progress.busy")).to_have_count(1, timeout=PATIENCE_MS)
        given_up = page.expect_event("requestfailed", timeout=PATIENCE_MS)
        with given_up, page.expect_request("**/api/panels/query", timeout=PATIENCE_MS):
            page.keyboard.press("r")
        expect(page.locator(".progress.busy")).to_have_count(0, timeout=PATIENCE_MS)
        assert len(bodies) == 3
        assert [url for url in ended if url.endswith("/api/panels/query")]


def test_a_panel_with_faulty_settings_leaves_the_others_alone(ovens: HubProcess) -> None:
    good = board("faulty")["panels"][0]
    legend = {"showLegend": True, "displayMode": "list", "calcs": 7}
    place = {"x": 0, "y": 0, "w": 12, "h": 6}
    bad = good | {"id": 2, "title": "Bad", "gridPos": place, "options": {"legend": legend}}
    odd = good | {"id": 3, "title": "Odd", "gridPos": place | {"x": 12}, "timeFrom": 5}
    with new_page() as page:
        log_in(page, ovens, imported(ovens, "faulty", panels=[bad, odd, good]))
        drawn(page, 2)
        expect(page.locator('[data-panel="2"]').get_by_test_id("panel-fault")).to_contain_text(
            "cannot be drawn", timeout=PATIENCE_MS
        )
        expect(page.locator('[data-panel="2"]').get_by_label("Queries of")).to_be_visible()
        expect(page.locator('[data-panel="3"] [data-testid="board-plot"]')).to_have_count(1)

"""Rules on the page of a real hub, in Debian's Chromium."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import CHROMIUM, faults_for_screen_readers, log_in, new_page
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")
PATIENCE_MS = 90_000
HOSTILE = "<img src=x onerror=document.title='had'>"


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("rules") / "hub", "--no-agent") as running:
        now_s = time.time_ns() // 10**9
        lines = [f"cpu,host=pi usage={90 if n < 30 else 20} {now_s - n}" for n in range(5, 120)]
        assert running.write("\n".join(lines), precision="s") == 204
        yield running


@pytest.fixture
def page(hub: HubProcess) -> Iterator[Page]:
    with new_page() as page:
        log_in(page, hub)
        yield page


def test_a_rule_is_tried_saved_fires_and_is_marked_on_the_chart(hub: HubProcess, page: Page) -> None:
    page.locator('[data-place="rules"]').click()
    expect(page.get_by_test_id("rules-none")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_test_id("rule-new").click()
    text = page.get_by_test_id("rule-text")
    text.fill('{"name": "busy"')
    page.get_by_test_id("rule-save").click()
    expect(page.get_by_test_id("rule-problem")).to_contain_text("JSON")
    text.fill('{"name": "busy", "measurment": "cpu"}')
    page.get_by_test_id("rule-save").click()
    expect(page.get_by_test_id("rule-problem")).to_contain_text('did you mean "measurement"')
    rule = {
        "name": "busy", "measurement": "cpu", "field": "usage", "by": ["host"], "every": "1s", "above": 80,
        "stale": "1h", "message": HOSTILE + " {host}",
    }  # fmt: skip
    text.fill(json.dumps(rule))
    page.get_by_test_id("rule-test-6h").click()
    expect(page.get_by_test_id("rule-result")).to_contain_text("fired 1 times", timeout=PATIENCE_MS)
    expect(page.locator(".rule-preview line.firing")).to_have_count(1)
    page.get_by_test_id("rule-save").click()
    assert hub.write("cpu,host=pi usage=99") == 204
    now = page.get_by_test_id("rules-firing")
    expect(now).to_contain_text(f"{HOSTILE} pi", timeout=PATIENCE_MS)
    page.once("dialog", lambda dialog: dialog.accept("on my way"))
    now.get_by_role("button", name="Acknowledge").click()
    expect(now).to_contain_text("on my way", timeout=PATIENCE_MS)
    expect(page.get_by_test_id("rules-history")).to_contain_text("busy")
    page.goto(f"{hub.http_url}/#/device/pi?range=15m")
    expect(page.get_by_test_id("plot").first).to_have_attribute("data-marks", "1", timeout=PATIENCE_MS)
    assert "had" not in page.title()


def test_a_silence_of_each_week_is_made_and_ended(hub: HubProcess, page: Page) -> None:
    page.locator('[data-place="rules"]').click()
    page.get_by_test_id("silence-new").click()
    form = page.get_by_test_id("silence-form")
    form.get_by_label("Rules").fill("disk-*")
    form.get_by_label("How often").select_option("weekly")
    form.get_by_label("mon").check()
    form.get_by_label("from").fill("22:00")
    form.get_by_label("to", exact=True).fill("06:00")
    form.get_by_label("Why").fill("backups")
    assert faults_for_screen_readers(page) == []
    form.get_by_role("button", name="Add").click()
    shown = page.get_by_test_id("silences").locator("li")
    expect(shown).to_contain_text("disk-* every mon,sun 22:00-06:00", timeout=PATIENCE_MS)
    expect(shown).to_contain_text("until it is ended")
    (made,) = hub.json("GET", "/api/rules")["silences"]
    assert (made["every"], made["note"], made["end_ms"]) == ("mon,sun 22:00-06:00", "backups", None)
    shown.get_by_role("button", name="End it").click()
    expect(shown).to_have_count(0, timeout=PATIENCE_MS)

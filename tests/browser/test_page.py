"""The built page on a real hub, in Debian's Chromium."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.chromium import CHROMIUM, COUNT_PIXELS, log_in, new_page
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")
PATIENCE_MS = 90_000


def expect_state(page: Page, state: str) -> None:
    """Wait until the page as a whole is in a state."""
    expect(page.locator("body")).to_have_attribute("data-state", state, timeout=PATIENCE_MS)


def chart(page: Page, name: str) -> Locator:
    """Return a chart once it has drawn points."""
    found = page.locator(f'[data-chart="{name}"]')
    found.wait_for(timeout=PATIENCE_MS)
    found.scroll_into_view_if_needed()
    expect(found).not_to_have_attribute("data-points", "0", timeout=PATIENCE_MS)
    return found


def last_ms(found: Locator) -> int:
    """Return the time of the newest point that a chart has drawn."""
    return int(found.get_attribute("data-last-ms") or 0)


def write_past(hub: HubProcess, measurement: str, field: str, points: int = 60) -> None:
    """Write one value a second up to now."""
    now = int(time.time())
    lines = [f"{measurement},host=bench {field}={i % 7} {now - points + i}" for i in range(points)]
    assert hub.write("\n".join(lines), precision="s") == 204


def test_six_charts_move_by_themselves(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--interval", "1s") as hub, new_page(height=2400) as page:
        log_in(page, hub)
        names = ["cpu", "load", "mem", "disk", "diskio", "processes", "kernel", "netstat"]
        charts = [chart(page, name) for name in names]
        before = [last_ms(found) for found in charts]
        for found, earlier in zip(charts, before, strict=True):
            expect(found).not_to_have_attribute("data-last-ms", str(earlier), timeout=PATIENCE_MS)
        assert all(last_ms(found) > earlier for found, earlier in zip(charts, before, strict=True))
        assert all(found.locator("canvas").first.evaluate(COUNT_PIXELS) > 0 for found in charts)


def test_a_hub_without_data_listens_and_turns_into_charts(hub: HubProcess) -> None:
    with new_page() as page:
        log_in(page, hub)
        expect_state(page, "empty")
        ways = page.locator("[data-way]")
        expect(ways).not_to_have_count(0)
        shown = " ".join(ways.all_inner_texts())
        assert f"-p {hub.mqtt_port}" in shown
        assert hub.http_url in shown
        assert hub.token in shown
        write_past(hub, "room", "temperature")
        expect_state(page, "ready")
        assert page.locator("[data-chart]").count() > 0


def test_a_measurement_never_seen_before_appears_with_its_unit(hub: HubProcess) -> None:
    write_past(hub, "room", "temperature")
    with new_page() as page:
        log_in(page, hub, "/device/bench")
        expect_state(page, "ready")
        drawn = page.locator("[data-chart]").count()
        write_past(hub, "greenhouse", "humidity")
        expect(page.locator("[data-chart]")).to_have_count(drawn + 1, timeout=PATIENCE_MS)
        newest = page.locator('[data-chart*="greenhouse"]')
        newest.scroll_into_view_if_needed()
        expect(newest).to_contain_text("%")


def test_dragging_zooms_every_chart_and_back_returns(hub: HubProcess) -> None:
    write_past(hub, "room", "temperature", points=240)
    with new_page() as page:
        log_in(page, hub, "/device/bench?range=5m")
        plot = page.locator("[data-chart] .u-over").first
        plot.wait_for(timeout=PATIENCE_MS)
        box = plot.bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.4, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=8)
        page.mouse.up()
        page.wait_for_url(lambda url: "from=" in url and "to=" in url, timeout=PATIENCE_MS)
        page.go_back()
        page.wait_for_url(lambda url: "from=" not in url, timeout=PATIENCE_MS)


def test_the_page_says_when_the_hub_is_gone_and_comes_back(hub: HubProcess) -> None:
    write_past(hub, "room", "temperature")
    with new_page() as page:
        log_in(page, hub)
        expect_state(page, "ready")
        hub.kill()
        expect_state(page, "disconnected")
        assert page.locator("[data-chart]").count() > 0, "what was drawn stays"
        hub.start()
        expect_state(page, "ready")
        write_past(hub, "room", "temperature")
        expect(page.get_by_test_id("disconnected")).to_have_count(0)


def test_a_login_link_works_once_and_the_token_always(hub: HubProcess) -> None:
    code = hub.json("POST", "/api/login-code", {})["code"]
    with new_page() as page:
        page.goto(f"{hub.http_url}/#login={code}")
        expect_state(page, "empty")
        assert code not in page.url
    with new_page() as page:
        page.goto(f"{hub.http_url}/#login={code}")
        expect_state(page, "login")
        expect(page.get_by_test_id("login-problem")).to_contain_text("helio login")
        page.get_by_test_id("token").fill(hub.token)
        page.keyboard.press("Enter")
        expect_state(page, "empty")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_phone_shows_everything_without_scrolling_sideways(hub: HubProcess, theme: str) -> None:
    write_past(hub, "cpu,cpu=cpu-total", "usage_user")
    write_past(hub, "room", "temperature")
    with new_page(width=390, height=844) as page:
        log_in(page, hub, f"/?theme={theme}")
        expect_state(page, "ready")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for place in ("status", "ledger"):
            page.locator(f'[data-place="{place}"]').click()
            expect(page.get_by_test_id(place)).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_status_shows_buckets_and_the_age_of_what_nats_server_said(hub: HubProcess) -> None:
    assert hub.request("POST", "/api/buckets", {"name": "lab", "keep_seconds": 7 * 86_400})[0] == 201
    write_past(hub, "room", "temperature")
    with new_page() as page:
        log_in(page, hub, "/status")
        expect(page.locator('[data-bucket="lab"]')).to_contain_text("7", timeout=PATIENCE_MS)
        expect(page.locator('[data-bucket="lab"]')).to_contain_text("never")
        expect(page.locator('[data-bucket="telegraf"] td').first).not_to_have_text("0")
        expect(page.get_by_test_id("streams-age")).to_have_text("messages by sequence number")
        nats_pid = hub.facts["nats_pid"]
        os.kill(nats_pid, signal.SIGSTOP)
        try:
            expect(page.get_by_test_id("streams-age")).to_contain_text(
                "ago: nats-server does not answer", timeout=PATIENCE_MS
            )
        finally:
            os.kill(nats_pid, signal.SIGCONT)
        expect(page.get_by_test_id("streams-age")).to_have_text(
            "messages by sequence number", timeout=PATIENCE_MS
        )


def send_numbered(hub: HubProcess, *numbers: int) -> None:
    """Send batches as an agent does, with these numbers."""
    for number in numbers:
        payload = f"#helio boot=feed seq={number}\nroom,host=pi temperature={number}"
        command = ["mosquitto_pub", "-h", hub.mqtt_host, "-p", str(hub.mqtt_port), "-q", "1", "-s"]
        subprocess.run([*command, "-t", "tel/pi/lp"], input=payload.encode(), check=True, timeout=120)


def test_the_ledger_shows_what_is_missing_and_where(hub: HubProcess) -> None:
    send_numbered(hub, 1, 2, 5)
    write_past(hub, "room", "temperature")
    with new_page() as page:
        log_in(page, hub, "/ledger")
        expect(page.locator('[data-step="Produced"]')).to_contain_text("6", timeout=PATIENCE_MS)
        expect(page.locator('[data-step="Acknowledged"]')).to_have_attribute("data-state", "missing")
        expect(page.locator('[data-line="telegraf"]')).to_have_attribute("data-state", "hot")
        page.locator('[data-line="pi"] a').click()
        page.wait_for_url("**/#/ledger/pi**", timeout=PATIENCE_MS)
        expect(page.get_by_test_id("gaps").locator("tbody tr")).to_have_text("feed34", timeout=PATIENCE_MS)
        send_numbered(hub, 3, 4)
        expect(page.locator('[data-step="Acknowledged"]')).to_have_attribute(
            "data-state", "whole", timeout=PATIENCE_MS
        )
        expect(page.get_by_test_id("gaps").locator("tbody tr")).to_have_count(0)

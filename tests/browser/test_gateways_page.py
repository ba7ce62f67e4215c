"""Gateways on the page of a real hub: how they are, and what they send less of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import CHROMIUM, faults_for_screen_readers, log_in, new_page
from tests.real.gateway import GATEWAY, enrolled, open_hub, wait_uplink
from tests.real.hub_process import HubProcess

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)"),
    pytest.mark.timeout(600),
]
PATIENCE_MS = 120_000


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    with open_hub(tmp_path / "hub") as opened:
        yield opened


@pytest.fixture
def page(hub: HubProcess) -> Iterator[Page]:
    with new_page() as page:
        log_in(page, hub, "/status")
        yield page


def test_a_gateway_is_seen_and_told_what_to_send(hub: HubProcess, page: Page, tmp_path: Path) -> None:
    panel = page.get_by_test_id("gateways")
    expect(panel).to_contain_text("helio device enrol NAME --gateway", timeout=PATIENCE_MS)
    home = tmp_path / "edge"
    home.mkdir()
    (home / "edge.toml").write_text('[[thin]]\nmeasurement = "debug"\ndrop = true\n')
    with enrolled(hub, home) as edge:
        wait_uplink(edge, connected=True)
        item = page.locator(f'[data-gateway="{GATEWAY}"]')
        state = item.get_by_test_id("gateway-state")
        expect(state).to_have_text("connected", timeout=PATIENCE_MS)
        expect(item.get_by_test_id("gateway-version")).not_to_be_empty()
        expect(item).to_contain_text("by its own file")
        expect(item.get_by_test_id("gateway-holds")).to_have_text("debug not sent")
        assert edge.write("room v=1 1") == 204
        sent = item.locator('[data-figure="Sent"] dd').first
        expect(sent).not_to_have_text("0", timeout=PATIENCE_MS)
        expect(item.locator('[data-figure="Waiting there"]')).to_be_visible()
        assert faults_for_screen_readers(page) == []

        said = item.get_by_test_id("gateway-said")
        item.get_by_test_id("gateway-edit").click()
        text = item.get_by_test_id("gateway-rules")
        assert json.loads(text.input_value()) == [{"measurement": "debug", "fields": ["*"], "drop": True}]
        text.fill("[{")
        item.get_by_test_id("gateway-save").click()
        expect(item.get_by_test_id("gateway-problem")).to_contain_text("no JSON")
        assert faults_for_screen_readers(page) == []
        text.fill('[{"window": "1ms"}]')
        item.get_by_test_id("gateway-save").click()
        expect(said).to_contain_text("It goes on as before", timeout=PATIENCE_MS)
        expect(said).to_contain_text("1s to 1h")
        item.get_by_test_id("gateway-edit").click()
        text.fill('[{"measurement": "cpu*", "window": "1m", "send": ["mean", "max"]}]')
        item.get_by_test_id("gateway-save").click()
        expect(said).to_contain_text("has taken it", timeout=PATIENCE_MS)
        expect(item.get_by_test_id("gateway-holds")).to_have_text("cpu* mean, max of each 1m")
        expect(item).to_contain_text("set by this hub")

        edge.stop()
        expect(state).to_contain_text("away, seen", timeout=PATIENCE_MS)
        item.get_by_test_id("gateway-edit").click()
        item.get_by_test_id("gateway-own").click()
        expect(said).to_contain_text("gets this when it is back", timeout=PATIENCE_MS)
        edge.start()
        expect(said).to_contain_text("has taken it", timeout=PATIENCE_MS)
        expect(item).to_contain_text("by its own file")
        expect(item.get_by_test_id("gateway-holds")).to_have_text("debug not sent")

"""A topic is stored, looked at far back, and put on a dashboard: on a real hub, in Debian's Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_topics import choose
from tests.chromium import CHROMIUM, log_in, new_page
from tests.real.hub_process import HubProcess
from tests.real.test_topics import publish, told, until_listening

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")
PATIENCE_MS = 90_000


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a hub that listens."""
    with HubProcess(tmp_path_factory.mktemp("keeping") / "hub", "--no-agent") as hub:
        until_listening(hub)
        yield hub


@pytest.fixture
def page(hub: HubProcess) -> Iterator[Page]:
    """Give the page at the topics."""
    with new_page() as page:
        log_in(page, hub)
        page.locator('[data-place="topics"]').click()
        page.get_by_test_id("topics").wait_for(timeout=PATIENCE_MS)
        yield page


def measured(hub: HubProcess, topic: str, *numbers: float) -> None:
    """Publish so that the stream keeps it."""
    publish(hub, *((topic, json.dumps({"t": number}).encode(), 1, False) for number in numbers))


def test_a_topic_becomes_points_and_a_panel(hub: HubProcess, page: Page) -> None:
    topic = "home/lab/climate"
    measured(hub, topic, 20, 21)
    publish(hub, (topic, b"broken", 1, False))
    told(hub, topic, 3)
    choose(page, topic)
    page.get_by_test_id("store-topic").click()
    preview = page.get_by_test_id("store-preview")
    expect(preview).to_contain_text("climate t=21.0", timeout=PATIENCE_MS)
    expect(preview).to_contain_text("not JSON")
    page.get_by_test_id("store-filter").fill("home/{room/climate")
    expect(page.get_by_test_id("store-form").get_by_role("alert")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("store-save")).to_be_disabled()
    page.get_by_test_id("store-filter").fill("home/{room}/climate")
    expect(preview).to_contain_text("climate,room=lab t=21.0", timeout=PATIENCE_MS)
    page.get_by_test_id("store-name").fill("climate")
    page.get_by_test_id("store-save").click()
    expect(page.get_by_test_id("topic-keep")).to_contain_text("the rule climate", timeout=PATIENCE_MS)
    measured(hub, topic, 22)
    page.reload()
    page.locator('[data-source="store"]').click(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("past-chart")).to_have_attribute("data-points", "1", timeout=PATIENCE_MS)
    page.get_by_test_id("add-to-dashboard").click()
    page.get_by_role("button", name="Add the panel").click(timeout=PATIENCE_MS)
    page.get_by_test_id("add-dialog").get_by_role("link").click(timeout=PATIENCE_MS)
    expect(page.get_by_text(topic, exact=True).first).to_be_visible(timeout=PATIENCE_MS)
    assert "/d/" in page.url


def test_the_stream_is_looked_into(hub: HubProcess, page: Page) -> None:
    topic = "far/back"
    measured(hub, topic, *range(150))
    told(hub, topic, 50)
    choose(page, topic)
    chart = page.get_by_test_id("topic-chart")
    expect(chart).to_have_attribute("data-points", "101", timeout=PATIENCE_MS)
    page.locator('[data-source="stream"]').click()
    expect(chart).to_have_attribute("data-points", "150", timeout=PATIENCE_MS)
    measured(hub, topic, 150)
    expect(chart).to_have_attribute("data-points", "151", timeout=PATIENCE_MS)

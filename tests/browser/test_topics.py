"""The page's topics on a real hub, in Debian's Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.chromium import CHROMIUM, log_in, new_page
from tests.real.hub_process import HubProcess
from tests.real.test_topics import publish, told, until_listening

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")
PATIENCE_MS = 90_000
HOSTILE = "<img src=x onerror=document.title='had'>"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a hub that listens."""
    with HubProcess(tmp_path_factory.mktemp("topics") / "hub", "--no-agent") as hub:
        until_listening(hub)
        yield hub


@pytest.fixture
def page(watched: HubProcess) -> Iterator[Page]:
    """Give the page at the topics."""
    with new_page() as page:
        log_in(page, watched)
        page.locator('[data-place="topics"]').click()
        page.get_by_test_id("topics").wait_for(timeout=PATIENCE_MS)
        yield page


def row(page: Page, path: str) -> Locator:
    """Return a level's row once it is on the screen."""
    found = page.locator(f"[data-path={json.dumps(path)}]")
    found.wait_for(timeout=PATIENCE_MS)
    return found


def choose(page: Page, path: str) -> None:
    """Search a topic by its whole name and look at it."""
    page.get_by_test_id("topic-search").fill(path)
    row(page, path).locator("a").click()
    page.get_by_test_id("topic-view").wait_for(timeout=PATIENCE_MS)


def test_levels_open_and_a_topic_shows_its_messages(watched: HubProcess, page: Page) -> None:
    publish(watched, *(("tree/room/pi", json.dumps({"t": t}).encode(), 0, False) for t in (20, 21)))
    row(page, "tree").locator(".topic-name").click()
    row(page, "tree/room").locator(".topic-name").click()
    row(page, "tree/room/pi").locator("a").click()
    expect(page.get_by_test_id("payload")).to_have_text('{\n  "t": 21\n}', timeout=PATIENCE_MS)
    page.locator('[data-view="changes"]').click()
    expect(page.get_by_test_id("changes")).to_have_text("t2021")
    page.locator('[data-view="hex"]').click()
    expect(page.get_by_test_id("payload")).to_contain_text("7b 22 74 22")
    chart = page.get_by_test_id("topic-chart")
    expect(chart).to_have_attribute("data-points", "2")
    publish(watched, ("tree/room/pi", b'{"t": 22}', 0, False))
    expect(chart).to_have_attribute("data-points", "3", timeout=PATIENCE_MS)
    page.reload()
    expect(page.get_by_test_id("payload")).to_have_text('{\n  "t": 22\n}', timeout=PATIENCE_MS)


def test_what_is_published_on_the_page_comes_back(page: Page) -> None:
    page.get_by_test_id("publish-topic").fill("from/page")
    page.get_by_test_id("publish-payload").fill("it's")
    expect(page.get_by_text("helio pub -t from/page -m 'it'\\''s'", exact=True)).to_be_visible()
    page.get_by_label("retained").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_test_id("publish-said")).to_have_text("Published.", timeout=PATIENCE_MS)
    choose(page, "from/page")
    expect(page.get_by_test_id("payload")).to_have_text("it's")
    page.get_by_test_id("publish-topic").fill("a/#")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_test_id("publish-said")).to_contain_text("wildcard", timeout=PATIENCE_MS)


def test_hostile_topics_and_payloads_are_text(watched: HubProcess, page: Page) -> None:
    topic = HOSTILE.replace(" ", "\t").replace("\t", "/")
    values = json.dumps({HOSTILE: HOSTILE}).encode()
    publish(watched, (f"bad/{topic}", HOSTILE.encode(), 0, False), (f"bad/{topic}", values, 0, False))
    told(watched, f"bad/{topic}", 2)
    choose(page, f"bad/{topic}")
    expect(page.get_by_test_id("payload")).to_contain_text("onerror", timeout=PATIENCE_MS)
    for view in ("text", "hex", "changes", "values"):
        page.locator(f'[data-view="{view}"]').click()
    assert page.locator("img").count() == 0
    assert page.title() != "had"


def test_thousands_of_rows_are_a_few_elements(watched: HubProcess, page: Page) -> None:
    publish(watched, *((f"many/{n:05}", b"1", 0, False) for n in range(5_000)))
    told(watched, "many/04999")
    row(page, "many").locator(".topic-name").click()
    row(page, "many/00003")
    assert page.locator(".topic-row").count() < 200
    page.locator(".topic-rows").evaluate("box => { box.scrollTop = box.scrollHeight }")
    row(page, "many/04999")
    assert page.locator(".topic-row").count() < 200


def test_pause_keeps_the_picture(watched: HubProcess, page: Page) -> None:
    publish(watched, ("paused", b"before", 0, False))
    expect(row(page, "paused")).to_contain_text("before", timeout=PATIENCE_MS)
    page.get_by_test_id("topic-pause").click()
    publish(watched, ("paused", b"after", 0, False))
    told(watched, "paused", 2)
    expect(row(page, "paused")).to_contain_text("before")
    page.get_by_test_id("topic-pause").click()
    expect(row(page, "paused")).to_contain_text("after", timeout=PATIENCE_MS)

"""Debian's Chromium, headless, driven by Playwright; no browser is downloaded."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.real.hub_process import HubProcess

CHROMIUM = shutil.which("chromium")
_AXE = Path(__file__).parents[1] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_GRAVE = ("serious", "critical")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextlib.contextmanager
def new_page(*, width: int = 1280, height: int = 1000) -> Iterator[Page]:
    """An empty page in a browser of its own; an error in the page's script fails the test."""
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.on("pageerror", lambda error: faults.append(str(error)))
            yield page
        finally:
            browser.close()
    assert not faults, faults


def log_in(page: Page, hub: HubProcess, place: str = "") -> None:
    """Open the hub's page by a fresh login link and go to a place of it, such as ``/device/pi``."""
    code = hub.json("POST", "/api/login-code", {})["code"]
    page.goto(f"{hub.http_url}/#login={code}")
    page.wait_for_function("!location.hash.includes('login=')")
    if place:
        page.goto(f"{hub.http_url}/#{place}")


_COLOURS_ARE_THERE = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  for (const one of document.getAnimations()) if (one instanceof CSSTransition) one.finish();
}"""
"""After a change of the theme colours fade for a moment, and nobody has to read what is half faded."""


def faults_for_screen_readers(page: Page) -> list[tuple[str, list[str]]]:
    """Return the grave violations that axe-core finds, and wrong orders of headings, each with some places.

    The library comes with what builds the page. A page that was built elsewhere and copied here has none, and
    then there is nothing to judge by: the test is skipped and says so.
    """
    if not _AXE.is_file():
        pytest.skip("axe-core is not installed (building the page, by make up or make test, installs it)")
    page.evaluate(_AXE.read_text("utf-8"))
    page.evaluate(_COLOURS_ARE_THERE)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"][:5]])
        for one in found["violations"]
        if one["impact"] in _GRAVE or one["id"] == "heading-order"
    ]


COUNT_PIXELS = """
(canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const seen = new Map();
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] < 200) continue;
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    const spread = Math.max(r, g, b) - Math.min(r, g, b);
    if (spread > 60) seen.set(`${r},${g},${b}`, (seen.get(`${r},${g},${b}`) ?? 0) + 1);
  }
  return [...seen.values()].reduce((sum, count) => sum + count, 0);
}
"""
"""How many pixels of a canvas have a colour rather than a grey: those of a series."""

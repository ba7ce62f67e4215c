"""The options of a device program as a form of the page: a real app, a real hub, Debian's Chromium."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_topics import choose
from tests.chromium import CHROMIUM, log_in, new_page
from tests.real.hub_process import HubProcess
from tests.real.test_topics import told, until_listening

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")
PATIENCE_MS = 90_000
PROGRAM = """
from heliograph import App, Fields

app = App("greenhouse", device="pi")
app.option("--gain", type=float, default=1.0, min=0, max=10, help="of the amplifier")
app.option("--mode", choices=["auto", "off"], default="auto")
app.option("--pin", type=int, default=4, remote=False)


@app.every("1h")
async def sample(gain: float) -> Fields:
    return {"value": gain}


app.run()
"""


def test_options_are_set_on_the_page_and_taken_back(tmp_path: Path) -> None:
    program = tmp_path / "greenhouse.py"
    program.write_text(PROGRAM)
    with HubProcess(tmp_path / "hub", "--no-agent") as hub, new_page() as page:
        until_listening(hub)
        environment = os.environ | {"HELIO_HOME": str(tmp_path / "board")}
        command = [sys.executable, str(program), "--hub", f"127.0.0.1:{hub.mqtt_port}"]
        app = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            told(hub, "sta/pi/greenhouse/form", 1)
            log_in(page, hub)
            page.locator('[data-place="topics"]').click()
            page.get_by_test_id("topics").wait_for(timeout=PATIENCE_MS)
            choose(page, "sta/pi/greenhouse")
            page.get_by_role("link", name="Its options").click()
            form = page.get_by_test_id("app-options")
            gain = page.get_by_test_id("app-option-gain")
            expect(gain).to_have_value("1", timeout=PATIENCE_MS)
            expect(page.get_by_test_id("app-option-pin")).to_have_count(0)
            gain.fill("11")
            page.get_by_test_id("app-options-set").click()
            expect(form.get_by_role("alert")).to_contain_text("from 0 to 10", timeout=PATIENCE_MS)
            gain.fill("2.5")
            page.get_by_test_id("app-option-mode").select_option("off")
            page.get_by_test_id("app-options-set").click()
            expect(form).to_contain_text("of the amplifier (set from the hub)", timeout=PATIENCE_MS)
            expect(gain).to_have_value("2.5")
            page.get_by_test_id("app-options-back").click()
            expect(form).not_to_contain_text("set from the hub", timeout=PATIENCE_MS)
            expect(gain).to_have_value("1")
        finally:
            app.terminate()
            app.wait(120)

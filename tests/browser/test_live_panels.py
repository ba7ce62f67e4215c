"""Live panels ask for what is new only, and show the same as if they had asked for everything."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import CHROMIUM, log_in, new_page
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")
PATIENCE_S = 120.0
COUNT = 'SELECT count("v") FROM "beat" WHERE $timeFilter GROUP BY time($__interval) fill(none)'
SUM = {
    "id": 1,
    "type": "stat",
    "title": "Beats",
    "gridPos": {"x": 0, "y": 0, "w": 24, "h": 10},
    "options": {"reduceOptions": {"calcs": ["sum"]}},
    "interval": "10s",
    "targets": [{"refId": "A", "query": COUNT, "rawQuery": True}],
}


def test_new_and_late_points_are_put_to_what_is_held(tmp_path: Path) -> None:
    board = {"uid": "beats", "title": "Beats", "schemaVersion": 41, "panels": [SUM]}
    board["time"] = {"from": "now-1h", "to": "now"}
    starts: list[int] = []

    def note(request: Any) -> None:
        if request.url.endswith("/api/panels/query"):
            found = re.search(r"time >= (\d+)ms", request.post_data_json["queries"][0]["text"])
            assert found is not None, request.post_data
            starts.append(int(found[1]))

    with HubProcess(tmp_path / "hub", "--no-agent") as hub, new_page() as page:
        hub.json("POST", "/api/dashboards/import", {"dashboard": board, "overwrite": True})

        def beat(seconds_ago: int) -> None:
            assert hub.write(f"beat v=1 {time.time_ns() - seconds_ago * 10**9}") == 204

        def shown(count: int) -> None:
            panel = page.locator('[data-panel="1"]')
            deadline = time.monotonic() + PATIENCE_S
            while f"Beats{count}" != panel.inner_text().replace("\n", "").strip():
                assert time.monotonic() < deadline, panel.inner_text()
                hub.write("other v=1")  # a page asks when the hub says that points came, whichever
                page.wait_for_timeout(500)

        for number in range(20):
            beat(600 + number)
        page.on("request", note)
        log_in(page, hub, "/d/beats")
        shown(20)
        beat(0)
        shown(21)
        assert max(starts) > starts[0] + 3_000_000, "the newest intervals of an hour"
        beat(1_800)
        shown(22)
        beat(0)
        shown(23)

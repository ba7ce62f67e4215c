#!/usr/bin/env python3
"""Measure the page in Debian's Chromium: sizes of scripts, first chart, a month of ten series, live panels.

Starts a hub of its own in a temporary folder, writes points, opens dashboards over loopback, and prints a
table against the budgets of docs/dashboards.md. A missed budget is said, and is no error.

    python -m bench.page
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import re
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from bench.footprint import Row
from tests.chromium import log_in, new_page
from tests.real.hub_process import HubProcess

ASSETS: Final = Path(__file__).parents[1] / "src" / "heliograph" / "page" / "assets"
SERIES: Final = 10
PANELS: Final = 20
DAYS: Final = 30
_IMPORTED: Final = re.compile(r'(?:from|import)"\./([^"]+)"')
_QUERY: Final = (
    'SELECT mean("value") FROM "{0}" WHERE $timeFilter GROUP BY time($__interval), "sensor" fill(none)'
)
_DRAWN: Final = """(count) => new Promise((resolve) => {
  const look = () => {
    const plots = [...document.querySelectorAll('[data-testid="board-plot"]')];
    const ready = plots.filter((plot) => Number(plot.dataset.lines) > 0 && plot.querySelector("canvas"));
    if (ready.length >= count) requestAnimationFrame(() => resolve(performance.now()));
    else requestAnimationFrame(look);
  };
  look();
})"""
_FRAMES: Final = """(ms) => new Promise((resolve) => {
  const times = [];
  const step = (now) => {
    times.push(now);
    if (now - times[0] < ms) requestAnimationFrame(step);
    else resolve(times);
  };
  requestAnimationFrame(step);
})"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each page is opened (default: 5)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to watch live panels (10)")
    args = parser.parse_args()
    rows = sizes()
    with tempfile.TemporaryDirectory() as folder, HubProcess(Path(folder) / "hub", "--no-agent") as hub:
        fill(hub)
        rows += [first_chart(hub, args.rounds), month(hub, args.rounds), *live(hub, args.seconds)]
    print(f"{'':<44} {'measured':>13} {'budget':>8}")
    for row in rows:
        print(row)
    return 0


def sizes() -> list[Row]:
    """Return what the page loads at its start, and what all parts together weigh."""
    texts = {path.name: path.read_text("utf-8") for path in ASSETS.glob("*.js")}
    starting = [name for name in texts if name.startswith("app-")]
    for name in starting:
        starting += [one for one in _IMPORTED.findall(texts[name]) if one not in starting]
    packed = {name: len(gzip.compress(text.encode(), 9)) / 1024 for name, text in texts.items()}
    return [
        Row("scripts of the start page, gzipped", sum(packed[name] for name in starting), 90, "KiB"),
        Row("scripts of all parts, gzipped", sum(packed.values()), None, "KiB"),
    ]


def chart(number: int, measurement: str) -> dict[str, Any]:
    """Return a chart of all sensors of a measurement."""
    place = {"x": number % 4 * 6, "y": number // 4 * 6, "w": 6, "h": 6}
    target = {"refId": "A", "query": _QUERY.format(measurement), "rawQuery": True, "alias": "$tag_sensor"}
    return {"id": number + 1, "type": "timeseries", "title": "", "gridPos": place, "targets": [target]}


def fill(hub: HubProcess) -> None:
    """Write a month of one point a minute and a quarter of an hour of one a second, and two dashboards."""
    now = int(time.time())
    for day in range(DAYS):
        start = now - (DAYS - day) * 86_400
        lines = [
            f"month,sensor=s{n} value={(minute * (n + 1)) % 97} {start + minute * 60}"
            for n in range(SERIES)
            for minute in range(1440)
        ]
        _write(hub, lines)
    lines = [f"quick,sensor=s{n} value={(i + n) % 50} {now - i}" for n in range(SERIES) for i in range(900)]
    _write(hub, lines)
    boards = {
        "first": ("now-15m", [chart(0, "quick")]),
        "month": (f"now-{DAYS}d", [chart(0, "month") | {"gridPos": {"x": 0, "y": 0, "w": 24, "h": 16}}]),
        "live": ("now-5m", [chart(n, "quick") for n in range(PANELS)]),
    }
    for uid, (start_word, panels) in boards.items():
        document = {"uid": uid, "title": uid, "schemaVersion": 41, "panels": panels}
        document["time"] = {"from": start_word, "to": "now"}
        hub.json("POST", "/api/dashboards/import", {"dashboard": document, "overwrite": True})


def _write(hub: HubProcess, lines: list[str]) -> None:
    status = hub.write("\n".join(lines), precision="s")
    if status != 204:
        raise RuntimeError(f"the hub took no points: {status}")


def first_chart(hub: HubProcess, rounds: int) -> Row:
    """Return the time from navigation to the first chart's lines, with an empty cache each time."""
    taken = []
    for _ in range(rounds):
        with new_page() as page:
            log_in(page, hub)
            page.goto("about:blank")
            page.goto(f"{hub.http_url}/#/d/first", wait_until="commit")
            taken.append(page.evaluate(_DRAWN, 1))
    return Row("first chart after navigation, median", statistics.median(taken), 500, "ms")


def month(hub: HubProcess, rounds: int) -> Row:
    """Return the time from a key press to a month of ten series, its query with it."""
    taken = []
    with new_page() as page:
        log_in(page, hub, "/d/month?refresh=off")
        page.evaluate(_DRAWN, 1)
        for _ in range(rounds):
            # a range that nobody asked for: the answer is not kept yet
            time.sleep(1.1)
            taken.append(_asked_again(page))
    return Row(f"{DAYS} days of {SERIES} series with the query, median", statistics.median(taken), 300, "ms")


def _asked_again(page: Page) -> float:
    script = """() => new Promise((resolve) => {
      const began = performance.now();
      const bar = document.querySelector(".progress");
      new MutationObserver((_, watch) => {
        if (bar.classList.contains("busy")) return;
        watch.disconnect();
        requestAnimationFrame(() => resolve(performance.now() - began));
      }).observe(bar, { attributes: true });
      const from = Date.now() - 30 * 86400000 + Math.round(Math.random() * 3600000);
      location.hash = `#/d/month?refresh=off&from=${from}&to=${Date.now()}`;
    })"""
    return float(page.evaluate(script))


def live(hub: HubProcess, seconds: float) -> list[Row]:
    """Return frames in a second while points come for all panels, and the longest pause between two."""
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.5):
            now = time.time_ns()
            hub.write("\n".join(f"quick,sensor=s{n} value={now // 10**9 % 50} {now}" for n in range(SERIES)))

    writer = threading.Thread(target=write)
    with new_page(width=1600, height=1900) as page:
        log_in(page, hub, "/d/live")
        page.evaluate(_DRAWN, PANELS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        writer.start()
        try:
            times = page.evaluate(_FRAMES, seconds * 1000)
        finally:
            stop.set()
            writer.join()
    steps = [b - a for a, b in itertools.pairwise(times)]
    refreshes = sum(url.endswith("/api/panels/query") for url in asked)
    return [
        Row(f"{PANELS} live panels of {SERIES} series, frames", len(steps) / sum(steps) * 1000, 60, "/s"),
        Row("the same: longest time between two frames", max(steps), None, "ms"),
        Row("the same: 99 of 100 frames came within", sorted(steps)[len(steps) * 99 // 100], None, "ms"),
        Row("the same: requests in a second", refreshes / seconds, None, "/s"),
    ]


if __name__ == "__main__":
    raise SystemExit(main())

#!/usr/bin/env python3
"""Measure what the hub's memory does while dashboards are looked at: one after the other, then four at once.

Starts a hub of its own in a temporary folder, imports all dashboards of a folder with made-up points, opens
them in Debian's Chromium, and prints the hub's resident memory after each, and its greatest.

    python -m bench.board_memory FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, ViewportSize

from tests.chromium import log_in, new_page
from tests.real.hub_process import HubProcess

AT_ONCE: Final = 4
_LONGEST_MS: Final = 60_000
_VIEW: Final[ViewportSize] = {"width": 1600, "height": 1000}
_SCROLLED: Final = """() => {
  for (const row of document.querySelectorAll('.board-row[aria-expanded="false"]')) row.click();
  window.scrollBy(0, innerHeight * 0.8);
  return scrollY + innerHeight >= document.documentElement.scrollHeight - 4;
}"""
_QUIET: Final = """(ms) => new Promise((resolve) => {
  const began = performance.now();
  let quiet = began;
  const look = () => {
    const now = performance.now();
    if (document.querySelector(".progress.busy")) quiet = now;
    if (now - quiet > 300) resolve(true);
    else if (now - began > ms) resolve(false);
    else setTimeout(look, 50);
  };
  look();
})"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the dashboards' files are")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the hub"
    )
    args = parser.parse_args()
    options = [word for setting in args.set for word in ("--set", setting)]
    with (
        tempfile.TemporaryDirectory() as folder,
        HubProcess(Path(folder) / "hub", "--no-agent", *options) as hub,
    ):
        boards = [take(hub, path) for path in sorted(args.folder.glob("*.json"))]
        tell(hub, "before anybody looks")
        forget_most(hub)
        one_after_the_other(hub, boards)
        forget_most(hub)
        several_at_once(hub, boards)
    return 0


def take(hub: HubProcess, path: Path) -> tuple[str, str]:
    """Import a dashboard, write points that it can show, and return its uid and name."""
    document = json.loads(path.read_text("utf-8"))
    made = hub.json("POST", "/api/dashboards/import", {"dashboard": document, "overwrite": True})
    command = [sys.executable, "-m", "heliograph", "dashboard", "demo", str(path)]
    subprocess.run(command, env=hub.environment, check=True, stdout=subprocess.DEVNULL, timeout=300)
    return str(made["uid"]), path.stem


def one_after_the_other(hub: HubProcess, boards: list[tuple[str, str]]) -> None:
    """Look at each dashboard, from its top to its end."""
    with new_page(width=1600, height=1000) as page:
        log_in(page, hub)
        for uid, name in boards:
            began = time.monotonic()
            problems = look(page, hub, uid)
            tell(hub, f"{name}: {time.monotonic() - began:.1f} s, {problems} errors")


def several_at_once(hub: HubProcess, boards: list[tuple[str, str]]) -> None:
    """Look at four dashboards at a time, in pages of their own."""
    with new_page(width=1600, height=1000) as first:
        log_in(first, hub)
        browser = first.context.browser
        if browser is None:
            raise RuntimeError("the page has no browser that others could be opened in")
        others = [browser.new_context(viewport=_VIEW).new_page() for _ in range(AT_ONCE - 1)]
        for page in others:
            log_in(page, hub)
        pages = [first, *others]
        for at in range(0, len(boards), AT_ONCE):
            some = boards[at : at + AT_ONCE]
            for page in pages:
                page.goto("about:blank")
            for page, (uid, _) in zip(pages, some, strict=False):
                page.goto(f"{hub.http_url}/#/d/{uid}?refresh=off")
            problems = [to_the_end(page) for page in pages[: len(some)]]
            tell(hub, f"{', '.join(name.split('-')[0] for _, name in some)} at once, {problems} errors")


def look(page: Page, hub: HubProcess, uid: str) -> int:
    """Open a dashboard and return how many of its panels show an error."""
    page.goto("about:blank")
    page.goto(f"{hub.http_url}/#/d/{uid}?refresh=off")
    return to_the_end(page)


def to_the_end(page: Page) -> int:
    """Scroll to the end, waiting for what is asked on the way, and return how many panels show an error."""
    page.wait_for_selector(".progress", state="attached", timeout=_LONGEST_MS)
    done = False
    while not done:
        if not page.evaluate(_QUIET, _LONGEST_MS):
            return -1
        done = bool(page.evaluate(_SCROLLED))
    return page.locator("[data-testid=panel-problem]").count()


def figures(pid: int) -> dict[str, int]:
    """Return what the kernel says of a process, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    pairs = [line.split() for line in lines if line.startswith(("VmRSS", "VmHWM", "RssAnon"))]
    return {name.rstrip(":"): int(kib) * 1024 for name, kib, *_ in pairs}


def forget_most(hub: HubProcess) -> None:
    """Let the greatest figure begin anew."""
    Path(f"/proc/{hub.pid}/clear_refs").write_text("5")


def tell(hub: HubProcess, what: str) -> None:
    """Print the hub's memory now, and the greatest since it began anew."""
    now: dict[str, Any] = figures(hub.pid)
    mib = {name: size / 2**20 for name, size in now.items()}
    print(f"{what:<60} {mib['VmRSS']:6.0f} MiB, most {mib['VmHWM']:6.0f} MiB", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    raise SystemExit(main())

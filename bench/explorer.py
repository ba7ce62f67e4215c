#!/usr/bin/env python3
"""Measure the explorers under load: many topics and messages, and how long page and terminal take to answer.

Starts a hub of its own, a publisher, Chromium on the page's topics and ``helio explore`` in a terminal, and
does with them what people do while the messages come.

    python -m bench.explorer                                 # 100,000 topics, 5,000 messages/s, a minute
    python -m bench.explorer --topics 10000 --seconds 20     # a quick look
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import pty
import random
import re
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from bench.mqtt_client import Publisher
from tests.chromium import log_in, new_page
from tests.real.hub_process import HubProcess

_PATIENCE: Final = 60.0
_ROOMS: Final = 100
_PACE: Final = 0.02


def main() -> int:
    """Run it, and print what came out."""
    args = _arguments()
    if args.publish_to:
        asyncio.run(_publish(args.publish_to, args.topics, args.rate, args.seconds))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        hub = HubProcess(Path(folder) / "hub", "--no-agent")
        with hub, _terminal(hub) as terminal, new_page() as page:
            log_in(page, hub)
            page.locator('[data-place="topics"]').click()
            page.get_by_test_id("topics").wait_for(timeout=_PATIENCE * 1000)
            measure(hub, terminal, page, args)
    return 0


def measure(hub: HubProcess, terminal: Terminal, page: Page, args: argparse.Namespace) -> None:
    """Let messages come, use page and terminal meanwhile, and print the figures."""
    numbers = ["--topics", str(args.topics), "--rate", str(args.rate), "--seconds", str(args.seconds)]
    command = [sys.executable, "-m", "bench.explorer", "--publish-to", str(hub.mqtt_port), *numbers]
    took: dict[str, list[float]] = {}
    largest: dict[str, float] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as publisher:
        said = publisher.stdout or sys.stdin  # it is there: we asked for it
        print(f"all topics once: {said.readline().strip()}")
        while publisher.poll() is None:
            for name, act in {**_page_acts(page), **_terminal_acts(terminal)}.items():
                began = time.perf_counter()
                act()
                took.setdefault(name, []).append(1000 * (time.perf_counter() - began))
            for name, pid in (("hub", hub.pid), ("terminal", terminal.pid)):
                largest[name] = max(largest.get(name, 0.0), _resident_mb(pid))
        print(f"then: {said.readline().strip()}")
    time.sleep(1)
    counts = hub.json("GET", "/api/topics?limit=1")["counts"]
    print(f"the hub's tree: {counts}")
    print(f"the page: {page.get_by_test_id('topic-counts').inner_text()}")
    print(f"the terminal: {terminal.state()}")
    print(f"{'milliseconds':34} {'times':>6} {'median':>8} {'95 %':>8} {'most':>8}")
    for name, each in took.items():
        high = statistics.quantiles(each, n=20)[-1] if len(each) > 1 else each[0]
        print(f"{name:34} {len(each):6} {statistics.median(each):8.0f} {high:8.0f} {max(each):8.0f}")
    for name, megabytes in largest.items():
        print(f"memory of {name}: at most {megabytes:.0f} MB resident")


def _page_acts(page: Page) -> dict[str, Callable[[], object]]:
    room = f"load/room{random.randrange(_ROOMS):03}"
    level = page.locator('[data-path="load"]')
    box = page.locator(".topic-rows")

    def unfold() -> None:
        level.locator(".topic-name").click()
        page.locator('[data-path="load/room000"]').wait_for(timeout=_PATIENCE * 1000)

    def scroll() -> None:
        box.evaluate("box => { box.scrollTop = box.scrollHeight }")
        page.locator(f'[data-path="load/room{_ROOMS - 1:03}"]').wait_for(timeout=_PATIENCE * 1000)
        box.evaluate("box => { box.scrollTop = 0 }")
        level.wait_for(timeout=_PATIENCE * 1000)

    def fold() -> None:
        level.locator(".topic-name").click()
        page.locator('[data-path="load/room000"]').wait_for(state="detached", timeout=_PATIENCE * 1000)

    def find() -> None:
        page.get_by_test_id("topic-search").fill(f"{room} device00001")
        page.locator(f'[data-path="{room}/device00001/state"]').wait_for(timeout=_PATIENCE * 1000)
        page.get_by_test_id("topic-search").fill("")
        level.wait_for(timeout=_PATIENCE * 1000)

    return {
        "page: open a level": unfold,
        "page: to the end and back": scroll,
        "page: close a level": fold,
        "page: search, and back": find,
    }


def _terminal_acts(terminal: Terminal) -> dict[str, Callable[[], object]]:
    room = f"room{random.randrange(_ROOMS):03}"
    return {
        "terminal: pause": lambda: terminal.press(b" ", b"PAUSED"),
        "terminal: go on": lambda: terminal.press(b" ", b""),
        "terminal: search": lambda: terminal.press(f"/{room} device00001".encode(), b" 1 found"),
        "terminal: leave it": lambda: terminal.press(b"\x1b", "▸".encode()),
    }


class Terminal:
    """``helio explore`` in a terminal of its own."""

    def __init__(self, pid: int, screen: int) -> None:
        self.pid = pid
        self._screen = screen

    def press(self, key: bytes, until: bytes) -> None:
        """Press a key, and wait until something is on the screen; anything, where nothing is named."""
        while select.select([self._screen], [], [], 0)[0]:
            os.read(self._screen, 65_536)
        os.write(self._screen, key)
        seen = b""
        deadline = time.monotonic() + _PATIENCE
        while not seen or until not in seen:
            left = deadline - time.monotonic()
            if not select.select([self._screen], [], [], max(left, 0))[0]:
                shown = seen[-2000:].decode(errors="replace")
                raise TimeoutError(
                    f"the terminal did not show {until!r} within {_PATIENCE:.0f} s, but {shown}"
                )
            seen += os.read(self._screen, 65_536)

    def state(self) -> str:
        """Return the line that stands above all: it is drawn anew, as everything is, at another size."""
        _resize(self._screen, 41)
        seen = b""
        while select.select([self._screen], [], [], 2)[0] and b"messages" not in seen[-4096:]:
            seen += os.read(self._screen, 65_536)
        text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", seen).decode(errors="replace")
        return text[text.rfind("mqtt://") :][:140].strip()


def _resize(screen: int, lines: int) -> None:
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", lines, 140, 0, 0))


@contextmanager
def _terminal(hub: HubProcess) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    _resize(theirs, 40)
    command = [sys.executable, "-m", "heliograph", "explore", "-p", str(hub.mqtt_port)]
    environment = hub.environment | {"TERM": "xterm-256color"}
    program = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    terminal = Terminal(program.pid, ours)
    try:
        terminal.press(b"", b"topics")
        yield terminal
        os.write(ours, b"q")
    finally:
        deadline = time.monotonic() + 10
        while program.poll() is None and time.monotonic() < deadline:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    os.read(ours, 65_536)
                except OSError:
                    break  # it has closed its side
        program.terminate()
        program.wait(10)
        os.close(ours)


async def _publish(port: int, topics: int, rate: int, seconds: float) -> None:
    names = [
        f"load/room{number % _ROOMS:03}/device{number // _ROOMS:05}/state".encode()
        for number in range(topics)
    ]
    async with Publisher(port, "explorer-bench") as publisher:
        for is_known, count in ((False, topics), (True, int(rate * seconds))):
            began = time.perf_counter()
            sent = 0
            while sent < count:
                due = min(int((time.perf_counter() - began) * rate) + 1, count)
                for number in range(sent, due):
                    at = number if not is_known else random.randrange(topics)
                    payload = json.dumps({"t": 20 + number % 7, "n": number}).encode()
                    publisher.send_unacknowledged(names[at], payload)
                sent = max(sent, due)
                await publisher.drain()
                await asyncio.sleep(_PACE)
            took = time.perf_counter() - began
            print(f"{sent:,} messages in {took:.1f} s, {sent / took:,.0f}/s", flush=True)


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", type=int, default=100_000, help="how many topics there are (100000)")
    parser.add_argument("--rate", type=int, default=5_000, help="messages a second (5000)")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="how long, after each topic came once (60)"
    )
    parser.add_argument("--publish-to", type=int, metavar="PORT", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

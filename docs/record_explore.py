"""Writes what stands of ``helio explore`` in docs/explorer.md: ``python -m docs.record_explore``.

It is the program itself, without a terminal, on a hub of its own with example messages: keys are pressed, and
each picture is taken when it shows what its scene is about.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from heliograph.cli.explore import configure, explorer
from tests.real.hub_process import HubProcess

PAGE: Final = Path(__file__).with_name("explorer.md")
BEGIN: Final = "<!-- from helio explore itself, by docs/record_explore.py -->\n"
END: Final = "<!-- end -->\n"
SIZE: Final = (104, 24)
PATIENCE: Final = 120.0
VALUES: Final = '{"t": "{sin:21.0:23.0:5}", "h": "{int:60:63}"}'
AIR: Final = ("pub", "-q", "1", "-t", "greenhouse/bed1/air", "--json", VALUES, "--every", "200ms")
EARLIER: Final = (("pub", "-q", "1", "-t", "greenhouse/fan", "-m", "on", "-r"), (*AIR, "--count", "40"))
"""Commands that end before anybody listens; what is retained is known to be so only then."""
COMING: Final = (AIR, ("demo",))
"""Commands that go on until they are ended."""


@dataclass(frozen=True)
class Scene:
    """A picture: what is told of it, the keys that lead there, the words that it must show."""

    told: str
    keys: tuple[str, ...]
    shows: tuple[str, ...]
    typed: str = ""
    """What is written into the field under the cursor, in place of what stands there."""


SCENES: Final = (
    Scene(
        "Two levels opened, a topic chosen:",
        ("right", "down", "right", "down"),
        ("▾ greenhouse", "▾ bed1", "fan (retained) = on", "▸ tel", '"t": ', " to 2"),
    ),
    Scene("`v` goes through the views to *changes*:", ("v", "v", "v"), ("changes", " → ", " to 2")),
    Scene(
        "`s` asks how the topic is to be stored; `{house}/{bed}/air` was written over `greenhouse/bed1/air`:",
        ("s",),
        ("Store this topic", "air,bed=bed1,house=greenhouse t=2"),
        typed="{house}/{bed}/air",
    ),
    Scene(
        "Enter stores from now on. `h` shows what the hub's stream has:",
        ("enter", "h"),
        ("messages of the last hour", " to 2"),
    ),
    Scene("Once more `h`, and it is what is stored:", ("h",), ("bed=bed1,house=greenhouse t:",)),
    Scene(
        "`/fan` finds a topic:", ("slash", "f", "a", "n", "enter"), ("1 found", "greenhouse/fan (retained)")
    ),
)


async def record(port: int) -> list[str]:
    """Return the pictures of all scenes, from the broker at a port of this machine.

    Raises:
        TimeoutError: a scene does not show its words.
    """
    parser = argparse.ArgumentParser(add_help=False)
    configure(parser)
    args = parser.parse_args(["-h", "localhost", "-p", str(port)])
    async with explorer(args) as app, app.run_test(size=SIZE, notifications=False) as pilot:
        await _shown(app, pilot, ("greenhouse  2 topics", "▸ tel"))
        return [await _picture(app, pilot, scene) for scene in SCENES]


async def _picture(app: App[None], pilot: Pilot[None], scene: Scene) -> str:
    for key in scene.keys:
        await pilot.press(key)
        await pilot.pause()
    if scene.typed:
        await _shown(app, pilot, ("name of the rule",))
        app.screen.query_one("Input:focus", Input).value = scene.typed
    return await _shown(app, pilot, scene.shows)


async def _shown(app: App[None], pilot: Pilot[None], words: tuple[str, ...]) -> str:
    """Return the screen as soon as it shows all words."""
    screen = ""
    try:
        async with asyncio.timeout(PATIENCE):
            while not all(word in screen for word in words):
                await pilot.pause(0.1)
                screen = screen_text(app)
    except TimeoutError:
        raise TimeoutError(f"the screen does not show all of {words}:\n{screen}") from None
    return screen


def screen_text(app: App[None]) -> str:
    """Return the screen as text: Textual draws it as SVG, in which each text has its column and line."""
    lines: dict[int, list[str]] = {}
    drawing = ET.fromstring(app.export_screenshot(simplify=True))  # noqa: S314 - it is our own
    for element in drawing.iter("{http://www.w3.org/2000/svg}text"):
        place = re.search(r"-line-(\d+)\)", element.get("clip-path", ""))
        if place and element.text:
            line = lines.setdefault(int(place[1]), [])
            line.extend(" " * (round(float(element.get("x", 0)) / 12.2) - len(line)))
            line.extend(element.text.replace("\xa0", " "))
    return "\n".join("".join(lines.get(number, ())).rstrip() for number in range(SIZE[1]))


def pages(pictures: list[str]) -> str:
    """Return the pictures for the docs, without lines in which nothing stands."""
    return "\n".join(
        f"{scene.told}\n\n```\n{_without_empty_lines(picture)}\n```\n"
        for scene, picture in zip(SCENES, pictures, strict=True)
    )


def _without_empty_lines(picture: str) -> str:
    return "\n".join(line for line in picture.splitlines() if line.strip(" │"))


def renewed(page: str, pictures: str) -> str:
    """Return the text of the page with other pictures."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + pictures + END + after


@contextmanager
def saying(hub: HubProcess) -> Iterator[None]:
    """Have example messages come to a hub."""
    told = hub.environment | {"HELIO_MQTT_HOST": hub.mqtt_host, "HELIO_MQTT_PORT": str(hub.mqtt_port)}
    helio = (sys.executable, "-m", "heliograph")
    for command in EARLIER:
        subprocess.run([*helio, *command], env=told, check=True, timeout=PATIENCE)  # noqa: S603 - ours
    programs = [
        subprocess.Popen(  # noqa: S603 - ours
            [*helio, *command], env=told, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        for command in COMING
    ]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def main() -> None:
    """Record, and write the page."""
    with tempfile.TemporaryDirectory() as folder, HubProcess(Path(folder) / "hub", "--no-agent") as hub:
        os.environ["HELIO_HOME"] = str(hub.home)
        with saying(hub):
            pictures = asyncio.run(record(hub.mqtt_port))
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), pages(pictures)), encoding="utf-8")


if __name__ == "__main__":
    main()

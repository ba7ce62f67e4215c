"""``helio explore`` asks the hub: a topic is stored by a rule, and looked at far back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from heliograph.cli.explorer.app import ExploreApp
from heliograph.cli.explorer.past import HubPast
from heliograph.cli.explorer.tree_view import TreeView
from heliograph.cli.hub_client import request
from heliograph.topics.tree import TopicTree
from heliograph.transport.mqtt_client_message import Publication
from tests.real.hub_process import HubProcess
from tests.real.test_topics import publish, told, until_listening

TOPIC = "lab/env"
PATIENCE = 120.0


async def never_publish(publication: Publication) -> None:
    """Refuse to publish."""
    raise AssertionError(f"{publication.topic} was published")


async def until(pilot: Pilot[None], is_so: Callable[[], bool]) -> None:
    """Let the program go on until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not is_so():
            await pilot.pause(0.05)


def play(scene: Callable[[ExploreApp, Pilot[None]], Awaitable[None]]) -> None:
    """Show a topic with two messages under the bar, and let a scene press keys."""

    async def run() -> None:
        tree = TopicTree()
        for number in (20, 21):
            tree.put(TOPIC, b'{"t": %d}' % number, time.time_ns())
        app = ExploreApp(tree, never_publish, lambda: "mqtt://lab:1883", HubPast(request))
        async with app.run_test(size=(130, 45)) as pilot:
            await app.query_one(TreeView).look()
            await pilot.press("right", "down")
            await scene(app, pilot)

    asyncio.run(run())


def shown(app: ExploreApp, where: str) -> str:
    """Return what stands somewhere on the screen."""
    return str(app.screen.query_one(where, Static).render())


def test_a_topic_is_stored_and_looked_at_far_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def store(app: ExploreApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await until(pilot, lambda: "env t=21.0" in shown(app, "#made"))
        app.screen.query_one("#rule-topic", Input).value = "{room/env"
        await until(pilot, lambda: "{room" in shown(app, "#problem"))
        await pilot.press("enter")
        assert len(app.screen_stack) == 2, "what is wrong is not taken"
        app.screen.query_one("#rule-topic", Input).value = "{room}/env"
        await until(pilot, lambda: "env,room=lab t=21.0" in shown(app, "#made"))
        await pilot.press("enter")
        await until(pilot, lambda: len(hub.json("GET", "/api/ingest")["rules"]) == rules + 1)

    async def look(app: ExploreApp, pilot: Pilot[None]) -> None:
        await pilot.press("h")
        await until(pilot, lambda: "3 messages of the last hour" in shown(app, "#detail"))
        assert "t: 20 to 22" in shown(app, "#detail")
        await pilot.press("h")
        await until(pilot, lambda: "env,room=lab t: 22 to 22" in shown(app, "#detail"))
        await pilot.press("h")
        await until(pilot, lambda: "of the last hour" not in shown(app, "#detail"))
        assert "t: 20 to 21" in shown(app, "#detail")

    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        monkeypatch.setenv("HELIO_URL", hub.http_url)
        monkeypatch.setenv("HELIO_TOKEN", hub.token)
        until_listening(hub)
        rules = len(hub.json("GET", "/api/ingest")["rules"])
        publish(hub, *((TOPIC, b'{"t": %d}' % number, 1, False) for number in (20, 21)))
        play(store)
        publish(hub, (TOPIC, b'{"t": 22}', 1, False))
        told(hub, TOPIC, 3)
        play(look)


def test_without_a_hub_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HELIO_HOME", str(tmp_path))
    monkeypatch.delenv("HELIO_TOKEN", raising=False)

    async def scene(app: ExploreApp, pilot: Pilot[None]) -> None:
        said: list[str] = []
        app.notify = lambda text, **_: said.append(text)  # type: ignore[method-assign]  # it fades away
        await pilot.press("h")
        await until(pilot, lambda: any("no token" in text for text in said))
        await pilot.press("s", "enter")
        await until(pilot, lambda: any("helio ingest add lab-env" in text for text in said))

    play(scene)

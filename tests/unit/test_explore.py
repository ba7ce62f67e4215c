"""``helio explore`` without a broker: a tree that the test fills, keys, and what is on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from heliograph.cli.explorer.app import ExploreApp
from heliograph.cli.explorer.past import HubPast
from heliograph.cli.explorer.text import numbers_at, payload_text, printable, sparkline
from heliograph.cli.explorer.tree_view import TreeView
from heliograph.cli.main import main
from heliograph.errors import ConnectionLost, HubError
from heliograph.topics.tree import Sighting, TopicTree
from heliograph.transport.mqtt_client_message import Publication

Play = Callable[[ExploreApp, Pilot[None]], Awaitable[None]]


def filled() -> TopicTree:
    """Return a tree with a few topics."""
    tree = TopicTree()
    for number in range(5):
        tree.put("lab/pi/env", f'{{"t": {20 + number}, "h": 5}}'.encode(), number * 10**9)
    tree.put("lab/pi/state", b"online", 9 * 10**9, retained=True)
    tree.put("zoo", b"\x1b[31mred\x00", 9 * 10**9)
    return tree


def play(tree: TopicTree, scene: Play, *, is_broken: bool = False) -> list[Publication]:
    """Show a tree, let a scene press keys, and return what was published.

    Nothing is sent anywhere: what the broker does with it is tested with real brokers.
    """
    sent: list[Publication] = []

    async def publish(publication: Publication) -> None:
        if is_broken:
            raise ConnectionLost("mqtt://lab:1883", "the broker hung up")
        sent.append(publication)

    async def run() -> None:
        app = ExploreApp(tree, publish, lambda: "mqtt://lab:1883", HubPast(no_hub))
        async with app.run_test(size=(120, 30)) as pilot:
            view = app.query_one(TreeView)
            await view.look()
            await pilot.pause()
            await scene(app, pilot)

    asyncio.run(run())
    return sent


def no_hub(method: str, path: str, body: object) -> dict[str, Any]:
    """Answer as where no hub runs; what a real one answers is asked in tests/real."""
    raise HubError("http://127.0.0.1:8086", f"no hub answers there: {method} {path} {body}")


async def never_publish(publication: Publication) -> None:
    """Refuse to publish."""
    raise AssertionError(f"{publication.topic} was published")


def detail(app: ExploreApp) -> str:
    """Return what stands at the right."""
    return str(app.query_one("#detail", Static).render())


def chosen(app: ExploreApp) -> str:
    """Return the path under the bar."""
    node = app.query_one(TreeView).chosen
    assert node is not None
    return node.path


def test_keys_open_levels_and_show_a_topic() -> None:
    async def scene(app: ExploreApp, pilot: Pilot[None]) -> None:
        await pilot.press("right", "down", "right", "down")
        assert chosen(app) == "lab/pi/env"
        assert '"t": 24' in detail(app)
        assert "t: 20 to 24" in detail(app)
        await pilot.press("n")
        assert "h: 5 to 5" in detail(app)
        await pilot.press("v", "v", "v")
        assert "t: 23 → 24" in detail(app)
        await pilot.press("left_square_bracket")
        assert "t: 22 → 23" in detail(app)
        await pilot.press("left")
        assert chosen(app) == "lab/pi"
        await pilot.press("left", "left")
        assert chosen(app) == "lab"

    play(filled(), scene)


def test_search_lists_topics_and_escape_shows_the_tree() -> None:
    async def scene(app: ExploreApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", "s", "t", "a", "t", "e", "enter")
        await pilot.pause()
        assert app.query_one(TreeView).total == 1
        assert chosen(app) == "lab/pi/state"
        await pilot.press("escape")
        await pilot.pause()
        assert app.query_one(TreeView).total == 2

    play(filled(), scene)


def test_nothing_from_the_network_moves_the_cursor() -> None:
    async def scene(app: ExploreApp, pilot: Pilot[None]) -> None:
        await pilot.press("end")
        assert chosen(app) == "zoo"
        for _ in range(4):
            assert "\x1b" not in detail(app)
            await pilot.press("v")
        lines = [app.query_one(TreeView).render_line(y).text for y in range(2)]
        assert not any("\x1b" in line for line in lines)
        assert "·[31mred·" in lines[1] or "1b 5b" in lines[1]

    play(filled(), scene)


def test_publish_asks_and_tells() -> None:
    async def scene(app: ExploreApp, pilot: Pilot[None]) -> None:
        await pilot.press("p")
        await pilot.pause()
        await pilot.press(*"a/b", "tab", *"on", "enter")
        await pilot.pause()
        assert len(app.screen_stack) == 1

    tree = TopicTree()
    assert play(tree, scene) == [Publication("a/b", b"on")]


def test_a_wrong_topic_is_told_in_the_dialog() -> None:
    async def scene(app: ExploreApp, pilot: Pilot[None]) -> None:
        await pilot.press("p")
        await pilot.pause()
        await pilot.press("a", "number_sign", "enter")
        await pilot.pause()
        assert "wildcard" in str(app.screen.query_one("#problem", Static).render())

    assert play(TopicTree(), scene) == []


@pytest.mark.thorough
@pytest.mark.parametrize(("answer", "cleared"), [("y", True), ("n", False)])
def test_what_is_retained_is_cleared_after_a_question(answer: str, *, cleared: bool) -> None:
    async def scene(app: ExploreApp, pilot: Pilot[None]) -> None:
        await pilot.press("right", "down", "right", "down", "down", "c")
        await pilot.pause()
        await pilot.press(answer)
        await pilot.pause()
        assert len(app.screen_stack) == 1

    expected = [Publication("lab/pi/state", b"", 1, retained=True)] if cleared else []
    assert play(filled(), scene) == expected


def test_a_broker_that_hangs_up_ends_nothing() -> None:
    async def scene(app: ExploreApp, pilot: Pilot[None]) -> None:
        await pilot.press("p")
        await pilot.pause()
        await pilot.press("a", "enter")
        await pilot.pause()
        assert app.is_running

    assert play(TopicTree(), scene, is_broken=True) == []


@pytest.mark.thorough
def test_a_hundred_thousand_topics_are_a_screen() -> None:
    tree = TopicTree()
    for number in range(100_000):
        tree.put(f"t/{number:06}", b"1", number)

    async def scene(app: ExploreApp, pilot: Pilot[None]) -> None:
        await pilot.press("right", "end")
        assert chosen(app) == "t/099999"
        await pilot.press("pageup", "home")
        assert chosen(app) == "t"

    play(tree, scene)


def test_pause_keeps_the_picture() -> None:
    tree = TopicTree()

    async def scene(app: ExploreApp, pilot: Pilot[None]) -> None:
        await pilot.press("space")
        tree.put("late", b"1", 1)
        assert "PAUSED" in str(app.query_one("#state", Static).render())
        assert app.query_one(TreeView).total == 0

    play(tree, scene)


@pytest.mark.parametrize("sought", ["", "t"])
def test_a_tick_after_the_screen_is_gone_ends_nothing(sought: str) -> None:
    async def run() -> None:
        tree = filled()
        app = ExploreApp(tree, never_publish, lambda: "mqtt://lab:1883", HubPast(no_hub))
        async with app.run_test() as pilot:
            view = app.query_one(TreeView)
            await view.look_for(sought)
            await pilot.pause()
            await view.remove()
            await app.look()
        await app.look()

    asyncio.run(run())


def test_a_screen_that_goes_while_it_is_looked_at_ends_nothing() -> None:
    async def run() -> None:
        app = ExploreApp(filled(), never_publish, lambda: "mqtt://lab:1883", HubPast(no_hub))
        async with app.run_test():
            view = app.query_one(TreeView)
            look = view.look

            async def look_and_go() -> None:
                await look()
                await view.remove()

            view.look = look_and_go  # type: ignore[method-assign]  # the order that a loaded machine makes
            await app.look()
            assert not view.is_attached

    asyncio.run(run())


def test_values_become_lines_of_blocks() -> None:
    assert sparkline([0, 7, float("inf"), 3.5], 10) == "▁█▄"
    assert sparkline([1, 1], 10) == "▁▁"
    assert sparkline([], 10) == ""
    seen = [Sighting(n, f'{{"on": {n}}}'.encode(), 9, retained=False) for n in range(3)]
    assert numbers_at("a", seen, "on") == [0.0, 1.0, 2.0]
    assert payload_text("a", seen[0], None, "changes").startswith("There is no message")
    assert printable("a\x1b[2J\nb", lines=True) == "a·[2J\nb"


def test_without_a_terminal_it_says_what_to_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore"]) == 2
    assert "helio sub -v" in capsys.readouterr().err

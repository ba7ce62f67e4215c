"""``helio explore`` on the screen: the tree at the left, the chosen topic at the right, keys below."""

from __future__ import annotations

import shlex
import time
from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.timer import Timer
from textual.widgets import Footer, Input, Static

from heliograph.cli.explorer.dialogs import PublishDialog, Question
from heliograph.cli.explorer.past import HubPast, Past
from heliograph.cli.explorer.store_dialog import StoreDialog
from heliograph.cli.explorer.text import (
    VIEWS,
    clock,
    decoded,
    numbers_at,
    numeric_paths,
    payload_text,
    printable,
    sparkline,
)
from heliograph.cli.explorer.tree_view import TreeView
from heliograph.codec.ingest.proposal import Seen, command_of, propose
from heliograph.codec.ingest.rule import make_rule
from heliograph.errors import Error
from heliograph.topics.tree import Sighting, Topic, TopicTree
from heliograph.topics.view import preview
from heliograph.transport.mqtt_client_message import Publication

_LOOK_EVERY: Final = 0.25
_LISTED: Final = 20
_LINE: Final = 60
_LISTED_TIME: Final = len("> 12:00:00.000  ")
_SEARCH_HINT: Final = "words, or a filter such as +/temp/#; Enter goes to the list"
_CHOOSE: Final = "Choose a topic first: a line with a value behind its name."
_NOT_STORED: Final = "No rule is needed below tel/, and none can store what has no values."

Publish = Callable[[Publication], Awaitable[None]]


class ExploreApp(App[None]):
    """The topics of one broker.

    Args:
        tree: filled by somebody else while this is shown.
        publish: publishes; its errors are shown.
        state: tells where we are and whether we are connected.
        hub: knows more of a topic than what was seen here.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #state { height: 1; background: $panel; padding: 0 1; }
    #search { display: none; border: none; height: 1; background: $boost; }
    TreeView { width: 1fr; }
    #side { width: 1fr; border-left: solid $panel; padding: 0 1; }
    .dialog { width: 80; height: auto; padding: 1 2; background: $surface; border: round $accent; }
    .wide { width: 120; max-width: 100%; max-height: 100%; padding: 0 1; }
    .wide Input { height: 1; border: none; padding: 0; }
    .hint { color: $text-muted; }
    #problem { color: $error; }
    ModalScreen { align: center middle; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        # before anything else, so that the letters behind it, however quickly they come, are the field's
        Binding("slash", "search", "Search", key_display="/", priority=True),
        Binding("escape", "end_search", "All", show=False),
        Binding("space", "pause", "Pause"),
        Binding("v", "view", "View"),
        Binding("n", "number", "Number"),
        Binding("left_square_bracket", "older(1)", "Older", key_display="["),
        Binding("right_square_bracket", "older(-1)", "Newer", key_display="]"),
        Binding("h", "past", "History"),
        Binding("s", "store", "Store"),
        Binding("p", "publish", "Publish"),
        Binding("c", "clear", "Clear retained"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, tree: TopicTree, publish: Publish, state: Callable[[], str], hub: HubPast) -> None:
        super().__init__()
        self._hub = hub
        self._past = Past()
        self._tree = tree
        self._publish = publish
        self._state = state
        # by reference: while the screen is taken down a timer may still tick, and nothing is found by name
        self._levels = TreeView(tree)
        self._state_line = Static(id="state", markup=False)
        self._side = Static(id="detail", markup=False)
        self._search_field = Input(placeholder=_SEARCH_HINT, id="search")
        self._looking: Timer | None = None
        self._view = 0
        self._number = 0
        self._older = 0
        self._is_paused = False

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self._state_line
        yield self._search_field
        with Horizontal():
            yield self._levels
            with VerticalScroll(id="side", can_focus=False):
                yield self._side
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look at the tree."""
        self._levels.focus()
        self._looking = self.set_interval(_LOOK_EVERY, self.look)

    def on_unmount(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.stop()

    async def look(self) -> None:
        """Show what the tree has now; nothing happens once the screen is gone."""
        if not self._levels.is_attached:
            return
        self._show_state()
        if not self._is_paused:
            await self._levels.look()
            self._show_topic()

    def _show_state(self) -> None:
        root, counters = self._tree.root, self._tree.counters
        parts = [self._state(), f"{root.topics:,} topics", f"{counters.messages:,} messages"]
        if counters.evicted_topics:
            parts.append(f"{counters.evicted_topics:,} silent topics let go")
        levels = self._levels
        if levels.search_text:
            parts.append(f"{levels.total:,}{' and more' if levels.is_cut else ''} found")
        if self._is_paused:
            parts.append("PAUSED (space goes on)")
        self._state_line.update("  ·  ".join(parts))

    @on(TreeView.Chosen)
    def _choose(self) -> None:
        self._older = self._number = 0
        self._past = Past()
        self._show_topic()

    def _topic(self) -> Topic | None:
        node = self._levels.chosen
        return None if node is None else node.topic

    def _show_topic(self) -> None:
        topic = self._topic()
        shown = Text("Choose a topic.", style="dim") if topic is None else self._detail(topic)
        self._side.update(shown)

    def _detail(self, topic: Topic) -> Text:
        messages = [*self._past.messages] or [*(topic.earlier or ()), topic.last]
        self._older = max(0, min(self._older, len(messages) - 1))
        at = len(messages) - 1 - self._older
        seen, before = messages[at], messages[at - 1] if at else None
        name = topic.node.path
        text = Text(printable(name) + "\n", style="bold")
        text.append(self._facts(topic, seen) + "\n\n", style="dim")
        text.append(payload_text(name, seen, before, VIEWS[self._view]) + "\n\n", style="not bold")
        text.append(self._past.title, style="yellow not bold")
        if self._past.lines:
            text.append(self._past.lines + "\n", style="not bold")
        else:
            self._plot(text, name, seen, messages)
            text.append(self._earlier(messages, at), style="not bold")
        text.append(f"\n{_command(name, seen)}", style="dim not bold")
        return text

    def _facts(self, topic: Topic, seen: Sighting) -> str:
        rate = topic.rate_at(time.time_ns())
        form = decoded(topic.node.path, seen).form
        parts = [clock(seen.time_ns), f"{seen.size_bytes:,} bytes", form, f"{rate:,.1f}/s", VIEWS[self._view]]
        if topic.retained:
            parts.append("retained")
        return " · ".join(parts)

    def _width(self) -> int:
        """Return how many letters a line at the right takes; a chart in two lines would be none."""
        return min(self._side.size.width or _LINE, _LINE)

    def _plot(self, text: Text, name: str, seen: Sighting, messages: list[Sighting]) -> None:
        paths = numeric_paths(name, seen)
        if not paths or len(messages) < 2:
            return
        path = paths[self._number % len(paths)]
        numbers = numbers_at(name, messages, path)
        if numbers:
            label = printable(path) or "value"
            text.append(f"{sparkline(numbers, self._width())}\n", style="yellow not bold")
            text.append(f"{label}: {min(numbers):g} to {max(numbers):g}\n\n", style="dim not bold")

    def _earlier(self, messages: list[Sighting], at: int) -> str:
        listed = list(enumerate(messages))[-_LISTED:]
        room = max(self._width() - _LISTED_TIME, 1)
        return "".join(
            f"{'>' if number == at else ' '} {clock(seen.time_ns)}  {printable(preview(seen))[:room]}\n"
            for number, seen in reversed(listed)
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave a slash to the field that is being filled."""
        if action == "search" and (len(self.screen_stack) > 1 or isinstance(self.focused, Input)):
            return False
        return super().check_action(action, parameters)

    def action_search(self) -> None:
        """Ask what to look for."""
        self._search_field.display = True
        self.screen.set_focus(self._search_field)

    @on(Input.Changed, "#search")
    async def _search(self, event: Input.Changed) -> None:
        if event.value == self._search_field.value:  # or else letters have come since, and are sought next
            await self._levels.look_for(event.value.strip())
            self._show_state()

    @on(Input.Submitted, "#search")
    def _searched(self) -> None:
        self._levels.focus()

    def action_end_search(self) -> None:
        """Show the whole tree."""
        self._search_field.value = ""
        self._search_field.display = False
        self._levels.focus()

    def action_pause(self) -> None:
        """Keep the picture as it is, or go on."""
        self._is_paused = not self._is_paused
        self._show_state()

    def action_view(self) -> None:
        """Show the payload in the next form."""
        self._view = (self._view + 1) % len(VIEWS)
        self._show_topic()

    def action_number(self) -> None:
        """Draw the next number of the message."""
        self._number += 1
        self._show_topic()

    def action_older(self, by: int) -> None:
        """Go to the message before, or to the one behind."""
        self._older += by
        self._show_topic()

    @work(exclusive=True)
    async def action_past(self) -> None:
        """Show what the stream has of the topic, then what is stored of it, then again what was seen."""
        topic = self._topic()
        if topic is None:
            self.notify(_CHOOSE, markup=False)
            return
        kind, self._older = self._past.following, 0
        try:
            found = await Past.of(self._hub, topic.node.path, kind, self._width())
        except Error as error:
            self._past = Past()
            self.notify(printable(str(error)), severity="error", markup=False)
        else:
            if topic is self._topic():
                self._past = found
        self._show_topic()

    @work
    async def action_store(self) -> None:
        """Ask how the topic is to be stored, and let the hub do so from now on."""
        topic = self._topic()
        if topic is None:
            self.notify(_CHOOSE, markup=False)
            return
        name = topic.node.path
        messages = [
            Seen(s.time_ns, s.payload, s.retained) for s in (topic.last, *reversed(topic.earlier or ()))
        ]
        rule = propose(name, (seen.payload for seen in messages))
        if rule is None:
            self.notify(_NOT_STORED, markup=False)
            return
        asked = await self.push_screen_wait(StoreDialog(name, rule, messages))
        if asked is None:
            return
        try:
            await self._hub.add_rule(asked)
        except Error as error:
            self.notify(printable(f"{error}\n{command_of(make_rule(asked))}"), severity="error", markup=False)
        else:
            self.notify(printable(f"The rule {asked['name']} holds from now on"), markup=False)

    @work
    async def action_publish(self) -> None:
        """Ask for a message and publish it."""
        topic = self._topic()
        name = "" if topic is None else topic.node.path
        publication = await self.push_screen_wait(PublishDialog(name, ""))
        if publication is not None:
            await self._send(publication, f"Published to {publication.topic}")

    @work
    async def action_clear(self) -> None:
        """Ask, and remove the retained message of the chosen topic."""
        topic = self._topic()
        if topic is None or not topic.retained:
            self.notify("Nothing retained is known of what is chosen.", markup=False)
            return
        name = topic.node.path
        if await self.push_screen_wait(Question(f"Remove the retained message of {printable(name)}?")):
            await self._send(Publication(name, b"", 1, retained=True), f"Removed from {name}")

    async def _send(self, publication: Publication, done: str) -> None:
        try:
            await self._publish(publication)
        except Error as error:
            self.notify(printable(str(error)), severity="error", markup=False)
        else:
            self.notify(printable(done), markup=False)


def _command(topic: str, seen: Sighting) -> str:
    """Return the command that publishes a message again; of bytes, that prints what comes."""
    try:
        payload = seen.payload.decode()
    except UnicodeDecodeError:
        payload = ""
    if not payload.isprintable() or not payload or len(payload) > 1_000:
        return f"helio sub -t {shlex.quote(printable(topic))} -v"
    return f"helio pub -t {shlex.quote(printable(topic))} -m {shlex.quote(payload)}"

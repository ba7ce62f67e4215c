"""The tree on the terminal: only the lines on the screen are made, however many topics there are."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from heliograph.cli.explorer.text import printable
from heliograph.topics.search import search
from heliograph.topics.tree import Node, TopicTree
from heliograph.topics.view import Row, preview, rows_of

_SEARCH_AGAIN: Final = 1.0
_FAST: Final = 0.1
_DIM: Final = Style(dim=True)
_ALIVE: Final = Style(color="yellow")


class TreeView(ScrollView, can_focus=True):
    """The levels of a tree, some of them open, and the one that is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-10000000)", "First", show=False),
        Binding("end", "move(10000000)", "Last", show=False),
        Binding("right,enter", "unfold", "Open"),
        Binding("left", "fold", "Close"),
    ]

    class Chosen(Message):
        """Another level is chosen."""

    def __init__(self, tree: TopicTree) -> None:
        super().__init__()
        self._topics = tree
        self._opened: set[str] = set()
        self._rows: list[Row] = []
        self._first = 0
        self._total = 0
        self._at = 0
        self._found: list[Node] | None = None
        self._searched_at = 0.0
        self.search_text = ""
        self.is_cut = False

    @property
    def chosen(self) -> Node | None:
        """The level under the bar."""
        at = self._at - self._first
        return self._rows[at].node if 0 <= at < len(self._rows) else None

    @property
    def total(self) -> int:
        """How many lines there are."""
        return self._total

    async def look_for(self, text: str) -> None:
        """Show what a search finds instead of the tree; nothing again shows the tree."""
        self.search_text, self._at, self._searched_at = text, 0, 0.0
        self._found = None if not text else []
        await self.look()
        self.scroll_to(y=0, animate=False)
        self.post_message(self.Chosen())

    async def look(self) -> None:
        """Show what the tree has now; the bar stays on its level."""
        if self.search_text and time.monotonic() - self._searched_at > _SEARCH_AGAIN:
            asked = self.search_text
            topics, self.is_cut = await search(self._topics, asked)
            if asked != self.search_text:
                return
            self._found = [topic.node for topic in topics]
            self._searched_at = time.monotonic()
            await asyncio.sleep(0)
        self._take_rows()
        self.refresh()

    def _take_rows(self) -> None:
        wanted = self.size.height + 1
        self._first = max(0, min(self.scroll_offset.y, self._at))
        if self._at >= self._first + wanted:
            self._first = self._at - wanted + 1
        if self._found is not None:
            self._total = len(self._found)
            some = self._found[self._first : self._first + wanted]
            self._rows = [Row(node, 0, is_open=False) for node in some]
        else:
            self._total, self._rows = rows_of(self._topics, self._opened, self._first, wanted)
        if self._total and self._at >= self._total:
            self._at = self._total - 1
            self._take_rows()
            return
        self.virtual_size = Size(self.size.width, self._total)

    def render_line(self, y: int) -> Strip:
        """Return a line of the screen."""
        number = self.scroll_offset.y + y
        at = number - self._first
        if not 0 <= at < len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        strip = Strip(self._segments(self._rows[at])).adjust_cell_length(self.size.width)
        style = self.rich_style
        return strip.apply_style(style + Style(reverse=True) if number == self._at else style)

    def _segments(self, row: Row) -> list[Segment]:
        node, topic = row.node, row.node.topic
        arrow = ("▾ " if row.is_open else "▸ ") if node.children and self._found is None else "  "
        name = node.path if self._found is not None else node.name
        segments = [
            Segment("  " * row.depth + arrow),
            Segment(printable(name) or "(empty)", Style(bold=True)),
        ]
        if node.children and self._found is None:
            segments.append(
                Segment(f"  {_counted(node.topics, 'topic')}, {_counted(node.messages, 'message')}", _DIM)
            )
        if topic is not None:
            segments.append(Segment(" (retained)" if topic.retained else "", _DIM))
            segments.append(Segment(f" = {printable(preview(topic.last))}"))
            rate = topic.rate_at(time.time_ns())
            if rate >= _FAST:
                segments.append(Segment(f"  {rate:,.1f}/s", _ALIVE))
        return segments

    def action_move(self, by: int) -> None:
        """Move the bar."""
        self._go(self._at + by)

    def action_page(self, by: int) -> None:
        """Move the bar by a screen."""
        self._go(self._at + by * max(self.size.height - 1, 1))

    def _go(self, at: int) -> None:
        self._at = max(0, min(at, self._total - 1))
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if self._at < top:
            self.scroll_to(y=self._at, animate=False, immediate=True)
        elif self._at >= top + height:
            self.scroll_to(y=self._at - height + 1, animate=False, immediate=True)
        self._take_rows()
        self.refresh()
        self.post_message(self.Chosen())

    def action_unfold(self) -> None:
        """Open the level under the bar, or close it if it is open."""
        node = self.chosen
        if node is not None and node.children and self._found is None:
            self._opened ^= {node.path}
            self._go(self._at)

    def action_fold(self) -> None:
        """Close the level under the bar, or go to the one above it."""
        node = self.chosen
        if node is None or self._found is not None:
            return
        if node.path in self._opened and node.children:
            self._opened.discard(node.path)
            self._go(self._at)
            return
        depth = self._rows[self._at - self._first].depth
        whole = rows_of(self._topics, self._opened, 0, self._at)[1] if depth else []
        above = [at for at, row in enumerate(whole) if row.depth == depth - 1]
        self._go(above[-1] if above else self._at)

    def on_click(self, event: Click) -> None:
        """Choose what is under the mouse; a second click opens it."""
        at = self.scroll_offset.y + event.y
        if at == self._at:
            self.action_unfold()
        else:
            self._go(at)

    def on_resize(self, _: Resize) -> None:
        """Fill the new size."""
        self._take_rows()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Fill what came into view; the bar stays in view, too."""
        super().watch_scroll_y(old_value, new_value)
        top = round(new_value)
        self._at = max(top, min(self._at, top + max(self.size.height - 1, 0)))
        self._take_rows()


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"

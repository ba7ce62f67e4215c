"""The question how a topic is to be stored: a rule, and what it would make of the last messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from heliograph.cli.explorer.text import clock, printable
from heliograph.codec.ingest.proposal import Preview, Seen, preview
from heliograph.codec.ingest.rule import Rule, make_rule
from heliograph.codec.lineprotocol.format import format_point
from heliograph.errors import ConfigError

_SHOWN: Final = 6
_LETTERS: Final = 110
_FIELDS: Final = (
    ("topic", "topics: {room} in place of a level makes it a tag"),
    ("parser", "payload: json, value, cbor, senml, lp, sparkplug"),
    ("measurement", "measurement; nothing: as the payload says"),
    ("fields", "fields: nothing for all numbers; or t, power=ENERGY.Power"),
    ("name", "name of the rule"),
)


class StoreDialog(ModalScreen[dict[str, Any] | None]):
    """Asks for a rule; None when there shall be none.

    Args:
        topic: the topic that is to be stored.
        proposal: the rule to begin with.
        messages: the last ones, the newest first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave")]

    def __init__(self, topic: str, proposal: Rule, messages: Sequence[Seen]) -> None:
        super().__init__()
        self._topic = topic
        self._proposal = proposal
        self._messages = messages[:_SHOWN]

    def compose(self) -> ComposeResult:
        """Lay out the fields."""
        values = {**self._proposal.as_json(), "fields": ", ".join(self._proposal.fields)}
        with Vertical(classes="dialog wide"):
            yield Label("Store this topic (Enter stores from now on, Escape leaves)")
            for key, hint in _FIELDS:
                yield Label(hint, classes="hint")
                yield Input(str(values.get(key, "")), id=f"rule-{key}")
            yield Label("What it would make of the last messages:")
            yield Static("", id="made", markup=False)
            yield Label("", id="problem", markup=False)

    def on_mount(self) -> None:
        """Show what the proposal makes."""
        self._show()

    def _asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = {
            key: self.query_one(f"#rule-{key}", Input).value.strip() for key, _ in _FIELDS
        }
        asked["fields"] = asked["fields"].replace(",", " ").split()
        return asked

    @on(Input.Changed)
    def _show(self) -> None:
        made, problem = self.query_one("#made", Static), self.query_one("#problem", Label)
        try:
            rule = make_rule(self._asked())
        except ConfigError as error:
            problem.update(printable(str(error)))
            return
        problem.update("")
        lines = [_shown(each) for each in preview(rule, self._topic, self._messages)]
        made.update("\n".join(lines))

    @on(Input.Submitted)
    def _store(self) -> None:
        asked = self._asked()
        try:
            make_rule(asked)
        except ConfigError:
            return  # the problem is on the screen
        self.dismiss(asked)

    def action_leave(self) -> None:
        """Store nothing."""
        self.dismiss(None)


def _shown(made: Preview) -> str:
    text = " · ".join(format_point(point) for point in made.points) or f"none: {made.reason}"
    return f"{clock(made.time_ns)}  {printable(text)}"[:_LETTERS]

"""Questions over the screen: what to publish where, and whether to remove a retained message."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, Label, Select

from heliograph.errors import TopicError
from heliograph.model.topic_filter import check_topic
from heliograph.transport.mqtt_client_message import Publication


class PublishDialog(ModalScreen[Publication | None]):
    """Asks for a message; None when there shall be none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave"),
        Binding("ctrl+s", "send", "Publish"),
    ]

    def __init__(self, topic: str, payload: str) -> None:
        super().__init__()
        self._topic = topic
        self._payload = payload

    def compose(self) -> ComposeResult:
        """Lay out the fields."""
        with Vertical(classes="dialog"):
            yield Label("Publish (Enter sends, Escape leaves)")
            yield Input(self._topic, placeholder="topic", id="topic")
            yield Input(self._payload, placeholder="payload", id="payload")
            yield Select([(f"QoS {qos}", qos) for qos in (0, 1, 2)], value=0, allow_blank=False, id="qos")
            yield Checkbox("retained", id="retained")
            yield Label("", id="problem", markup=False)

    @on(Input.Submitted)
    def action_send(self) -> None:
        """Take the message, if there is one."""
        topic = self.query_one("#topic", Input).value
        payload = self.query_one("#payload", Input).value
        qos = self.query_one("#qos", Select).value
        try:
            check_topic(topic)
        except TopicError as error:
            self.query_one("#problem", Label).update(str(error))
            return
        retained = self.query_one("#retained", Checkbox).value
        self.dismiss(Publication(topic, payload.encode(), qos if isinstance(qos, int) else 0, retained))

    def action_leave(self) -> None:
        """Publish nothing."""
        self.dismiss(None)


class Question(ModalScreen[bool]):
    """Asks for yes or no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Yes"),
        Binding("n,escape", "dismiss(False)", "No"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Show the question."""
        with Vertical(classes="dialog"):
            yield Label(f"{self._text} (y/n)", markup=False)

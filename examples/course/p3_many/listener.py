"""What both listeners have in common.

Template method, as the design patterns call it: `Listener.run` says what happens in which order, and leaves
to its subclasses what is different in each: the topics, and what to do with a message.
"""

from __future__ import annotations

import argparse
import sys
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


class Listener(ABC):
    """Connects, subscribes, and hands over each message with the name of the board that sent it."""

    topics: ClassVar[tuple[str, ...]]
    """What to subscribe to; the third level is the name of a board."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options

    @classmethod
    def parser(cls) -> argparse.ArgumentParser:
        """Return the options; subclasses add theirs."""
        parser = argparse.ArgumentParser(description=cls.__doc__)
        parser.add_argument("--host", default="127.0.0.1", help="where the broker is (default: %(default)s)")
        parser.add_argument("--port", type=int, default=1883, help="its port (default: %(default)s)")
        return parser

    @abstractmethod
    def heard(self, board: str, what: str, text: str) -> None:
        """Do what is to be done with a message: ``heard("pi1", "temperature", "22.5")``."""

    def run(self) -> None:
        """Listen until Ctrl-C."""
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: print(f"{type(self).__name__} listens", file=sys.stderr, flush=True)
        client.on_message = self._on_message
        client.connect(self.options.host, self.options.port)
        client.loop_forever()

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe([(topic, 1) for topic in self.topics])

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        _, _, board, what = message.topic.split("/")
        self.heard(board, what, message.payload.decode(errors="replace"))


def main(kind: type[Listener]) -> None:
    """Run one of them as a program."""
    options = kind.parser().parse_args()
    try:
        kind(options).run()
    except OSError as error:
        sys.exit(f"no broker answers at {options.host}:{options.port}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)

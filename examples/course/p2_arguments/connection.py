"""How both programs of this practical reach the broker: the options, and a connection that is ready for use.

Façade, as the design patterns call it: paho has threads, callbacks and reason codes; `Connection` hides them
behind one `with`. Adapter: paho calls a function for each message; `messages` turns that into a `for` loop.
"""

from __future__ import annotations

import argparse
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

ANSWER_TIMEOUT_S = 10.0
MOST_WAITING = 1000


def add_connection_options(parser: argparse.ArgumentParser) -> None:
    """Add what every program needs to find the broker."""
    group = parser.add_argument_group("broker")
    group.add_argument("--host", default="127.0.0.1", help="its name or address (default: %(default)s)")
    group.add_argument("--port", type=int, default=1883, help="its port (default: %(default)s)")
    group.add_argument("--user", help="who we are (default: no login)")
    group.add_argument(
        "--password-file", type=Path, help="a file with the password as its first line (default: no password)"
    )
    group.add_argument("--cafile", help="speak TLS, and trust this authority (default: no TLS)")
    group.add_argument("--client-id", default="", help="our name there (default: the broker makes one)")
    group.add_argument(
        "--keepalive", type=int, default=60, help="seconds between signs of life (default: %(default)s)"
    )


class Connection:
    """A connection to the broker for the length of a ``with``; it comes back by itself when it breaks.

    Args:
        options: what `add_connection_options` declared.
        topics: what to subscribe to, each time that the connection comes up.
        qos: of these subscriptions.
    """

    def __init__(self, options: argparse.Namespace, topics: tuple[str, ...] = (), qos: int = 0) -> None:
        self._address = f"{options.host}:{options.port}"
        self._options = options
        self._topics = [(topic, qos) for topic in topics]
        self._answers: queue.Queue[str] = queue.Queue(maxsize=10)
        self._messages: queue.Queue[mqtt.MQTTMessage] = queue.Queue(maxsize=MOST_WAITING)
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=options.client_id)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message
        if options.user:
            file = options.password_file
            self.client.username_pw_set(options.user, file.read_text().splitlines()[0] if file else None)
        if options.cafile:
            self.client.tls_set(options.cafile)

    def __enter__(self) -> Self:
        """Connect, and return when the broker has said yes to everything.

        Raises:
            ConnectionError: nobody answers there, or the broker refuses us.
        """
        try:
            self.client.connect(self._options.host, self._options.port, self._options.keepalive)
        except OSError as error:
            raise ConnectionError(f"no broker answers at {self._address}: {error}") from error
        self.client.loop_start()
        try:
            refusal = self._answers.get(timeout=ANSWER_TIMEOUT_S)
        except queue.Empty:
            refusal = f"it has not answered in {ANSWER_TIMEOUT_S:g} seconds"
        if refusal:
            self.__exit__()
            raise ConnectionError(f"the broker at {self._address} refuses us: {refusal}")
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def publish(self, topic: str, payload: str, qos: int, *, retain: bool) -> None:
        """Publish; with QoS 1 and 2 return when the broker has it.

        Raises:
            ConnectionError: it has not said so in time, or the connection is lost.
        """
        sent = self.client.publish(topic, payload, qos, retain)
        try:
            sent.wait_for_publish(ANSWER_TIMEOUT_S)
        except RuntimeError as error:  # paho has lost the connection
            raise ConnectionError(f"{topic} was not sent to {self._address}: {error}") from error
        if not sent.is_published():
            raise ConnectionError(f"the broker at {self._address} does not acknowledge {topic}")

    def messages(self) -> Iterator[mqtt.MQTTMessage]:
        """Yield messages as they come, for ever."""
        while True:
            yield self._messages.get()

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            self._answer(str(reason))
        elif self._topics:
            client.subscribe(self._topics)
        else:
            self._answer("")

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, _id: int, reasons: Any, _more: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        self._answer(", ".join(refused))

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._messages.put(
            message
        )  # when all places are taken, paho's thread waits here, and the broker with it

    def _answer(self, refusal: str) -> None:
        if (
            not self._answers.full()
        ):  # later answers come after a connection that broke; nobody waits for them
            self._answers.put(refusal)

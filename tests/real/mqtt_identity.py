"""An MQTT client that remembers what the broker said to it: for tests of who may do what."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

WAIT = 120.0


class Client:
    """One connection, open for as long as the block lasts."""

    def __init__(
        self, port: int, client_id: str, login: tuple[str, str] | None = None, *, cafile: Path | None = None
    ) -> None:
        self._client = self._new_client(client_id)
        self._changed = threading.Condition()
        self.answer: ReasonCode | None = None
        """What the broker said to the first attempt."""
        self.is_cut = False
        self.messages: list[tuple[str, bytes, bool]] = []
        self._granted: dict[int, bool] = {}
        self._acked: set[int] = set()
        if login is not None:
            self._client.username_pw_set(*login)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        if cafile is not None:
            self._client.tls_set(ca_certs=str(cafile))
        self._port = port

    def _new_client(self, client_id: str) -> paho.Client:
        return paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id)

    def will(self, topic: str, payload: str, *, retain: bool = False) -> Self:
        """Have a last will."""
        self._client.will_set(topic, payload, 1, retain)
        return self

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        self.until(lambda: self.answer is not None or self.is_cut)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # without a circle of references paho closes what it still has when it goes
        self._client.on_connect = self._client.on_disconnect = self._client.on_message = None
        self._client.on_subscribe = self._client.on_publish = None

    @property
    def is_in(self) -> bool:
        """Whether the broker took us."""
        return self.answer is not None and not self.answer.is_failure

    def subscribe(self, topic_filter: str, qos: int = 0) -> bool:
        """Return whether the broker granted a subscription."""
        _, number = self._client.subscribe(topic_filter, qos)
        assert number is not None
        self.until(lambda: number in self._granted)
        return self._granted[number]

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publish with QoS 1 and wait for the acknowledgement."""
        number = self._client.publish(topic, payload, 1, retain).mid
        self.until(lambda: number in self._acked)

    def drop(self) -> None:
        """Vanish without a goodbye, so that the will is published."""
        socket = self._client.socket()
        assert socket is not None
        self._client.loop_stop()
        socket.close()

    def until(self, condition: Any) -> None:
        """Wait for a condition, which is looked at whenever the broker said something."""
        with self._changed:
            assert self._changed.wait_for(condition, WAIT), "the broker did not say what was waited for"

    def payloads(self) -> list[str]:
        """Return the payloads that came."""
        return [payload.decode() for _, payload, _ in self.messages]

    def _on_connect(self, _: Any, __: Any, ___: Any, code: ReasonCode, ____: Any) -> None:
        with self._changed:
            self.answer = self.answer or code
            self._changed.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        with self._changed:
            self.is_cut = True
            self._changed.notify_all()

    def _on_message(self, _: Any, __: Any, message: paho.MQTTMessage) -> None:
        with self._changed:
            self.messages.append((message.topic, bytes(message.payload), message.retain))
            self._changed.notify_all()

    def _on_subscribe(self, _: Any, __: Any, number: int, codes: list[ReasonCode], ___: Any) -> None:
        with self._changed:
            self._granted[number] = not codes[0].is_failure
            self._changed.notify_all()

    def _on_publish(self, _: Any, __: Any, number: int, *___: Any) -> None:
        with self._changed:
            self._acked.add(number)
            self._changed.notify_all()

"""Other people's MQTT clients behind one command line, for the matrix.

``python mqtt_strangers.py LIBRARY ACTION PORT SESSION …``:

``pub`` reads publications as JSON lines, ``sub`` prints messages as JSON lines, ``will`` waits to be killed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from typing import Any

import aiomqtt
import gmqtt
import paho.mqtt.client as paho
from gmqtt.mqtt.constants import MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

HOST = "127.0.0.1"
WILL = ("matrix/will", b"gone")


def say(topic: str, payload: bytes, qos: int, *, retained: bool) -> None:
    digest = hashlib.sha256(payload).hexdigest()[:12]
    line = {"topic": topic, "qos": qos, "retained": retained, "length": len(payload), "digest": digest}
    tell(json.dumps(line))


def ready() -> None:
    tell("ready")


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def publications() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        said = json.loads(line)
        yield said | {"payload": said["text"].encode() * said.get("times", 1)}


class Paho:
    def __init__(self, port: int, client_id: str) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id, clean_session=not client_id)
        self._port = port
        self._connected = threading.Event()
        self._client.on_connect = lambda *_: self._connected.set()

    def _connect(self) -> None:
        self._client.connect(HOST, self._port)
        self._client.loop_start()
        self._connected.wait(120)

    def _end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def pub(self) -> None:
        self._connect()
        for said in publications():
            info = self._client.publish(said["topic"], said["payload"], said["qos"], said["retained"])
            info.wait_for_publish(10)
        self._end()

    def sub(self, topic_filter: str, qos: int, count: int) -> None:
        all_came = threading.Event()
        left = [count]

        def came(_client: object, _data: object, message: paho.MQTTMessage) -> None:
            say(message.topic, bytes(message.payload), message.qos, retained=message.retain)
            left[0] -= 1
            if not left[0]:
                all_came.set()

        self._client.on_message = came
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._connect()
        self._client.subscribe(topic_filter, qos)
        subscribed.wait(120)
        ready()
        if count:
            all_came.wait()
        self._end()

    def will(self) -> None:
        self._client.will_set(*WILL, qos=1)
        self._connect()
        ready()
        threading.Event().wait()


class Aiomqtt:
    def __init__(self, port: int, client_id: str) -> None:
        self._arguments: dict[str, Any] = {"hostname": HOST, "port": port}
        if client_id:
            self._arguments |= {"identifier": client_id, "clean_session": False}

    def pub(self) -> None:
        asyncio.run(self._pub())

    async def _pub(self) -> None:
        async with aiomqtt.Client(**self._arguments) as client:
            for said in publications():
                await client.publish(said["topic"], said["payload"], said["qos"], said["retained"])

    def sub(self, topic_filter: str, qos: int, count: int) -> None:
        asyncio.run(self._sub(topic_filter, qos, count))

    async def _sub(self, topic_filter: str, qos: int, count: int) -> None:
        async with aiomqtt.Client(**self._arguments) as client:
            await client.subscribe(topic_filter, qos)
            ready()
            for _ in range(count):
                message = await anext(client.messages)
                say(message.topic.value, bytes(message.payload), message.qos, retained=message.retain)

    def will(self) -> None:
        asyncio.run(self._will())

    async def _will(self) -> None:
        async with aiomqtt.Client(**self._arguments, will=aiomqtt.Will(*WILL, qos=1)):
            ready()
            await asyncio.Event().wait()


class Gmqtt:
    def __init__(self, port: int, client_id: str) -> None:
        self._port = port
        self._client_id = client_id
        self._client: Any = None
        self._left = 0
        self._subscribed = asyncio.Event()
        self._all_came = asyncio.Event()

    async def _connect(self, will: Any = None) -> None:
        name = self._client_id or f"gmqtt-{id(self)}"
        self._client = gmqtt.Client(name, clean_session=not self._client_id, will_message=will)
        self._client.on_message = self._came
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_disconnect = lambda *_, **__: None
        await self._client.connect(HOST, self._port, version=MQTTv311)

    async def _came(self, _client: object, topic: str, payload: bytes, qos: int, properties: Any) -> int:
        say(topic, payload, qos, retained=bool(properties.get("retain")))
        self._left -= 1
        if not self._left:
            self._all_came.set()
        return 0

    def pub(self) -> None:
        asyncio.run(self._pub())

    async def _pub(self) -> None:
        await self._connect()
        for said in publications():
            self._client.publish(said["topic"], said["payload"], qos=said["qos"], retain=said["retained"])
        async with asyncio.timeout(120):
            await self._client._persistent_storage.wait_empty()  # nothing public tells of acknowledgements
        await self._client.disconnect()

    def sub(self, topic_filter: str, qos: int, count: int) -> None:
        asyncio.run(self._sub(topic_filter, qos, count))

    async def _sub(self, topic_filter: str, qos: int, count: int) -> None:
        self._left = count
        await self._connect()
        self._client.subscribe(topic_filter, qos)
        await self._subscribed.wait()
        ready()
        if count:
            await self._all_came.wait()
        await self._client.disconnect()

    def will(self) -> None:
        asyncio.run(self._will())

    async def _will(self) -> None:
        await self._connect(gmqtt.Message(*WILL, qos=1))
        ready()
        await asyncio.Event().wait()


def main() -> None:
    library, action, port, client_id, *rest = sys.argv[1:]
    strangers: dict[str, Any] = {"paho": Paho, "aiomqtt": Aiomqtt, "gmqtt": Gmqtt}
    stranger = strangers[library](int(port), client_id)
    if action == "sub":
        stranger.sub(rest[0], int(rest[1]), int(rest[2]))
    else:
        getattr(stranger, action)()


if __name__ == "__main__":
    main()

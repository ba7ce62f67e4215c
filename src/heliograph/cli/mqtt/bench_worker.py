"""One side of the load of ``helio bench mqtt``, as a process: it reads its task and prints its figures."""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from heliograph.errors import Error
from heliograph.transport.mqtt_client_message import Publication, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion, TlsSettings

if TYPE_CHECKING:
    import aiomqtt

    from heliograph.cli.mqtt.bench import Load

_STEPS: Final = 50
"""Bounds in each power of ten: a time is told to within 5 %."""


def payload(size_bytes: int) -> bytes:
    """Return a message that says when it was made."""
    return b"%019d" % time.time_ns() + b" " * (size_bytes > 19) + b"x" * (size_bytes - 20)


def warm_up_topic(topic: str) -> str:
    """Return where nothing is measured."""
    return f"{topic}/warm-up"


@dataclass(slots=True)
class Latencies:
    """How many messages came, when, and how long they took."""

    received: int = 0
    first_sent_ns: int = 2**63
    last_ns: int = 0
    bounds: dict[int, int] = field(default_factory=dict)

    def add(self, sent_ns: int, received_ns: int) -> None:
        """Count a message."""
        self.received += 1
        self.first_sent_ns = min(self.first_sent_ns, sent_ns)
        self.last_ns = received_ns
        took_us = max((received_ns - sent_ns) / 1000, 1.0)
        step = math.ceil(_STEPS * math.log10(took_us))
        self.bounds[step] = self.bounds.get(step, 0) + 1

    @classmethod
    def joined(cls, several: list[Latencies]) -> Self:
        """Return them as one."""
        joint = cls()
        for each in several:
            joint.received += each.received
            joint.first_sent_ns = min(joint.first_sent_ns, each.first_sent_ns)
            joint.last_ns = max(joint.last_ns, each.last_ns)
            for step, count in each.bounds.items():
                joint.bounds[step] = joint.bounds.get(step, 0) + count
        return joint

    def figures(self) -> dict[str, Any]:
        """Return them for the bench."""
        seconds = (self.last_ns - self.first_sent_ns) / 1e9 if self.received else 0.0
        bounds = {round(10 ** (step / _STEPS)): count for step, count in self.bounds.items()}
        return {"received": self.received, "seconds": seconds, "latencies_us": bounds}


def main() -> None:
    """Do what the line on standard input says."""
    from heliograph.cli.mqtt.bench import Load

    task = json.loads(sys.stdin.readline())
    settings, load = _settings(task["settings"]), Load(**task["load"])
    work = {"publish": _publish_all, "subscribe": _subscribe_all}[task["role"]]
    try:
        with errors_alone():
            asyncio.run(work(settings, load, task["peer"]))
    except Error as error:
        sys.exit(f"helio bench: {error}")


@contextmanager
def errors_alone() -> Iterator[None]:
    """Raise the first of our errors of a group by itself: the tasks beside it were only cancelled for it."""
    try:
        yield
    except BaseExceptionGroup as group:
        ours: BaseException | None = group.subgroup(Error)
        while isinstance(ours, BaseExceptionGroup):
            ours = ours.exceptions[0]
        if ours is None:
            raise
        raise ours from None


def _settings(plain: dict[str, Any]) -> MqttSettings:
    tls = None if plain["tls"] is None else TlsSettings(**plain["tls"])
    pairs = tuple((name, value) for name, value in plain["user_properties"])
    fitting = {"version": MqttVersion(plain["version"]), "tls": tls, "user_properties": pairs}
    return MqttSettings(**plain | fitting)


async def _publish_all(settings: MqttSettings, load: Load, peer: str) -> None:
    publish = {"helio": _publish, "aiomqtt": _publish_by_aiomqtt}[peer]
    began = time.time_ns()
    async with asyncio.TaskGroup() as tasks:
        for number in range(load.publishers):
            tasks.create_task(publish(settings, load, number))
    _say({"sent": load.count, "seconds": (time.time_ns() - began) / 1e9})


async def _subscribe_all(settings: MqttSettings, load: Load, peer: str) -> None:
    subscribe = {"helio": _subscribe, "aiomqtt": _subscribe_by_aiomqtt}[peer]
    counts = [Latencies() for _ in range(load.subscribers)]
    ready = asyncio.Barrier(load.subscribers + 1)
    async with asyncio.TaskGroup() as tasks:
        for latencies in counts:
            tasks.create_task(subscribe(settings, load, latencies, ready.wait))
        await ready.wait()
        _say({"subscribed": load.subscribers})
    _say(Latencies.joined(counts).figures())


def _say(words: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


async def paced(load: Load, number: int, send: Callable[[bytes], Awaitable[None]]) -> None:
    """Send this publisher's share, each at its time."""
    began, every = time.monotonic(), load.publishers / load.rate if load.rate else 0.0
    for sent in range(load.share(number)):
        if every and (delay := began + sent * every - time.monotonic()) > 0:
            await asyncio.sleep(delay)
        await send(payload(load.size_bytes))


async def _publish(settings: MqttSettings, load: Load, number: int) -> None:
    from heliograph.cli.mqtt.publishing import Sender
    from heliograph.transport.mqtt_client import MqttClient, running

    client = MqttClient(settings, max_in_flight=load.max_in_flight, gives_up=True)
    sender, topic = Sender(client), f"{load.topic}/{number}"
    async with running(client):
        await paced(load, number, lambda text: sender.send(Publication(topic, text, load.qos)))
        await sender.finish()


async def _subscribe(
    settings: MqttSettings, load: Load, latencies: Latencies, ready: Callable[[], Awaitable[Any]]
) -> None:
    from heliograph.transport.mqtt_client import MqttClient, running

    client = MqttClient(settings)
    async with running(client):
        await client.subscribe(Subscription(f"{load.topic}/#", load.qos))
        await ready()
        while latencies.received < load.count:
            limit = load.quiet_s if latencies.received else None
            try:
                async with asyncio.timeout(limit):
                    message = await client.next_message()
            except TimeoutError:
                return
            latencies.add(int(message.payload[:19]), time.time_ns())


def _aiomqtt(settings: MqttSettings) -> aiomqtt.Client:
    import aiomqtt

    from heliograph.transport.mqtt_client_paho import tls_context

    versions = {"3.1": aiomqtt.ProtocolVersion.V31, "3.1.1": aiomqtt.ProtocolVersion.V311}
    return aiomqtt.Client(
        settings.host,
        settings.actual_port,
        username=settings.user,
        password=settings.password,
        protocol=versions.get(settings.version.value, aiomqtt.ProtocolVersion.V5),
        tls_context=None if settings.tls is None else tls_context(settings.tls),
    )


async def _publish_by_aiomqtt(settings: MqttSettings, load: Load, number: int) -> None:
    async with _aiomqtt(settings) as client:
        await paced(load, number, lambda text: client.publish(f"{load.topic}/{number}", text, load.qos))


async def _subscribe_by_aiomqtt(
    settings: MqttSettings, load: Load, latencies: Latencies, ready: Callable[[], Awaitable[Any]]
) -> None:
    async with _aiomqtt(settings) as client:
        await client.subscribe(f"{load.topic}/#", load.qos)
        await ready()
        while latencies.received < load.count:
            limit = load.quiet_s if latencies.received else None
            try:
                async with asyncio.timeout(limit):
                    message = await anext(client.messages)
            except TimeoutError:
                return
            latencies.add(int(message.payload[:19]), time.time_ns())


if __name__ == "__main__":
    main()

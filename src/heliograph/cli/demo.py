"""``helio demo``: send random values, so that something moves."""

from __future__ import annotations

import argparse
import math
import os
import random
import sys
import time
from typing import TYPE_CHECKING

from heliograph.cli.agent import add_broker_options, broker_endpoint, enrolment_of

if TYPE_CHECKING:
    from heliograph.model.point import Point
    from heliograph.transport.mqtt_link import MqttEndpoint

_DEVICE = "demo"
_TIMEOUT = 5.0
_EPILOG = """\
Without --hub the broker is that of HELIO_MQTT_HOST and HELIO_MQTT_PORT, or the hub at which this board is
enrolled (helio agent enrol), or that of this machine. On a board that is enrolled the values are its own.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    add_broker_options(parser)
    parser.add_argument("--every", metavar="TIME", default="1s", help="time between values (default: 1s)")
    parser.add_argument("--count", metavar="N", type=int, default=0, help="stop after N (default: go on)")


def run(args: argparse.Namespace) -> int:
    """Publish until the count is reached or somebody presses Ctrl-C."""
    import asyncio

    from heliograph.config.values import parse_duration
    from heliograph.model.topic import telemetry_topic

    every = parse_duration(args.every)
    enrolment = enrolment_of(args)
    endpoint = enrolment.endpoint() if enrolment else broker_endpoint(args, os.environ)
    device = enrolment.device if enrolment else _DEVICE
    _say(f"Publishing to {endpoint}, topic {telemetry_topic(device)}, every {args.every}. Ctrl-C stops.")
    _say(f"Measurement: room, host={device}, with temperature, humidity, window_open, visitors.")
    _say("See it: the page of the hub (helio login prints a link), or")
    _say("""        helio query 'SELECT * FROM room ORDER BY time DESC LIMIT 5'""")
    sent = asyncio.run(_publish(endpoint, device, every, args.count))
    _say(f"{sent} points, all acknowledged.")
    return 0


async def _publish(endpoint: MqttEndpoint, device: str, every: float, count: int) -> int:
    import asyncio

    from heliograph.codec.batches import BatchEncoder
    from heliograph.errors import ConnectError
    from heliograph.model.topic import telemetry_topic
    from heliograph.transport.mqtt import MqttPublisher

    publisher = MqttPublisher.for_device(endpoint, device)
    encoder, room, sent = BatchEncoder(), Room(random.Random(), device), 0
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(publisher.run(), name="demo-publisher")
            while not count or sent < count:
                for batch in encoder.encode([room.next_point(time.time_ns())]):
                    async with asyncio.timeout(_TIMEOUT):
                        await publisher.publish(telemetry_topic(device), batch)
                sent += 1
                _say_value(room, sent)
                if sent != count:
                    await asyncio.sleep(every)
            running.cancel()
    except ExceptionGroup as failures:
        error = failures.exceptions[0]
        if isinstance(error, TimeoutError):
            raise ConnectError(
                str(endpoint), "no broker answered; start the hub with helio up, or name it with --hub"
            ) from None
        raise error from None
    return sent


class Room:
    """A room whose climate walks at random, in believable steps."""

    def __init__(self, chance: random.Random, device: str = _DEVICE) -> None:
        self._chance = chance
        self._device = device
        self.temperature = 21.0
        self.humidity = 45.0
        self.window_open = False
        self.visitors = 0

    def next_point(self, time_ns: int) -> Point:
        """Let time pass and return the point of this moment: °C, percent relative humidity, yes/no, count."""
        from heliograph.model.point import Point

        chance = self._chance
        if chance.random() < 0.05:
            self.window_open = not self.window_open
        goal = 17.0 if self.window_open else 21.0 + math.sin(time_ns / 60e9)
        self.temperature += 0.05 * (goal - self.temperature) + chance.gauss(0.0, 0.08)
        self.humidity = min(90.0, max(20.0, self.humidity + chance.gauss(0.0, 0.4)))
        self.visitors += chance.random() < 0.2
        fields: dict[str, float | int | bool | str] = {
            "temperature": round(self.temperature, 2),
            "humidity": round(self.humidity, 1),
            "window_open": self.window_open,
            "visitors": self.visitors,
        }
        return Point("room", fields, {"host": self._device}, time_ns)


def _say_value(room: Room, sent: int) -> None:
    if sys.stdout.isatty() or sent == 1:
        window = "open" if room.window_open else "shut"
        _say(f"{sent:6d}  {room.temperature:6.2f} °C  {room.humidity:5.1f} %  window {window}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

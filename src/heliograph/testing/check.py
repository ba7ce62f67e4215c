"""A look at a program without letting it loose: what it would publish, and whether its broker answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from heliograph.app.app import App
from heliograph.app.running import RunningApp
from heliograph.app.settings import RunSettings
from heliograph.errors import ConnectionLost
from heliograph.testing.broker import MemoryBroker
from heliograph.transport.mqtt_client import MqttClient, running
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.mqtt_client_settings import MqttSettings

_PATIENCE: Final = 15.0


def lines(app: App, settings: RunSettings) -> Iterator[str]:
    """Yield what a program does, a line for each thing."""
    described = app.describe()
    yield f"{app.name}, device {app.device}"
    for option in described["options"]:
        name = option["name"]
        value = "…" if option["secret"] else json.dumps(app.options.shown()[name], ensure_ascii=False)
        origin = "set" if name in settings.values else "default"
        yield f"  option   {option['flag']} = {value} ({origin}, {option['variable']})"
    for each in described["publishes"]:
        when = f"every {_period(each['every'], app)}" if "every" in each else "task"
        what = f" as {each['measurement']}" if "measurement" in each else ""
        yield f"  {when:<8} {each['function']}() -> {each['topic']}{what}, QoS {each['qos']}"
    for each in described["listens"]:
        yield f"  {each['kind']:<8} {each['filter']} -> {each['function']}(), QoS {each['qos']}"
    yield f"  presence {described['presence']}, options from the hub {described['config']}"


def _period(declared: str, app: App) -> str:
    option = declared.strip("{}")
    return f"{app.options[option]:g}s ({declared})" if option in app.options else declared


def first_round(app: App, settings: RunSettings) -> list[Publication]:
    """Return what a program publishes in its first round, on a broker in memory; its functions are called.

    Raises:
        ConfigError: its declarations make no sense.
        Error: a function of `start` failed.
    """
    return asyncio.run(_first_round(app, replace(settings, folder=None)))


async def _first_round(app: App, settings: RunSettings) -> list[Publication]:
    broker = MemoryBroker()
    begun: asyncio.Future[RunningApp] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        group.create_task(app.serve(settings, make_client=broker.make_client, on_running=begun.set_result))
        running_app = await begun
        if app.declared.every:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await running_app.first_round.wait()
        running_app.stop()
    return [each for each in broker.published if not each.topic.startswith("sta/")]


def ask_broker(settings: MqttSettings) -> None:
    """Connect to the broker and say goodbye.

    Raises:
        TransportError: it does not answer, or does not want us; the message says why.
    """
    asyncio.run(_ask_broker(settings))


async def _ask_broker(settings: MqttSettings) -> None:
    client = MqttClient(replace(settings, client_id=None, is_clean=True, will=None))
    async with running(client):
        if not client.is_connected:
            raise ConnectionLost(settings.endpoint, "connection lost")

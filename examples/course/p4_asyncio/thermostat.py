"""A thermostat: one asyncio program that publishes and subscribes at once.

It publishes the temperature of an invented room, and obeys: a number to `…/set/target` is the temperature
to hold, `on` or `off` to `…/set/power` switches it. Each command is answered on `…/answer`.

Command and decorator, as the design patterns call them: `@command("target")` puts a function into a table,
and a message becomes a call of what the table says. A new command is one more function, and nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from aiomqtt import Client, MqttError, Will
from room import Room

Handler = Callable[[Room, str], str]

COMMANDS: dict[str, Handler] = {}
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0


def command(name: str) -> Callable[[Handler], Handler]:
    """Make a function the one that obeys a command."""

    def register(handler: Handler) -> Handler:
        COMMANDS[name] = handler
        return handler

    return register


@command("target")
def set_target(room: Room, text: str) -> str:
    room.set_target(float(text))
    return f"holding {room.target:g} °C"


@command("power")
def set_power(room: Room, text: str) -> str:
    if text not in ("on", "off"):
        raise ValueError(f"on or off was expected, {text!r} came")
    room.switch(on=text == "on")
    return f"it is {text}"


def obey(room: Room, name: str, text: str) -> str:
    """Do a command and return the answer; a wrong one changes nothing."""
    handler = COMMANDS.get(name)
    if handler is None:
        return f"error: no command {name!r}; there are {', '.join(COMMANDS)}"
    try:
        return handler(room, text)
    except ValueError as error:
        return f"error: {error}"


async def publish(client: Client, room: Room, options: argparse.Namespace) -> None:
    """Measure and publish, each interval."""
    task = asyncio.current_task()
    # Python 3.11 may lose a cancellation that comes with an acknowledgement; that it was asked stays known.
    while task is not None and not task.cancelling():
        room.wait(options.interval)
        await client.publish(f"{options.topic}/temperature", f"{room.celsius:.2f}", qos=1)
        print(f"{room.celsius:.2f} °C, {room.doing}", flush=True)
        await asyncio.sleep(options.interval)  # meanwhile the others work


async def listen(client: Client, room: Room, options: argparse.Namespace) -> None:
    """Obey each command as it comes."""
    task = asyncio.current_task()
    await client.subscribe(f"{options.topic}/set/+", qos=1)
    print(f"listening to {options.topic}/set/+", file=sys.stderr, flush=True)
    async for message in client.messages:
        answer = obey(
            room, message.topic.value.rpartition("/")[2], bytes(message.payload).decode(errors="replace")
        )
        await client.publish(f"{options.topic}/answer", answer, qos=1)
        print(f"{message.topic}: {answer}", flush=True)
        if task is not None and task.cancelling():  # as in publish
            return


async def connected(room: Room, options: argparse.Namespace) -> None:
    """Do both for as long as one connection lives."""
    will = Will(f"{options.topic}/status", "offline", qos=1, retain=True)
    async with Client(options.host, options.port, will=will) as client:
        await client.publish(f"{options.topic}/status", "online", qos=1, retain=True)
        try:
            async with asyncio.TaskGroup() as group:  # when one of them fails, the other is ended
                group.create_task(publish(client, room, options))
                group.create_task(listen(client, room, options))
        finally:  # Ctrl-C comes here, and a lost connection; for that one the will speaks
            with suppress(MqttError, TimeoutError):
                await client.publish(f"{options.topic}/status", "offline", qos=1, retain=True)


async def run(options: argparse.Namespace) -> None:
    """Connect, again and again, with pauses that grow; the room goes on in between."""
    room = Room(options.start, options.target)
    pause_s = FIRST_PAUSE_S
    while True:
        began = time.monotonic()
        try:
            await connected(room, options)
        except* MqttError as lost:
            print(f"no connection to {options.host}:{options.port}: {lost.exceptions[0]}", file=sys.stderr)
        if time.monotonic() - began > LONGEST_PAUSE_S:
            pause_s = FIRST_PAUSE_S  # it was a good one
        # Not all boards at once when the broker comes back: a random part of the pause.
        await asyncio.sleep(random.uniform(pause_s / 2, pause_s))
        pause_s = min(LONGEST_PAUSE_S, pause_s * 2)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1", help="where the broker is (default: %(default)s)")
    parser.add_argument("--port", type=int, default=1883, help="its port (default: %(default)s)")
    parser.add_argument(
        "--topic", default="course/room", help="what our topics begin with (default: %(default)s)"
    )
    parser.add_argument(
        "--interval", type=float, default=1.0, help="seconds between two (default: %(default)s)"
    )
    parser.add_argument(
        "--target", type=float, default=21.0, help="°C to hold at first (default: %(default)s)"
    )
    parser.add_argument(
        "--start", type=float, default=18.0, help="°C of the room at first (default: %(default)s)"
    )
    return parser.parse_args()


async def until_told_to_end(options: argparse.Namespace) -> None:
    """Run, and end cleanly on SIGTERM, which systemd sends, as on Ctrl-C."""
    task = asyncio.current_task()
    if sys.platform != "win32" and task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await run(options)


def main() -> None:
    options = arguments()
    # The loop that Windows takes by itself cannot watch paho's socket.
    factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(until_told_to_end(options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("goodbye", file=sys.stderr)


if __name__ == "__main__":
    main()

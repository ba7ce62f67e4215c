"""`AppTest`: a device program that runs in a test, on a broker in memory and a clock that jumps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from heliograph.app.app import App
from heliograph.app.incoming.payloads import encode
from heliograph.app.options import nearest
from heliograph.app.running import RunningApp
from heliograph.app.settings import RunSettings
from heliograph.config.values import parse_duration
from heliograph.errors import ConfigError, HubError
from heliograph.model.point import Point
from heliograph.testing.broker import MemoryBroker
from heliograph.testing.clock import JumpingLoop
from heliograph.testing.points import points_of
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.mqtt_client_settings import MqttSettings
from heliograph.transport.spool.settings import SpoolSettings

T = TypeVar("T")

_A_MOMENT: Final = 1e-6
"""Time goes on only when nobody has anything to do, so this is enough for all that can happen now."""
_ANSWER: Final = 60.0
_HALF_MS: Final = 0.000_5
_SELDOM: Final = 86_400.0


class AppTest:
    """Runs an app in a test, from ``with`` to the end of its block.

    ::

        with AppTest(app, simulate=True) as test:
            test.advance("10s")
            assert len(test.points) == 11

    Args:
        app: the program's app.
        folder: where its state and spool are, to start it again there; otherwise it has none.
        log_to_hub: the least level of log lines that it sends to the hub.
        options: the app's options by name.

    Raises:
        ConfigError: there is no such option, or the app's declarations make no sense.
    """

    def __init__(
        self, app: App, folder: Path | None = None, *, log_to_hub: str | None = None, **options: Any
    ) -> None:
        self.app = app
        self._folder = folder
        self._log_to_hub = log_to_hub
        self._options = {name: self._option(name, value) for name, value in options.items()}
        self._loop: JumpingLoop
        self._task: asyncio.Task[None] | None = None
        self._running: RunningApp | None = None
        self._asked = 0
        self.broker: MemoryBroker
        """All that the app publishes, and all that is kept."""

    def __enter__(self) -> Self:
        self._loop = JumpingLoop()
        try:
            self._run(self._start())
        except BaseException:
            self._loop.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            self._loop.close()

    @property
    def points(self) -> list[Point]:
        """All points that the broker got from this app, in order."""
        batches = self.messages(f"tel/{self.app.device}/{self.app.name}")
        return [point for batch in batches for point in points_of(batch)]

    @property
    def running(self) -> RunningApp:
        """The run of the app: its queues and counters."""
        if self._running is None:
            raise ConfigError("the app runs inside of the with block")
        return self._running

    @property
    def ended(self) -> bool:
        """Whether the app has ended by itself."""
        return self._task is None or self._task.done()

    @property
    def elapsed(self) -> float:
        """Seconds since the start on the fake clock."""
        return self._loop.time()

    def messages(self, topic: str) -> list[bytes]:
        """Return the payloads that the broker got on a topic, in order."""
        return [each.payload for each in self.broker.published if each.topic == topic]

    def advance(self, time: str | float) -> None:
        """Let time pass: ``"10s"``, or seconds. What is due at its very end happens, too."""
        seconds = parse_duration(time) if isinstance(time, str) else time
        self._run(asyncio.sleep(seconds + _HALF_MS))

    def publish(self, topic: str, payload: Any = b"", *, qos: int = 1, retain: bool = False) -> None:
        """Publish as somebody else, and let the app do what it does about it."""
        self._do(partial(self.broker.publish, Publication(topic, encode(payload), qos, retain)))

    def command(self, name: str, value: Any = None, *, id: str | None = None) -> Any:  # noqa: A002
        """Give a command and return its result; with a topic instead of a name to any function on it.

        Raises:
            HubError: the app answered with an error, which it holds, or not within a minute.
        """
        self._asked += 1
        reply_to = f"answers/{self._asked}"
        topic = name if "/" in name else f"cmd/{self.app.device}/{self.app.name}/{name}"
        envelope = {"reply_to": reply_to, "id": id or f"test-{self._asked}"}
        if value is not None:
            envelope["value"] = json.loads(encode(value)) if not isinstance(value, str) else value
        self._do(partial(self.broker.publish, Publication(topic, json.dumps(envelope).encode(), 1)))
        answer = self._run(self._answer(reply_to))
        if not answer["ok"]:
            raise HubError(topic, answer["error"])
        return answer["result"]

    def configure(self, **options: Any) -> Any:
        """Set options as the hub does, by the retained message; return all options."""
        topic = f"cmd/{self.app.device}/{self.app.name}/config"
        wanted = Publication(topic, encode(options) if options else b"", 1, retained=bool(options))
        self._do(partial(self.broker.publish, wanted))
        shown = json.loads(self.messages(f"sta/{self.app.device}/{self.app.name}/options")[-1])
        if "error" in shown:
            raise HubError(topic, shown["error"])
        return shown["options"]

    def cut(self) -> None:
        """Break the app's connection without a word, as a network does; it connects again at once."""
        self._do(partial(self.broker.cut_client, f"{self.app.device}-{self.app.name}"))

    def disconnect(self) -> None:
        """Take the broker away."""
        self._do(self.broker.stop)

    def connect(self) -> None:
        """Bring the broker back."""
        self._do(self.broker.start)

    def stop(self) -> None:
        """End the app as SIGTERM does, and return when it has ended. Raises what it ended with."""
        if self._running is not None and self._task is not None and not self._task.done():
            self._running.stop()
        if self._task is not None:
            task, self._task = self._task, None
            self._loop.run_until_complete(task)

    async def _start(self) -> None:
        self.broker = MemoryBroker()
        settings = RunSettings(
            device=self.app.device,
            mqtt=MqttSettings("memory"),
            folder=self._folder,
            values=self._options,
            log_to_hub=self._log_to_hub,
            spool=SpoolSettings(sync=_SELDOM),  # what a test leaves on the disk is flushed at its end
        )
        serving = self.app.serve(
            settings, make_client=self.broker.make_client, clocks=self._loop.stamp, on_running=self._note
        )
        self._task = self._loop.create_task(serving, name="app")
        await asyncio.sleep(_A_MOMENT)

    def _note(self, running: RunningApp) -> None:
        self._running = running

    async def _answer(self, reply_to: str) -> Any:
        async with asyncio.timeout(_ANSWER):
            while True:
                found = self.messages(reply_to)
                if found:
                    return json.loads(found[-1])
                await asyncio.sleep(_HALF_MS)

    def _do(self, change: Callable[[], object]) -> None:
        """Change something at the broker, and let the app do what it does about it."""
        self._loop.call_soon(change)
        self._run(asyncio.sleep(_A_MOMENT))

    def _run(self, work: Awaitable[T]) -> T:
        """Do something on the loop of the app; an error that ended the app comes out here."""
        result = self._loop.run_until_complete(_awaited(work))
        if self._task is not None and self._task.done() and self._task.exception() is not None:
            self.stop()
        return result

    def _option(self, name: str, value: Any) -> Any:
        option = self.app.declared_options.get(name)
        if option is None:
            raise ConfigError(
                f'unknown option "{name}"; {nearest(name, self.app.declared_options)}', key=name
            )
        return option.from_value(value) if isinstance(value, str | int | float) else value


async def _awaited(work: Awaitable[T]) -> T:
    return await work

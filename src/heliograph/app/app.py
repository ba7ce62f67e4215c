"""`App`: what a device program imports. Declarations first; `run` does them."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, Unpack

from heliograph.app.calls.functions import Function
from heliograph.app.client import MakeClient, mqtt_client
from heliograph.app.declared import Declared, Every, On
from heliograph.app.incoming.handlers import Full
from heliograph.app.incoming.payloads import encode
from heliograph.app.incoming.topics import TopicPattern, fill
from heliograph.app.options import Option, Options, OptionWords, make_option
from heliograph.app.outgoing.points import Output, OutputWords
from heliograph.app.running import RunningApp
from heliograph.app.settings import RunSettings
from heliograph.app.state import State
from heliograph.errors import ConfigError, NotPossible, PayloadTooLarge, TopicError
from heliograph.model.point import FieldValue, Point
from heliograph.model.topic import device_id, is_device_id
from heliograph.model.topic_filter import check_topic
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.spool.clocks import Clocks, system_clocks
from heliograph.transport.spool.outbox import Delivery

F = TypeVar("F", bound=Callable[..., Any])

RESERVED: Final = frozenset(
    (
        *("help", "hub", "user", "password_file", "cafile", "cert", "key", "insecure", "mqtt_version"),
        *("device", "config", "spool", "spool_max", "spool_age", "spool_sync", "describe"),
        *("log_level", "log_format", "log_to_hub", "json", "offline", "once"),
    )
)
"""Names of options that every app has, and that ``helio app check`` takes."""


@dataclass(slots=True)
class AppStatistics:
    """What an app counted since it was made."""

    failures: int = 0
    """Times that a function of the program raised an error."""


class App:
    """A program on a device: it measures, publishes, listens, and answers.

    Args:
        name: short and without blanks, ``[A-Za-z0-9_-]{1,64}``: topics, folder and measurement have it.
        device: the device that it speaks for; otherwise this machine's name. ``--device`` overrides it.
        description: shown by ``--help``.
        presence: the topic that tells whether it runs (``online`` or ``offline``, retained, last will).
        blanks_in_topics: whether one may publish to topics with blanks; the hub's own broker cuts the
            connection of who does.
        max_payload_bytes: the most that one message may have; brokers cut the connection of who sends more,
            the hub's own at 1 MiB with topic and header.
    """

    def __init__(
        self,
        name: str,
        *,
        device: str | None = None,
        description: str = "",
        presence: str = "sta/{device}/{app}",
        blanks_in_topics: bool = False,
        max_payload_bytes: int = 1_000_000,
    ) -> None:
        for each, what in ((name, "app"), (device, "device")):
            if each is not None and not is_device_id(each):
                raise ConfigError(f"the name of the {what} has 1 to 64 of A-Z a-z 0-9 _ -, {each!r} came")
        self.name = name
        self.is_device_named = device is not None
        """Whether the program says which device it is of; otherwise it is the one that this board is."""
        self.device = device or device_id(socket.gethostname())
        self.description = description
        self.presence = presence
        self.declared = Declared()
        self.declared_options: dict[str, Option] = {}
        self.options = Options({})
        """The values, as attributes. They are there as soon as `run` has read the arguments."""
        self.own_values: dict[str, Any] = {}
        """The values as they are without what the hub has set."""
        self.statistics = AppStatistics()
        self.log = logging.getLogger(f"app.{name}")
        """The app's own logger: ``app.log.info("fan is on", extra={"speed": 3})``."""
        self._blanks_in_topics = blanks_in_topics
        self._max_payload_bytes = max_payload_bytes
        self._state = State(None)
        self._running: RunningApp | None = None

    def option(self, flag: str, **about: Unpack[OptionWords]) -> Callable[[F], F]:
        """Declare an option: an argument, a variable, a key in TOML, and a field of a form, all at once.

        ``app.option("--pin", type=int, default=4, help="GPIO of the sensor")``, or the same as a decorator.
        Its value is ``app.options.pin``, and the argument ``pin`` of any function; see `OptionWords`.

        Raises:
            ConfigError: the declaration makes no sense, or there is one of this name.
        """
        option = make_option(flag, about)
        if option.name in self.declared_options or option.name in RESERVED:
            why = "every app has it already" if option.name in RESERVED else "it is declared twice"
            raise ConfigError(f"the option {flag} cannot be declared: {why}")
        self.declared_options[option.name] = option
        self.options = Options({name: each.initial() for name, each in self.declared_options.items()})
        return _same

    def every(
        self, period: str | float, *, qos: int = 1, thread: str | None = None, **output: Unpack[OutputWords]
    ) -> Callable[[F], F]:
        """Call a function each period; what it returns becomes points of this device.

        Args:
            period: ``"1s"``, ``"5m"``, seconds, or ``"{name}"``: the value of that option.
            qos: of what is published to a ``topic``; points always have 1.
            thread: plain functions with the same name here are never in their calls at the same time,
                as two that use one bus.
            output: where results go, see `OutputWords`.
        """

        def declare(function: F) -> F:
            self.declared.every.append(Every(period, Function(function, thread), Output(qos=qos, **output)))
            return function

        return declare

    def on(
        self,
        topic_filter: str,
        *,
        qos: int = 1,
        queue: int = 100,
        full: Full | None = None,
        thread: str | None = None,
        **output: Unpack[OutputWords],
    ) -> Callable[[F], F]:
        """Call a function with each message of a topic filter, one after the other.

        ``{name}`` stands for one level and gives it to the argument of that name, ``{name...}`` for all that
        follow; ``{device}`` and ``{app}`` are this device and app. A message of a topic below ``cmd/`` is a
        command: what the function returns is its answer. What else it returns becomes points.

        Args:
            topic_filter: with ``+``, ``#`` or named parts.
            qos: 1 and 2 are kept by the broker while the app is away.
            queue: how many messages may wait for the function.
            full: when they do: ``wait`` (with QoS 1 and 2; the broker keeps the rest), ``drop_oldest`` (with
                QoS 0) or ``drop_newest``. What is dropped is counted.
            thread: as with `every`.
            output: where results go, see `OutputWords`.
        """
        TopicPattern(fill(topic_filter, device="device", app="app"))
        if qos not in (0, 1, 2) or queue < 1:
            raise ConfigError(f"the QoS is 0, 1 or 2 and a queue has a place, {qos} and {queue} came")
        policy: Full = full or ("wait" if qos else "drop_oldest")

        def declare(function: F) -> F:
            made = Function(function, thread)
            self.declared.on.append(On(topic_filter, made, Output(qos=qos, **output), qos, queue, policy))
            return function

        return declare

    def command(self, name: str, *, queue: int = 100, thread: str | None = None) -> Callable[[F], F]:
        """Do a command, a message to ``cmd/<device>/<app>/<name>``; the answer is what is returned."""
        return self.on(f"cmd/{{device}}/{{app}}/{name}", queue=queue, thread=thread)

    def task(self, function: F) -> F:
        """Run a function beside the others, again if it fails; what it yields or returns becomes points."""
        self.declared.tasks.append((Function(function), Output()))
        return function

    def start(self, function: F) -> F:
        """Call a function before all others; the app does not start if it fails."""
        self.declared.start.append(Function(function))
        return function

    def stop(self, function: F) -> F:
        """Call a function when the app ends, however it ends, but for a power cut."""
        self.declared.stop.append(Function(function))
        return function

    def changed(self, function: F) -> F:
        """Call a function after the hub has changed options."""
        self.declared.changed.append(Function(function))
        return function

    @property
    def state(self) -> State:
        """What outlasts a restart: ``app.state["count"] = 1`` is on disk when that line is done."""
        return self._running.state if self._running is not None else self._state

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to the broker now."""
        return self._running is not None and self._running.client.is_connected

    async def wait_connected(self) -> None:
        """Return when there is a connection to the broker. A cancel changes nothing."""
        await self._run_of("wait_connected").client.wait_connected()

    @property
    def waiting(self) -> int:
        """How many messages and batches the broker does not have yet."""
        return self._run_of("waiting").outbox.waiting

    async def publish(
        self, topic: str, payload: Any = b"", *, qos: int = 1, retain: bool = False
    ) -> Delivery:
        """Publish and return what became of it: the broker has it, or it waits on this machine's disk.

        ``{device}`` and ``{app}`` in the topic are this device and app. Bytes and text are sent as they are,
        everything else in JSON. On cancellation it may or may not be sent.

        Raises:
            ConfigError: one may not publish to this topic, or with this QoS.
            MessageError: JSON cannot hold the payload.
            PayloadTooLarge: it has more than ``max_payload_bytes``.
        """
        return await self._run_of("publish").outbox.publish(
            self._publication(topic, payload, qos, retain=retain)
        )

    def send(self, topic: str, payload: Any = b"", *, qos: int = 1, retain: bool = False) -> None:
        """Publish without waiting; may be called in plain functions. Raises as `publish`."""
        self._run_of("send").send(self._publication(topic, payload, qos, retain=retain))

    def emit(
        self,
        measurement: str | Point,
        fields: Mapping[str, FieldValue] | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        time_ns: int | None = None,
    ) -> None:
        """Send a point of this device: ``app.emit("door", {"open": True})``, or one made as `Point`.

        Values are taken as they are. May be called in plain functions.
        """
        if isinstance(measurement, Point):
            point = measurement
        else:
            point = Point(measurement, fields or {}, tags or {}, time_ns)
        all_tags = {"host": self.device, **point.tags}
        time = self.now_ns() if point.time_ns is None else point.time_ns
        self._run_of("emit").emit([Point(point.measurement, point.fields, all_tags, time)])

    def now_ns(self) -> int:
        """Return the time in nanoseconds since 1970; in tests the time of the fake clock."""
        return self._run_of("now_ns").now_ns()

    def quit(self) -> None:
        """End the app as SIGTERM does; returns at once, and may be called in plain functions."""
        running = self._run_of("quit")
        running.loop.call_soon_threadsafe(running.stop)

    def describe(self) -> dict[str, Any]:
        """Return what this program does, JSON-ready: options, topics, periods."""
        from heliograph.app.described import described

        return described(self)

    def run(self, arguments: Sequence[str] | None = None) -> None:
        """Read the arguments and run until SIGTERM, Ctrl-C or `quit`; ends the process with its status."""
        from heliograph.app.program import main

        raise SystemExit(main(self, arguments))

    async def serve(
        self,
        settings: RunSettings,
        *,
        make_client: MakeClient = mqtt_client,
        clocks: Clocks | None = None,
        on_running: Callable[[RunningApp], None] | None = None,
    ) -> None:
        """Run inside a program that has a loop already; ends on cancellation or `quit`.

        Raises:
            ConfigError: the declarations make no sense, or another run is going on.
            Error: the broker refused us, or a function of `start` failed.
        """
        if self._running is not None:
            raise ConfigError(f"the app {self.name} runs already")
        self.prepare(settings)
        self._running = RunningApp(self, settings, make_client, clocks or system_clocks())
        try:
            if on_running is not None:
                on_running(self._running)
            await self._running.run()
        finally:
            self._running = None

    def prepare(self, settings: RunSettings) -> None:
        """Take over options and device, and settle what each function is given.

        Raises:
            ConfigError: something does not fit.
        """
        self.device = settings.device
        initial = {name: option.initial() for name, option in self.declared_options.items()}
        self.own_values = initial | dict(settings.values)
        secrets = [name for name, option in self.declared_options.items() if option.secret]
        self.options = Options(self.own_values, secrets)
        if self.declared.is_empty:
            raise ConfigError(
                f"the app {self.name} has nothing to do; give it @app.every, @app.on or @app.task"
            )
        others = [function for function, _ in self.declared.tasks]
        others += [*self.declared.start, *self.declared.stop, *self.declared.changed]
        for function in [every.function for every in self.declared.every] + others:
            function.bind(type(self), self.declared_options, (), payload=False)
        for every in self.declared.every:
            every.seconds(self.options)
        for on in self.declared.on:
            names = on.pattern(self.device, self.name).names
            on.function.bind(type(self), self.declared_options, names, payload=True)

    def _publication(self, topic: str, payload: Any, qos: int, *, retain: bool) -> Publication:
        topic = fill(topic, device=self.device, app=self.name)
        try:
            check_topic(topic)
        except TopicError as error:
            raise ConfigError(error.reason) from error
        if qos not in (0, 1, 2):
            raise ConfigError(f"the QoS is 0, 1 or 2, {qos!r} came")
        if not self._blanks_in_topics and any(letter.isspace() for letter in topic):
            raise ConfigError(
                f"the topic {topic!r} has a blank, for which the hub's own broker cuts the connection; use "
                "another, or App(…, blanks_in_topics=True) with Mosquitto"
            )
        encoded = encode(payload)
        if len(encoded) > self._max_payload_bytes:
            raise PayloadTooLarge(len(encoded), self._max_payload_bytes)
        return Publication(topic, encoded, qos, retain)

    def _run_of(self, what: str) -> RunningApp:
        if self._running is None:
            raise NotPossible(f"{what} works while the app runs: call it in its functions, not beside them")
        return self._running


def _same(function: F) -> F:
    return function

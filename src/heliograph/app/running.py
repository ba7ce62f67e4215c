"""An app that runs: every task by name, what starts first and what ends last.

::

    client ─ outbox ─ ticks, handlers, tasks      started from left to right, ended from right to left
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from heliograph.aio.backoff import Backoff
from heliograph.aio.workers import Workers
from heliograph.app.calls.calling import Caller
from heliograph.app.calls.functions import Function
from heliograph.app.calls.ticks import Ticks
from heliograph.app.client import MakeClient
from heliograph.app.declared import Every, On, shape
from heliograph.app.incoming.answers import Remembered
from heliograph.app.incoming.commands import is_command, write_answer
from heliograph.app.incoming.handlers import Dispatcher, Handler, HandlerStatistics
from heliograph.app.incoming.payloads import encode
from heliograph.app.incoming.topics import fill
from heliograph.app.logs import HubLog
from heliograph.app.message import Message
from heliograph.app.outgoing.points import Output, Shape
from heliograph.app.remote import RemoteOptions
from heliograph.app.settings import RunSettings
from heliograph.app.standing import Standing, presence
from heliograph.app.state import State
from heliograph.errors import DecodeError, Error
from heliograph.model.point import Point
from heliograph.transport.mqtt_client_message import MqttMessage, Publication
from heliograph.transport.spool.clocks import CLOCK_SET_NS, Clocks
from heliograph.transport.spool.outbox import Outbox

if TYPE_CHECKING:
    from heliograph.app.app import App

_STOP_FUNCTIONS: Final = 5.0
_PENDING_SENDS: Final = 1_000

log = logging.getLogger("heliograph.app")


class _Stopped(Exception):
    """The app was told to stop."""


class RunningApp:
    """One run of an app.

    Args:
        app: what was declared.
        settings: how it runs.
        make_client: gives the connection.
        clocks: returns the time.
    """

    def __init__(self, app: App, settings: RunSettings, make_client: MakeClient, clocks: Clocks) -> None:
        self._app = app
        self._settings = settings
        self._now = clocks
        self._workers = Workers()
        self._stopping = asyncio.Event()
        self._sends = 0
        self._shapes: dict[Function, Shape] = {}
        self._first = set(app.declared.every)
        self.first_round = asyncio.Event()
        """Set when each function of `App.every` was called once."""
        self.sends_dropped = 0
        """Messages of `App.send` that went because too many were waiting."""
        self._group: asyncio.TaskGroup | None = None
        self.loop = asyncio.get_running_loop()
        folder = settings.folder
        self.state = State(folder / "state.json" if folder else None)
        self._remembered = Remembered(folder / "commands.jsonl" if folder else None)
        self._caller = Caller(app, self._workers, self._remembered)
        self._remote = RemoteOptions(
            app.declared_options, app.own_values, State(folder / "options.json" if folder else None)
        )
        self._remote.restore(app.options)
        self._presence = fill(app.presence, device=app.device, app=app.name)
        self.handlers = [self._handler(on) for on in app.declared.on]
        self.handlers += [self._handler(on) for on in self._own_handlers()]
        self.ticks = {every: self._ticks(every) for every in app.declared.every}
        self.client = make_client(
            self._mqtt_settings(),
            on_connected=lambda _: self._standing.connected(),
            on_lost=lambda _: self._connection_lost(),
        )
        session = State(folder / "session.json" if folder else None)
        self._standing = Standing(self.client, self._presence, session, self._form)
        self.outbox = self._outbox()
        self.dispatcher = Dispatcher(self.client, self.handlers)
        self.hub_log = HubLog(settings.log_to_hub) if settings.log_to_hub else None
        """What takes log lines for the hub; None where none are wanted."""

    def stop(self) -> None:
        """Have the app end: what it does is finished, what waits is sent or kept."""
        self._stopping.set()

    def now_ns(self) -> int:
        """Return the time in nanoseconds since 1970."""
        return self._now().wall_ns

    async def run(self) -> None:
        """Run until told to stop, or until there is nothing left to do.

        Raises:
            Error: the broker refused us at the first attempt, or a function of ``start`` failed.
        """
        if self.hub_log is not None:
            logging.getLogger().addHandler(self.hub_log)
        log.info(
            "%s starts as device %s, broker %s",
            self._app.name,
            self._app.device,
            self._settings.mqtt.endpoint,
        )
        try:
            async with asyncio.TaskGroup() as lines:
                client = lines.create_task(self.client.run(), name="app-client")
                outbox = lines.create_task(self.outbox.run(), name="app-outbox")
                try:
                    await self._live()
                finally:
                    await self._finish(outbox)
                    client.cancel()
        except BaseExceptionGroup as failures:
            raise _first(failures) from None
        finally:
            self.outbox.close()
            self._workers.close()
            self._remembered.close()
            if self.hub_log is not None:
                logging.getLogger().removeHandler(self.hub_log)
            counters = asdict(self.outbox.statistics) | {"waiting": self.outbox.waiting}
            log.info("%s stopped", self._app.name, extra=counters)

    def send(self, publication: Publication) -> None:
        """Send without waiting; may be called in any thread."""
        self.loop.call_soon_threadsafe(self._send_soon, publication)

    def emit(self, points: Iterable[Point]) -> None:
        """Take points; may be called in any thread."""
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is self.loop:
            self.outbox.emit(points)
        else:
            self.loop.call_soon_threadsafe(self.outbox.emit, list(points))

    async def _live(self) -> None:
        for function in self._app.declared.start:
            await self._caller.run(function)
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                self._start_tasks(group)
        except* _Stopped:
            pass
        finally:
            self._group = None
            await self._run_stop_functions()

    def _start_tasks(self, group: asyncio.TaskGroup) -> None:
        group.create_task(self._until_stopped(), name="app-stop")
        group.create_task(self._standing.run(self.dispatcher.subscriptions()), name="app-standing")
        group.create_task(self.dispatcher.run(), name="app-dispatch")
        for handler in self.handlers:
            group.create_task(handler.run(self._handle), name=f"app-on-{handler.function.name}")
        for every, ticks in self.ticks.items():
            group.create_task(ticks.run(self._tick(every)), name=f"app-every-{every.function.name}")
        if self.hub_log is not None:
            topic = f"log/{self._app.device}/{self._app.name}"
            group.create_task(self.hub_log.run(topic, self.outbox.publish), name="app-log")
        tasks = [
            group.create_task(self._task(function, output), name=f"app-task-{function.name}")
            for function, output in self._app.declared.tasks
        ]
        if tasks and not self._app.declared.every and not self._app.declared.on:
            group.create_task(self._stop_after(tasks), name="app-end")

    async def _until_stopped(self) -> None:
        await self._stopping.wait()
        raise _Stopped

    async def _stop_after(self, tasks: list[asyncio.Task[None]]) -> None:
        await asyncio.wait(tasks)
        self.stop()

    async def _finish(self, outbox: asyncio.Task[None]) -> None:
        outbox.cancel()
        await asyncio.wait([outbox])
        await self.outbox.finish(self._settings.stop_patience)
        await self._standing.say_goodbye()

    def _connection_lost(self) -> None:
        self.outbox.connection_lost()
        self.dispatcher.connection_lost()
        self._standing.lost()

    async def _run_stop_functions(self) -> None:
        for function in self._app.declared.stop:
            try:
                async with asyncio.timeout(_STOP_FUNCTIONS):
                    await self._caller.call(function)
            except TimeoutError:
                log.error("%s took longer than %.0f s and was left", function.where, _STOP_FUNCTIONS)

    def _tick(self, every: Every) -> Callable[[], Awaitable[None]]:

        async def tick() -> None:
            time_ns = self._now().wall_ns
            done, result = await self._caller.call(every.function)
            if done:
                await self._put_out(every.function, every.output, result, time_ns)
            self._first.discard(every)
            if not self._first:
                self.first_round.set()

        return tick

    async def _task(self, function: Function, output: Output) -> None:
        """Run a task to its end, again when it fails."""
        backoff = Backoff()
        while True:
            try:
                await self._run_task(function, output)
            except Exception as error:  # noqa: BLE001 - programs are anybody's: one function must not end the others
                self._caller.note_failure(function, error)
                await asyncio.sleep(backoff.next())
            else:
                return

    async def _run_task(self, function: Function, output: Output) -> None:
        arguments = function.given(self._app, self._app.options)
        results = function.results(arguments)
        if results is None:
            result = await function.run(self._workers, arguments)
            await self._put_out(function, output, result, self._now().wall_ns)
            return
        async for result in results:
            await self._put_out(function, output, result, self._now().wall_ns)

    async def _handle(self, handler: Handler, message: Message, arrived: MqttMessage) -> None:
        if is_command(message.topic):
            answer = await self._caller.command(handler.function, message, handler.statistics)
            publication = write_answer(message, answer, arrived.properties.correlation_data)
            if publication is not None:
                await self.outbox.publish(publication)
            return
        time_ns = self._now().wall_ns
        done, result = await self._caller.call(handler.function, message)
        handler.statistics.handled += done
        handler.statistics.failed += not done
        if done and handler.output is not None:
            await self._put_out(handler.function, handler.output, result, time_ns)

    async def _put_out(self, function: Function, output: Output, result: Any, time_ns: int) -> None:
        if result is None:
            return
        try:
            if output.topic is not None:
                await self._app.publish(output.topic, result, qos=output.qos, retain=output.retain)
            else:
                self.outbox.emit(list(self._shape(function, output).points(result, time_ns)))
        except Error as error:
            self._caller.note_failure(function, error)

    def _shape(self, function: Function, output: Output) -> Shape:
        if function not in self._shapes:
            self._shapes[function] = shape(self._app.name, self._app.device, function, output)
        return self._shapes[function]

    def _send_soon(self, publication: Publication) -> None:
        if self._group is None or self._sends >= _PENDING_SENDS:
            self.sends_dropped += 1
            log.log(logging.WARNING if self.sends_dropped == 1 else logging.DEBUG, "too many messages wait")
            return
        self._sends += 1
        self._group.create_task(self._send(publication), name="app-send")

    async def _send(self, publication: Publication) -> None:
        try:
            await self.outbox.publish(publication)
        except Error as error:
            log.error("a message to %s was not sent: %s", publication.topic, error)
        finally:
            self._sends -= 1

    async def _configure(self, message: Message) -> dict[str, Any]:
        """Set options as the hub asks for, and return all of them."""
        topic = f"sta/{self._app.device}/{self._app.name}/options"
        try:
            wanted = self._remote.read(message)
        except DecodeError as error:
            shown = {"options": self._app.options.shown(), "error": error.reason}
            await self.outbox.publish(Publication(topic, encode(shown), 1, retained=True))
            await self._tell_form(error.reason)
            raise
        changed = self._remote.apply(wanted, self._app.options)
        if changed:
            log.info("the hub has set options", extra={"options": self._app.options.shown()})
            for ticks in self.ticks.values():
                ticks.period_changed()
            for function in self._app.declared.changed:
                await self._caller.call(function)
        shown = self._app.options.shown()
        await self.outbox.publish(Publication(topic, encode({"options": shown}), 1, retained=True))
        await self._tell_form()
        return shown

    def _form(self, error: str | None = None) -> Publication | None:
        """Return the message from which the hub's page makes a form for the options."""
        form = self._remote.form(self._app.name, self._app.options, error)
        topic = f"sta/{self._app.device}/{self._app.name}/form"
        return None if form is None else Publication(topic, encode(form), 1, retained=True)

    async def _tell_form(self, error: str | None = None) -> None:
        if (form := self._form(error)) is not None:
            await self.outbox.publish(form)

    def _own_handlers(self) -> list[On]:
        """Return what every app listens to."""
        return [
            On("cmd/{device}/{app}/config", Function(self._configure), Output()),
            On(self._presence, Function(self._hear_presence), Output(), qos=0),
        ]

    async def _hear_presence(self, message: Message) -> None:
        self._standing.told(message.payload)

    def _handler(self, on: On) -> Handler:
        pattern = on.pattern(self._app.device, self._app.name)
        on.function.bind(type(self._app), self._app.declared_options, pattern.names, payload=True)
        return Handler(
            pattern, on.function, on.qos, on.full, asyncio.Queue(on.queue), HandlerStatistics(), on.output
        )

    def _ticks(self, every: Every) -> Ticks:
        every.seconds(self._app.options)
        return Ticks(every.function.name, lambda: every.seconds(self._app.options))

    def _outbox(self) -> Outbox:
        spool, folder = self._settings.spool, self._settings.folder
        kept = spool.open(folder / "spool", self._now) if folder is not None else None
        return Outbox(
            self.client,
            kept,
            f"tel/{self._app.device}/{self._app.name}",
            self._now,
            writes_ahead=spool.when == "always",
            sync_interval=spool.sync,
            clock_set_ns=CLOCK_SET_NS,
        )

    def _mqtt_settings(self) -> Any:
        """Return broker and login with session and will: a session is kept where it is worth something.

        Without one the client id has a random part, so that two boards fresh from one image do not throw
        each other out.
        """
        is_kept = any(handler.qos > 0 for handler in self.handlers[: len(self._app.declared.on)])
        client_id = f"{self._app.device}-{self._app.name}"
        return replace(
            self._settings.mqtt,
            client_id=client_id if is_kept else f"{client_id}-{secrets.token_hex(4)}",
            is_clean=not is_kept,
            will=presence(self._presence, is_online=False),
        )


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

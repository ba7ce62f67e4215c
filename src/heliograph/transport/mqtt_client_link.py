"""paho on asyncio's loop: one object that connects, is lost, and connects again with what it still holds.

This uses the library's interface for other event loops. aiomqtt does the same, and was left for it because
it puts what comes into a queue that is unbounded or drops what has been acknowledged, waits for its timeout
when a broker closes the connection instead of answering, and takes a task for each message.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import paho.mqtt.client as paho

from heliograph.aio.threads import in_daemon_thread
from heliograph.errors import ConnectionLost, Error, TransportError
from heliograph.transport.mqtt_client_errors import (
    closed_before_answer,
    connect_failure,
    no_answer,
    not_mqtt,
    refusal,
)
from heliograph.transport.mqtt_client_paho import connack_code, connect_blocking, prepare_tls
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion

_FAILURES: Final = (OSError, ValueError, paho.WebsocketConnectionError)
_TICK: Final = 1.0
_READ_BURST: Final = 64
"""Packets that are read before the loop may do something else."""


class PahoLink:
    """Drives a client of the library. Everything but the look-up and the handshake happens on the loop."""

    def __init__(
        self, settings: MqttSettings, client: paho.Client, on_lost: Callable[[TransportError], None]
    ) -> None:
        self._settings = settings
        self._client = client
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._accepted: asyncio.Future[bool] | None = None
        self._reader: int | None = None
        self._writer: int | None = None
        self._gone = asyncio.Event()
        self._is_open = False
        self._is_paused = False
        self._is_write_planned = False
        self._is_in_thread = False
        self._is_tls_ready = False
        self._tick: asyncio.TimerHandle | None = None
        self.arrived = 0
        """Counts what the library told us, so that reading goes on while there is something to read."""
        self.connection = 0
        """Counts the connections that the broker accepted. What it sends right behind its consent is read
        before :meth:`open` returns, and belongs to the new one already."""
        self.receive_maximum: int | None = None
        """MQTT 5: how many publications the broker takes before it has acknowledged the first."""
        self.early_loss: ConnectionLost | None = None
        """Why the connection was gone again before :meth:`open` returned; nobody is called then."""
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write

    @property
    def is_open(self) -> bool:
        """Whether the broker has accepted us and the connection is not known to be lost."""
        return self._is_open

    async def open(self, *, is_clean_start: bool) -> bool:
        """Connect, and return whether the broker still had our session.

        After any error the socket is closed. After a cancellation too, or it will be when the look-up or the
        handshake ends, and the link must not be used again.

        Raises:
            Unreachable, UnknownHost, TlsFailed, MqttRefused, ConfigError: each with reason and next step.
        """
        self._accepted = self._loop.create_future()
        self.early_loss = None
        try:
            await self._connect_in_thread(is_clean_start=is_clean_start)
            self._attach()
            async with asyncio.timeout(self._settings.connect_timeout):
                session_present = await self._accepted
        except TimeoutError as error:
            raise no_answer(self._settings) from error
        except _FAILURES as error:
            raise connect_failure(self._settings, error) from error
        finally:
            self._accepted = None
            if not self._is_open:
                self.abort()
        return session_present

    async def _connect_in_thread(self, *, is_clean_start: bool) -> None:
        self._is_in_thread = True  # and so it stays after a cancellation: nothing of the thread is heard then
        try:
            await in_daemon_thread(self._connect, is_clean_start)
        except (*_FAILURES, Error):
            self._is_in_thread = False
            raise
        self._is_in_thread = False

    def _connect(self, is_clean_start: bool) -> None:  # noqa: FBT001  called by its place, through the thread
        if not self._is_tls_ready:
            prepare_tls(self._client, self._settings)
            self._is_tls_ready = True
        connect_blocking(self._client, self._settings, is_clean_start=is_clean_start)

    def pause(self) -> None:
        """Read no more, until :meth:`resume`: the broker waits then, and keeps what it has for us."""
        self._is_paused = True
        if self._reader is not None:
            self._loop.remove_reader(self._reader)

    def resume(self) -> None:
        """Read again."""
        if self._is_paused:
            self._is_paused = False
            if self._reader is not None:
                self._loop.add_reader(self._reader, self._readable)
                self._loop.call_soon(self._readable)  # what the encryption has read already wakes nobody

    async def close(self, patience: float) -> None:
        """Send the rest and say goodbye, within ``patience`` seconds; then close the socket."""
        if self._is_open:
            self._is_open = False
            self._client.disconnect()
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._gone.wait()
        self.abort()

    def abort(self) -> None:
        """Close the socket now, without a word; the broker will publish the last will."""
        self._is_open = False
        open_socket = self._client.socket()
        if open_socket is not None and not self._is_in_thread:
            self._detach()
            open_socket.close()
            self._client.loop_read()  # finds the socket closed, and lets go of it

    def _attach(self) -> None:
        open_socket = self._client.socket()
        if open_socket is None:
            raise closed_before_answer(self._settings)
        self._reader = open_socket.fileno()
        if not self._settings.is_unix:
            _send_at_once(self._reader)
        self._gone.clear()
        self._is_paused = False  # the answer to our greeting must be read
        self._loop.add_reader(self._reader, self._readable)
        self._plan_write()
        self._tick = self._loop.call_later(_TICK, self._on_tick)

    def _detach(self) -> None:
        if self._tick is not None:
            self._tick.cancel()
        if self._reader is not None:
            self._loop.remove_reader(self._reader)
            self._loop.remove_writer(self._reader)
        self._reader = self._writer = None
        self._gone.set()

    def _readable(self) -> None:
        for _ in range(_READ_BURST):
            arrived = self.arrived
            self._client.loop_read()
            if self._reader is None or self._is_paused:
                return
            if self.arrived == arrived and not self._has_decrypted():
                return

    def _has_decrypted(self) -> bool:
        pending = getattr(self._client.socket(), "pending", None)
        return pending is not None and pending() > 0

    def _plan_write(self) -> None:
        if not self._is_write_planned and self._writer is None:
            self._is_write_planned = True
            self._loop.call_soon(self._write)

    def _write(self) -> None:
        self._is_write_planned = False
        if self._reader is None:
            return
        self._client.loop_write()
        if self._writer is None and self._client.want_write():
            self._wait_writable()

    def _wait_writable(self) -> None:
        if self._reader is not None:
            self._writer = self._reader
            self._loop.add_writer(self._writer, self._write)

    def _on_tick(self) -> None:
        self._client.loop_misc()
        if self._reader is not None:
            self._tick = self._loop.call_later(_TICK, self._on_tick)

    def _on_register_write(self, *_: object) -> None:
        if self._reader is not None:  # otherwise we are in the thread, and attaching writes
            self._plan_write()

    def _on_unregister_write(self, *_: object) -> None:
        if self._writer is not None:
            self._loop.remove_writer(self._writer)
            self._writer = None

    def _on_socket_close(self, *_: object) -> None:
        if not self._is_in_thread:
            self._detach()

    def _on_connect(self, _client: object, _data: object, flags: Any, reason: Any, properties: Any) -> None:
        if self._accepted is None or self._accepted.done():
            return
        if reason.is_failure:
            words = getattr(properties, "ReasonString", None) or reason.getName()
            code = connack_code(self._settings, reason.value)
            self._accepted.set_exception(refusal(self._settings, code, words))
        else:
            self.receive_maximum = getattr(properties, "ReceiveMaximum", None)
            self._is_open = True
            self.connection += 1
            self._accepted.set_result(bool(flags.session_present))

    def _on_disconnect(self, _client: object, _data: object, flags: Any, reason: Any, _: object) -> None:
        if self._is_in_thread:
            return
        if self._accepted is not None and not self._accepted.done():
            is_nonsense = reason.getName() == "Protocol error"
            self._accepted.set_exception((not_mqtt if is_nonsense else closed_before_answer)(self._settings))
        if self._is_open:
            self._is_open = False
            said = flags.is_disconnect_packet_from_server and self._settings.version is MqttVersion.V5
            why = f"the broker ended it: {reason.getName().lower()}" if said else "it broke"
            loss = ConnectionLost(self._settings.endpoint, f"the connection was lost, {why}")
            if self._accepted is not None:
                self.early_loss = loss
            else:
                self._on_lost(loss)


def _send_at_once(descriptor: int) -> None:
    # Nagle's algorithm holds a small packet back until the last one is confirmed, which the other side puts
    # off for 40 ms: with QoS 1 and 2 that is a round of 40 ms for each message.
    with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as same:
        same.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

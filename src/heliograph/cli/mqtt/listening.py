"""What ``helio sub`` does with the messages that come."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self

from heliograph.cli.mqtt.formats import Arrived, Format
from heliograph.cli.mqtt.recording import Recorder
from heliograph.cli.mqtt.show import Differences, Printer, Show
from heliograph.errors import ConfigError, PayloadError, TimedOut
from heliograph.model.topic_filter import matches
from heliograph.transport.mqtt_client import MqttClient
from heliograph.transport.mqtt_client_message import MqttMessage, Publication

QUIET: Final = 1.0
"""Seconds without a message after which what the broker had kept is held to be through: it tells no end."""

_MOST_AT_ONCE: Final = 1_000


class Listener:
    """Chooses, prints, records and counts.

    Raises:
        ConfigError: options that contradict each other, a format or a file that is not right.
    """

    def __init__(self, args: argparse.Namespace, endpoint: str) -> None:
        if args.count is not None and args.count < 1:
            raise ConfigError(f"-C takes 1 or more messages, got {args.count}")
        if args.timeout is not None and args.timeout <= 0:
            raise ConfigError(f"-W takes more than 0 seconds, got {args.timeout:g}")
        self._args = args
        self._endpoint = endpoint
        self._show = _show_of(args)
        self._end = b"" if args.no_newline else b"\n"
        self._chance = random.Random()
        self._recorder = Recorder(args.record) if args.record else None
        self._opened = ExitStack()
        self._shown = 0
        self._unacknowledged: list[MqttMessage] = []

    def __enter__(self) -> Self:
        if self._recorder is not None:
            self._opened.enter_context(self._recorder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    async def listen(self, client: MqttClient) -> int:
        """Take messages until the count is reached.

        Raises:
            TimedOut: the time of ``-W`` is over before.
            PayloadError: with ``--strict``, a payload that cannot be decoded.
        """
        try:
            async with asyncio.timeout(self._args.timeout):
                return await self._take(client)
        except TimeoutError as error:
            waited = f"{self._args.timeout:g} s"
            raise TimedOut(self._endpoint, f"{waited} are over, {self._shown} messages came") from error

    async def _take(self, client: MqttClient) -> int:
        while (message := await self._next(client)) is not None:
            if self._args.remove_retained and message.retained and not self._is_left_out(message):
                await client.publish(Publication(message.topic, b"", 1, retained=True))
            if self._is_wanted(message):
                self._put(Arrived(message, time.time_ns()))
                self._shown += 1
            self._unacknowledged.append(message)
            if not client.waiting or len(self._unacknowledged) == _MOST_AT_ONCE:
                self._flush(client)
            if self._shown == self._args.count:
                break
        self._flush(client)
        return 0

    async def _next(self, client: MqttClient) -> MqttMessage | None:
        """Return the next message; None where only kept ones are wanted and they are through."""
        if not self._args.retained_only:
            return await client.next_message()
        try:
            async with asyncio.timeout(QUIET):
                message = await client.next_message()
        except TimeoutError:
            return None
        return message if message.retained else None

    def _is_left_out(self, message: MqttMessage) -> bool:
        return any(matches(topic_filter, message.topic) for topic_filter in self._args.filter_out)

    def _is_wanted(self, message: MqttMessage) -> bool:
        args = self._args
        if args.no_retained and message.retained:
            return False
        if args.filter_out and self._is_left_out(message):
            return False
        return args.random_filter is None or self._chance.uniform(0, 100) < args.random_filter

    def _put(self, arrived: Arrived) -> None:
        if self._recorder is not None:
            self._recorder.record(arrived)
        try:
            shown = self._show(arrived)
        except PayloadError as error:
            if self._args.strict:
                where = f"a message of {arrived.message.topic!r} at {self._endpoint}"
                raise PayloadError(
                    error.form, f"{error.reason}; it is {where}; --decode auto takes any"
                ) from error
            sys.stdout.buffer.flush()
            print(f"helio sub: {arrived.message.topic}: {error}; --decode auto takes any", file=sys.stderr)
            return
        if shown is not None:
            sys.stdout.buffer.write(shown + self._end)

    def _flush(self, client: MqttClient) -> None:
        """Let go of what is printed, and only then of what the broker keeps for us."""
        sys.stdout.buffer.flush()
        if self._recorder is not None:
            self._recorder.flush()
        for message in self._unacknowledged:
            client.acknowledge(message)
        self._unacknowledged.clear()


def _show_of(args: argparse.Namespace) -> Show:
    if args.diff and args.format is not None:
        raise ConfigError("--diff and -F are two ways to print: choose one")
    if args.format is not None:
        return Format(args.format, is_pretty=args.pretty)
    is_coloured = args.color == "always" or (args.color == "auto" and _has_colours())
    if args.diff:
        return Differences(args.decode or "auto", is_coloured=is_coloured)
    form = args.decode or ("auto" if args.pretty else None)
    return Printer(form, has_topic=args.verbose, is_pretty=args.pretty, is_coloured=is_coloured)


def _has_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

"""What ``helio pub`` sends and when: one message, the same again, lines of a pipe, filled templates."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from heliograph.aio.threads import in_daemon_thread
from heliograph.cli.mqtt.templates import JsonTemplate, Moment, Template
from heliograph.errors import ConfigError, ConnectionLost
from heliograph.transport.mqtt_client import MqttClient
from heliograph.transport.mqtt_client_message import MessageProperties, Publication

log = logging.getLogger(__name__)

_CHUNK: Final = 65_536
MOST_RECEIPTS: Final = 65_535


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be sent."""

    topic: Template
    qos: int
    retained: bool
    properties: MessageProperties
    count: int
    """How many messages, 0 for no end; with lines the most of them."""
    every: float
    """Seconds between two messages, 0 for as fast as it goes."""
    payload: bytes | None = None
    """The same each time."""
    template: Template | JsonTemplate | None = None
    """A new one each time."""
    is_lines: bool = False
    """Each line of standard input."""

    async def publications(self) -> AsyncIterator[Publication]:
        """Yield the messages, each at its time; times are kept over the long run."""
        seq, began = 0, time.monotonic()
        async for payload in self._payloads():
            if self.every and seq:
                delay = began + seq * self.every - time.monotonic()
                if delay > 0:
                    await asyncio.sleep(delay)
            seq += 1
            moment = Moment(seq)
            text = payload if payload is not None else self._filled(moment)
            topic = self.topic.fill(moment)
            yield Publication(topic, text, self.qos, self.retained, self.properties)

    async def _payloads(self) -> AsyncIterator[bytes | None]:
        if not self.is_lines:
            sent = 0
            while not self.count or sent < self.count:
                yield self.payload
                sent += 1
            return
        sent = 0
        async for line in stdin_lines():
            yield line
            sent += 1
            if sent == self.count:
                return

    def _filled(self, moment: Moment) -> bytes:
        return b"" if self.template is None else self.template.fill(moment).encode()


async def stdin_lines() -> AsyncIterator[bytes]:
    """Yield the lines of standard input without their ends, as they come."""
    rest = b""
    while chunk := await in_daemon_thread(os.read, sys.stdin.fileno(), _CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
    if rest:
        yield rest


def payload_of(args: argparse.Namespace) -> bytes | None:
    """Return the payload that stays the same; None if it is made anew each time.

    Raises:
        ConfigError: a file cannot be read.
    """
    if args.message is not None:
        return os.fsencode(args.message)
    if args.null_message:
        return b""
    if args.stdin_file:
        return sys.stdin.buffer.read()
    if args.file is not None:
        try:
            return Path(args.file).read_bytes()
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", path=args.file) from error
    return None


def template_of(args: argparse.Namespace) -> Template | JsonTemplate | None:
    """Return what is filled anew for each message.

    Raises:
        ConfigError: it cannot be read, has an unknown place, or is no JSON.
    """
    if args.json is not None:
        return JsonTemplate(_text(args.json))
    if args.template is not None:
        return Template(_text(args.template))
    if args.random is not None:
        return Template(f"{{random:{args.random}}}")
    return None


def _text(given: str) -> str:
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(f"the template cannot be read: {reason}", path=given[1:]) from error


class Sender:
    """Sends with as many messages under way as the client allows, and hears of each how it ended.

    Messages of QoS 0 that went down with a connection are told, and the others go on.
    """

    def __init__(self, client: MqttClient) -> None:
        self._client = client
        self._lost = 0
        self._receipts: deque[tuple[int, asyncio.Future[None]]] = deque(maxlen=MOST_RECEIPTS)
        """With the QoS of each."""

    async def send(self, publication: Publication) -> None:
        """Send a message; raises for an earlier one that failed."""
        while self._receipts and (self._receipts[0][1].done() or len(self._receipts) == MOST_RECEIPTS):
            await self._hear(*self._receipts.popleft())
        self._receipts.append((publication.qos, await self._client.send(publication)))

    async def finish(self) -> None:
        """Return when everything is acknowledged.

        Raises:
            ConnectionLost: messages of QoS 0 were lost.
            MqttRefused: MQTT 5: the broker does not want a message.
        """
        while self._receipts:
            await self._hear(*self._receipts.popleft())
        if self._lost:
            what = f"{self._lost} of QoS 0 went down with a connection; -q 1 sends such messages again"
            raise ConnectionLost(self._client.settings.endpoint, what)

    async def _hear(self, qos: int, receipt: asyncio.Future[None]) -> None:
        try:
            await receipt
        except ConnectionLost:
            if qos:  # the client has ended, and its own error tells why
                raise
            self._lost += 1
            log.warning("a message of QoS 0 was lost, %d by now", self._lost)

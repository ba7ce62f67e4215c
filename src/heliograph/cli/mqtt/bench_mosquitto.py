"""Mosquitto's own commands as publishers and subscribers of ``helio bench mqtt``."""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heliograph.cli.mqtt.bench_worker import Latencies, paced, warm_up_topic
from heliograph.errors import Unreachable
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion

if TYPE_CHECKING:
    from heliograph.cli.mqtt.bench import Load

_BURST: Final = 100
_CHUNK_BYTES: Final = 65_536
_START: Final = 30.0
_WARM_UP: Final = b"w"
_BEGIN: Final = b"b"
_VERSIONS: Final = {MqttVersion.V5: "5", MqttVersion.V311: "311", MqttVersion.V31: "31"}


@asynccontextmanager
async def _client(name: str, settings: MqttSettings, *arguments: str) -> AsyncIterator[Process]:
    """Start one of the commands; broker and login go by a file, so that nobody sees the password."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_text(
            "".join(f"{line}\n" for line in _options(settings)), encoding="utf-8"
        )
        process = await asyncio.create_subprocess_exec(
            *(name, *arguments), stdin=PIPE, stdout=PIPE, env=os.environ | {"XDG_CONFIG_HOME": folder}
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def _options(settings: MqttSettings) -> list[str]:
    tls = settings.tls
    said = [
        ("-h", settings.host),
        ("-p", str(settings.actual_port)),
        ("-V", _VERSIONS[settings.version]),
        ("-u", settings.user),
        ("-P", settings.password),
        ("--cafile", tls and tls.cafile),
        ("--capath", tls and tls.capath),
        ("--cert", tls and tls.certfile),
        ("--key", tls and tls.keyfile),
    ]
    lines = [f"{option} {value}" for option, value in said if value]
    if tls is not None and not (tls.cafile or tls.capath):
        lines.append("--tls-use-os-certs")
    if tls is not None and not tls.is_host_checked:
        lines.append("--insecure")
    return [*lines, "--nodelay"]


class Heard:
    """Subscribers that print the moment and the beginning of each message."""

    def __init__(self, processes: list[Process], load: Load) -> None:
        self._processes = processes
        self._load = load
        self._awaited = len(processes) * load.publishers
        self._all_began = asyncio.Event()

    async def began(self) -> None:
        """Wait until each subscriber has had the first line of each publisher, which is not measured.

        Raises:
            TimeoutError: they have not for half a minute.
        """
        async with asyncio.timeout(_START):
            await self._all_began.wait()

    async def result(self) -> dict[str, Any]:
        """Read until all came, or nothing came for a while, and return the figures."""
        counts = [Latencies() for _ in self._processes]
        async with asyncio.TaskGroup() as tasks:
            for process, latencies in zip(self._processes, counts, strict=True):
                tasks.create_task(self._read(process, latencies))
        return Latencies.joined(counts).figures()

    async def _read(self, process: Process, latencies: Latencies) -> None:
        rest = b""
        while latencies.received < self._load.count:
            chunk = await _chunk(process, self._load.quiet_s if self._all_began.is_set() else None)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                at, _, sent_ns = line.partition(b" ")
                if sent_ns.startswith(_BEGIN):
                    self._hear_begin()
                elif not sent_ns.startswith(_WARM_UP):
                    seconds, _, nanoseconds = at.partition(b".")
                    latencies.add(int(sent_ns[:19]), int(seconds) * 10**9 + int(nanoseconds))

    def _hear_begin(self) -> None:
        self._awaited -= 1
        if not self._awaited:
            self._all_began.set()


async def _chunk(process: Process, limit_s: float | None) -> bytes:
    """Return what it printed meanwhile; nothing when it ended, or was silent for so long."""
    assert process.stdout is not None  # noqa: S101  for mypy: it was asked for
    try:
        async with asyncio.timeout(limit_s):
            return await process.stdout.read(_CHUNK_BYTES)
    except TimeoutError:
        return b""


@asynccontextmanager
async def mosquitto_subscribers(settings: MqttSettings, load: Load) -> AsyncIterator[Heard]:
    """Start them, and hand over when each has had a message."""
    async with AsyncExitStack() as opened:
        arguments = ("-t", f"{load.topic}/#", "-q", str(load.qos), "-F", "%U %.19p")
        processes = []
        for _number in range(load.subscribers):
            process = await opened.enter_async_context(_client("mosquitto_sub", settings, *arguments))
            processes.append(process)
        await _wait_subscribed(settings, load, processes)
        yield Heard(processes, load)


async def _wait_subscribed(settings: MqttSettings, load: Load, processes: list[Process]) -> None:
    # mosquitto_sub does not tell when it is subscribed; the first message of a series does.
    command = shlex.split(f"-t {shlex.quote(warm_up_topic(load.topic))} -l")
    async with _client("mosquitto_pub", settings, *command) as warming, asyncio.timeout(_START):
        assert warming.stdin is not None  # noqa: S101  for mypy: it was asked for
        for process in processes:
            assert process.stdout is not None  # noqa: S101  for mypy: it was asked for
            while True:
                warming.stdin.write(_WARM_UP + b"\n")
                try:
                    async with asyncio.timeout(0.05):
                        await process.stdout.readline()
                except TimeoutError:
                    if process.returncode is not None:
                        raise Unreachable(settings.endpoint, "mosquitto_sub ended early") from None
                    continue
                break


async def mosquitto_publishers(settings: MqttSettings, load: Load, heard: Heard) -> dict[str, Any]:
    """Feed a mosquitto_pub for each publisher once all are connected, and return what they did."""
    async with AsyncExitStack() as opened, asyncio.TaskGroup() as tasks:
        processes = []
        for number in range(load.publishers):
            arguments = ("-l", "-t", f"{load.topic}/{number}", "-q", str(load.qos))
            process = await opened.enter_async_context(_client("mosquitto_pub", settings, *arguments))
            await _write(process, _BEGIN + b"\n")
            processes.append(process)
        try:
            await heard.began()
        except TimeoutError:
            raise Unreachable(settings.endpoint, "mosquitto_pub and mosquitto_sub did not meet") from None
        began = time.time_ns()
        for number, process in enumerate(processes):
            tasks.create_task(_publish(settings, load, number, process))
    return {"sent": load.count, "seconds": (time.time_ns() - began) / 1e9}


async def _publish(settings: MqttSettings, load: Load, number: int, process: Process) -> None:
    async def send(message: bytes) -> None:
        lines.append(message + b"\n")
        if load.rate or len(lines) == _BURST:
            await _write(process, b"".join(lines))
            lines.clear()

    lines: list[bytes] = []
    await paced(load, number, send)
    await _write(process, b"".join(lines))
    assert process.stdin is not None  # noqa: S101  for mypy: it was asked for
    process.stdin.close()
    if await process.wait():
        raise Unreachable(settings.endpoint, "mosquitto_pub ended early; see its words above")


async def _write(process: Process, lines: bytes) -> None:
    assert process.stdin is not None  # noqa: S101  for mypy: it was asked for
    with suppress(BrokenPipeError, ConnectionResetError):  # its status tells
        process.stdin.write(lines)
        await process.stdin.drain()

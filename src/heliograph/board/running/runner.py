"""The laptop's end of a run: output as it comes, and what the board says of the program."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncssh

from heliograph.board.faults import told_of_link
from heliograph.board.remote.sources import BOOT, sent, source
from heliograph.board.running.spec import BEAT_SECONDS, Spec
from heliograph.board.ssh import Link
from heliograph.errors import BoardError, BoardUnreachable, Error

Output = Callable[[str, bytes], None]
"""Is called with ``out`` or ``err`` and what came there."""
START_SECONDS: Final = 30.0
_END_SECONDS: Final = 5.0
_READ_BYTES: Final = 64 * 1024
_LOST: Final = "the connection broke; without a sign of life the board ends the program"


class Runner:
    """A program on a board that lives as long as this does. Made by :func:`open_runner`."""

    def __init__(
        self, link: Link, process: asyncssh.SSHClientProcess[bytes], mark: bytes, output: Output
    ) -> None:
        self.link = link
        self.port = 0
        """The board's port that the command had asked for."""
        self.status: int | None = None
        """The program's exit status, None while it runs."""
        self.is_over = False
        """Whether the board's end is gone."""
        self.notice: Callable[[], object] = lambda: None
        """Is called when the program or the board's end has ended."""
        self._process = process
        self._mark = mark
        self._output = output
        self._started = self._is_listening = False
        self._took = 0
        self._failed = ""
        self._lost: Exception | None = None
        self._news = asyncio.Condition()
        self._grace = _END_SECONDS

    async def start(self, spec: Spec, *, stdin: bool = False) -> None:
        """Start a program, after ending the one before.

        Raises:
            BoardError: the board cannot start it.
            BoardUnreachable: the connection broke.
        """
        self._started = self._is_listening = False
        self._failed, self.status = "", None
        self._grace = spec.service.stop_seconds + _END_SECONDS
        self._tell(spec.frame(stdin=stdin))
        await self._wait(lambda: self._started or bool(self._failed), self._grace + START_SECONDS, "start")
        if self._failed:
            raise BoardError(self.link.board.name, f"{self._failed}; is it installed there?")

    async def stop(self) -> None:
        """End the program with all that it started; the next may be started."""
        self._tell({"do": "stop"})
        await self._wait(lambda: self.status is not None, self._grace + START_SECONDS, "stop")

    async def listening(self) -> int:
        """Wait until the program listens on the port that it was given, and return that.

        Raises:
            BoardError: it ended before it did.
        """
        await self._wait(lambda: self._is_listening or self.status is not None, START_SECONDS * 2, "listen")
        if not self._is_listening:
            raise BoardError(self.link.board.name, f"the program ended with {self.status} before it listened")
        return self.port

    async def ended(self) -> int:
        """Wait for the program's end, however long it takes, and return its exit status."""
        await self._wait(lambda: self.status is not None, None, "end")
        assert self.status is not None  # noqa: S101 - what was waited for
        return self.status

    def signal(self, name: str) -> None:
        """Send a signal, such as ``INT``, to the program and to what it started."""
        self._tell({"do": "signal", "name": name})

    async def type(self, data: bytes) -> None:
        """Give the program input; nothing is its end. Returns when the program's side has taken it."""
        awaited = self._took + 1
        self._tell({"do": "input", "data": base64.b64encode(data).decode()})
        await self._wait(lambda: self._took >= awaited or self.status is not None, None, "read")

    async def read(self) -> None:
        """Read both streams to their end."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_out(), name="run-out")
            group.create_task(self._read_err(), name="run-err")
        self.is_over = True
        self.notice()
        async with self._news:
            self._news.notify_all()

    async def beat(self) -> None:
        """Give signs of life until cancelled."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._tell({"do": "beat"})

    async def end(self) -> None:
        """End the program and the runner; what the program still says comes through."""
        self._tell({"do": "end"})
        with suppress(TimeoutError, asyncssh.Error, OSError):
            async with asyncio.timeout(self._grace):
                await self._process.wait_closed()

    def _tell(self, frame: dict[str, Any]) -> None:
        if not self.is_over:
            with suppress(OSError):  # the readers find out, and say what it was
                self._process.stdin.write(json.dumps(frame).encode() + b"\n")

    async def _wait(self, done: Callable[[], bool], seconds: float | None, what: str) -> None:
        name = self.link.board.name
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: done() or self.is_over)
        except TimeoutError as error:
            raise BoardError(name, f"the program did not {what} within {seconds:g} s") from error
        if not done():
            raise BoardUnreachable(name, _LOST) from self._lost

    async def _read_out(self) -> None:
        async for chunk in self._chunks(self._process.stdout):
            self._output("out", chunk)

    async def _read_err(self) -> None:
        rest = b""
        async for chunk in self._chunks(self._process.stderr):
            text, events, rest = split_events(rest + chunk, self._mark)
            if text:
                self._output("err", text)
            for event in events:
                await self._take(event)
        if rest:
            self._output("err", rest)

    async def _chunks(self, reader: asyncssh.SSHReader[bytes]) -> AsyncIterator[bytes]:
        try:
            with told_of_link(self.link.board):
                while chunk := await reader.read(_READ_BYTES):
                    yield chunk
        except BoardError as error:
            self._lost = error

    async def _take(self, event: dict[str, Any]) -> None:
        if "started" in event:
            self._started, self.port = True, event["port"]
        elif "failed" in event:
            self._failed = event["failed"]
        elif "listening" in event:
            self._is_listening = True
        elif "took" in event:
            self._took += 1
        else:
            self.status = event["ended"]
            self.notice()
        async with self._news:
            self._news.notify_all()


def split_events(data: bytes, mark: bytes) -> tuple[bytes, list[dict[str, Any]], bytes]:
    """Return what the program wrote, what the runner said in between, and what is not complete yet."""
    begin = b"\x1e" + mark + b" "
    text = b""
    events: list[dict[str, Any]] = []
    while (at := data.find(b"\x1e")) >= 0:
        text, data = text + data[:at], data[at:]
        if not data.startswith(begin[: len(data)]):
            text, data = text + data[:1], data[1:]
            continue
        end = data.find(b"\n")
        if end < 0:
            return text, events, data
        events.append(json.loads(data[len(begin) : end]))
        data = data[end + 1 :]
    return text + data, events, b""


@asynccontextmanager
async def open_runner(link: Link, output: Output, *, python: str = "python3") -> AsyncIterator[Runner]:
    """Start the runner on a board. With the end of the block all ends that it started.

    Raises:
        BoardUnreachable: the connection broke.
    """
    mark = secrets.token_hex(8)
    program = source("ports", "runner").replace(b"Runner(MARK)", f"Runner({mark!r})".encode())
    async with link.process(f"exec {python} -I -S -X utf8 -c {shlex.quote(BOOT)}") as process:
        with suppress(BrokenPipeError):  # it has ended already: why stands in what it said
            process.stdin.write(sent(program))
        runner = Runner(link, process, mark.encode(), output)
        failed: Error | None = None
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(runner.read(), name="run-read")
            beating = group.create_task(runner.beat(), name="run-beat")
            try:
                yield runner
            except Error as error:  # past the group, which would wrap it
                failed = error
            finally:
                beating.cancel()
                await asyncio.shield(_finished(runner, reading))
        if failed is not None:
            raise failed


async def _finished(runner: Runner, reading: asyncio.Task[None]) -> None:
    await runner.end()
    with suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            await asyncio.shield(reading)
    reading.cancel()

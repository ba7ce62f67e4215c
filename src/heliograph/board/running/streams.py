"""A plain command on a board whose output is handed on as it comes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import asyncssh

from heliograph.board.faults import told_of_link
from heliograph.board.ssh import Link
from heliograph.errors import BoardUnreachable, Error

_READ_BYTES: Final = 64 * 1024
_SIGNALED: Final = 128


async def stream(link: Link, command: str, output: Callable[[str, bytes], None]) -> int:
    """Run a command of the board's shell to its end and return its exit status.

    ``output`` is called with ``out`` or ``err`` and what came there. On cancellation the command gets
    SIGTERM, where the board's SSH server is OpenSSH 7.9 or newer; elsewhere it ends when it next writes.

    Raises:
        BoardUnreachable: the connection broke.
    """
    failed: Error | None = None
    async with link.process(command) as process:
        process.stdin.write_eof()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(_read(link, process.stdout, "out", output), name="exec-out"),
                    group.create_task(_read(link, process.stderr, "err", output), name="exec-err"),
                ]
        except asyncio.CancelledError:
            with suppress(OSError):
                process.terminate()
            raise
        failed = next((error for task in tasks if (error := task.result()) is not None), None)
        await process.wait_closed()
    if failed is not None:
        raise failed
    return exit_status(process, link)


async def _read(
    link: Link, reader: asyncssh.SSHReader[bytes], name: str, output: Callable[[str, bytes], None]
) -> Error | None:
    try:
        with told_of_link(link.board):
            while chunk := await reader.read(_READ_BYTES):
                output(name, chunk)
    except Error as error:
        return error
    return None


def exit_status(process: asyncssh.SSHClientProcess[bytes], link: Link) -> int:
    """Return how a process ended, in the numbers of a shell.

    Raises:
        BoardUnreachable: it did not end: the connection did.
    """
    if process.exit_signal is not None:
        number = getattr(signal, f"SIG{process.exit_signal[0]}", 1)
        return _SIGNALED + int(number)
    if process.exit_status is None:
        raise BoardUnreachable(link.board.name, "the connection broke")
    return process.exit_status

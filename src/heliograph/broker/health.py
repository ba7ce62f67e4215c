"""nats-server's own word on how it is, and whether its folder can be written."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

ROOM_BYTES: Final = 4 * 1024 * 1024
"""A disk with less than this is full: nats-server would fail again in a moment."""
_ANSWER_BYTES: Final = 64 * 1024
_TIMEOUT: Final = 2.0


async def is_up(monitor_port: int) -> bool:
    """Return whether nats-server takes connections and has read its streams."""
    status, _ = await _ask(monitor_port, "/healthz?js-enabled-only=true")
    return status == 200


async def write_error(monitor_port: int) -> str | None:
    """Return why a stream cannot be written.

    None when all can, and when nats-server does not answer: then it is gone or just starting, which
    others see to.
    """
    status, body = await _ask(monitor_port, "/healthz")
    if status != 503:
        return None
    with suppress(ValueError, KeyError):
        reason = str(json.loads(body)["error"])
        return reason if "write error" in reason else None
    return None


async def _ask(monitor_port: int, path: str) -> tuple[int, bytes]:
    """Return status and body of an answer; status 0 when there is none."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            reader, writer = await asyncio.open_connection("127.0.0.1", monitor_port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
                head, _, body = (await reader.read(_ANSWER_BYTES)).partition(b"\r\n\r\n")
                return int(head.split(b" ")[1]), body
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, IndexError):
        return 0, b""


def has_room(folder: Path) -> bool:
    """Return whether ``ROOM_BYTES`` can be written in a folder and put on disk; nothing of it stays."""
    probe = folder / "room.tmp"
    try:
        with probe.open("wb") as file:
            for _ in range(ROOM_BYTES // _ANSWER_BYTES):
                file.write(os.urandom(_ANSWER_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return True

"""The log of an app: text or JSON to standard error, and on request to the hub."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn

from heliograph.transport.mqtt_client_message import Publication

MAX_WAITING: Final = 200
_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OWN: Final = ("heliograph.transport", "heliograph.app.logs")
"""Loggers whose lines do not go to the hub: sending them would make more of them."""


def as_json(record: logging.LogRecord) -> dict[str, Any]:
    """Return a line of the log as an object; what was given as ``extra`` has its own keys."""
    line: dict[str, Any] = {
        "time_ns": int(record.created * 1e9),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
    }
    line |= {key: value for key, value in vars(record).items() if key not in _PLAIN}
    if record.exc_info:
        line["error"] = logging.Formatter().formatException(record.exc_info)
    return line


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(as_json(record), default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Time, level, logger, message, and what was given as ``extra`` as ``key=value``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self.converter = time.localtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without the traceback."""
        extra = [f"{key}={value}" for key, value in vars(record).items() if key not in _PLAIN]
        return " ".join([super().formatMessage(record), *extra])


class HubLog(logging.Handler):
    """Keeps the last lines until they are sent; what does not fit goes and is counted. Made on the loop.

    Args:
        level: the least level of a line.
    """

    def __init__(self, level: str) -> None:
        super().__init__(logging.getLevelNamesMapping()[level.upper()])
        self.dropped = 0
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._lines: deque[bytes] = deque(maxlen=MAX_WAITING)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; may be called in any thread."""
        if record.name.startswith(_OWN) or self._loop.is_closed():
            return
        self.dropped += len(self._lines) == MAX_WAITING
        self._lines.append(json.dumps(as_json(record), default=str, ensure_ascii=False).encode())
        self._loop.call_soon_threadsafe(self._news.set)

    async def run(self, topic: str, publish: Callable[[Publication], Awaitable[object]]) -> NoReturn:
        """Send lines as they come, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._lines:
                await publish(Publication(topic, self._lines.popleft(), 0))


def log_to_stderr(level: str, form: str, hub_level: str | None = None) -> None:
    """Set up logging for a program, of which lines of ``hub_level`` go to the hub as well."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    handler.setLevel(level.upper())
    levels = logging.getLevelNamesMapping()
    lowest = min(levels[each.upper()] for each in (level, hub_level or level))
    logging.basicConfig(level=lowest, handlers=[handler])

"""Calling the functions of a program so that none of them ends the others, and commands are done once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from heliograph.aio.workers import Workers
from heliograph.app.calls.functions import Function
from heliograph.app.incoming.answers import Answer, Remembered
from heliograph.app.incoming.handlers import HandlerStatistics
from heliograph.app.incoming.payloads import encode
from heliograph.app.message import Message
from heliograph.errors import DecodeError, Error, SpoolError

if TYPE_CHECKING:
    from heliograph.app.app import App

log = logging.getLogger("heliograph.app")


class Caller:
    """Calls functions with what they ask for, and tells of their errors once.

    Args:
        app: whose functions they are.
        workers: the threads of plain functions.
        remembered: the commands that were begun.
    """

    def __init__(self, app: App, workers: Workers, remembered: Remembered) -> None:
        self._app = app
        self._workers = workers
        self._remembered = remembered
        self._failing: dict[str, str] = {}

    async def run(self, function: Function, message: Message | None = None) -> Any:
        """Call a function and return its result. Raises what it raises."""
        return await function.run(self._workers, function.given(self._app, self._app.options, message))

    async def call(self, function: Function, message: Message | None = None) -> tuple[bool, Any]:
        """Call a function; return whether it did what it should, and its result."""
        try:
            result = await self.run(function, message)
        except DecodeError as error:
            log.warning("%s cannot be given what came: %s", function.name, error.reason)
            return False, None
        except Exception as error:  # noqa: BLE001 - programs are anybody's: one function must not end the others
            self.note_failure(function, error)
            return False, None
        self.note_success(function)
        return True, result

    async def command(self, function: Function, message: Message, statistics: HandlerStatistics) -> Answer:
        """Do a command, unless it was done before, and return its answer."""
        if message.id is None:
            return await self._answer(function, message, statistics)
        if message in self._remembered:
            statistics.repeated += 1
            return self._remembered.answer(message)
        try:
            await self._workers.call("app-commands", self._remembered.begin, message)
        except SpoolError as error:
            log.error("a command is not done: %s", error)
            return Answer(ok=False, error=f"not done, as it could not be written down: {error}")
        answer = await self._answer(function, message, statistics)
        try:
            await self._workers.call("app-commands", self._remembered.end, message, answer)
        except SpoolError as error:
            log.error("the answer to a command is not remembered: %s", error)
        return answer

    def note_failure(self, function: Function, error: Exception) -> None:
        """Count an error of a function, and tell of it if it is another one than the last."""
        kind = f"{type(error).__name__}: {error}"
        self._app.statistics.failures += 1
        if self._failing.get(function.name) == kind:
            log.debug("%s fails again: %s", function.name, kind)
        elif isinstance(error, Error):
            log.error("%s: %s", function.where, error)
        else:
            log.error("%s failed: %s", function.where, kind, exc_info=error)
        self._failing[function.name] = kind

    def note_success(self, function: Function) -> None:
        """Tell that a function works again, if it did not."""
        if self._failing.pop(function.name, None) is not None:
            log.info("%s works again", function.name)

    async def _answer(self, function: Function, message: Message, statistics: HandlerStatistics) -> Answer:
        try:
            result = await self.run(function, message)
            encode(result)
        except DecodeError as error:
            statistics.failed += 1
            log.warning("a command on %s cannot be understood: %s", message.topic, error.reason)
            return Answer(ok=False, error=error.reason)
        except Exception as error:  # noqa: BLE001 - whoever asked wants to know, and the others go on
            statistics.failed += 1
            self.note_failure(function, error)
            return Answer(ok=False, error=f"{type(error).__name__}: {error}")
        statistics.handled += 1
        self.note_success(function)
        return Answer(ok=True, result=result)

"""Answers to commands, and which commands were begun: none is done twice, over restarts too."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import Any, Final

from heliograph.app.incoming.payloads import plain
from heliograph.app.message import Message
from heliograph.errors import SpoolError

log = logging.getLogger(__name__)

MAX_REMEMBERED: Final = 5_000
"""Commands that are known again."""
_MAX_LINES: Final = 4 * MAX_REMEMBERED
_MAX_KEPT: Final = 1_000
_INTERRUPTED: Final = "the app was stopped or killed while it did this; it is not done again"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command."""

    ok: bool
    result: Any = None
    """What the function returned."""
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the answer as it is sent."""
        return {"ok": True, "result": self.result} if self.ok else {"ok": False, "error": self.error}


class Remembered:
    """Commands that were begun, by topic and id, and their answers.

    What a command did before a crash stays done, so that it began is on disk before it begins: a line in a
    file, which is written anew when it has become long. Not for two threads at once.

    Args:
        path: the file; None remembers for as long as the program lives.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._answers: dict[str, Answer | None] = {}
        self._lines = 0
        self._file: BufferedRandom | None = None
        if path is not None:
            self._read(path)
            self._write_anew(path)

    def __contains__(self, message: Message) -> bool:
        return _key(message) in self._answers

    def answer(self, message: Message) -> Answer:
        """Return the answer that a command got; that it was interrupted if it got none."""
        return self._answers.get(_key(message)) or Answer(ok=False, error=_INTERRUPTED)

    def begin(self, message: Message) -> None:
        """Remember a command before it is done; blocks until that is on disk.

        Raises:
            SpoolError: the disk did not take it.
        """
        self._note(_key(message), None)
        if self._file is not None:
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                raise self._failure(error) from error

    def end(self, message: Message, answer: Answer) -> None:
        """Remember the answer; after a power cut it may be missing, and the command counts as interrupted."""
        self._note(_key(message), answer)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _note(self, key: str, answer: Answer | None) -> None:
        self._answers.pop(key, None)
        self._answers[key] = answer
        while len(self._answers) > MAX_REMEMBERED:
            self._answers.pop(next(iter(self._answers)))
        if self._file is None or self._path is None:
            return
        try:
            self._file.write(_line(key, answer))
            self._file.flush()
            self._lines += 1
            if self._lines > _MAX_LINES:
                self._write_anew(self._path)
        except OSError as error:
            raise self._failure(error) from error

    def _read(self, path: Path) -> None:
        try:
            lines = path.read_bytes().splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._failure(error) from error
        for line in lines:
            try:
                key, kept = json.loads(line)
                answer = None if kept is None else Answer(kept["ok"], kept.get("result"), kept.get("error"))
            except (ValueError, TypeError, KeyError):
                continue  # the torn end of a power cut
            self._answers.pop(key, None)
            self._answers[key] = answer

    def _write_anew(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            anew = path.with_suffix(".new")
            file = anew.open("w+b")
            file.writelines(_line(key, answer) for key, answer in self._answers.items())
            file.flush()
            os.fsync(file.fileno())
            anew.replace(path)
        except OSError as error:
            raise self._failure(error) from error
        self.close()
        self._file, self._lines = file, len(self._answers)

    def _failure(self, error: OSError) -> SpoolError:
        return SpoolError(str(self._path), f"cannot be used: {error.strerror}")


def _key(message: Message) -> str:
    return f"{message.topic} {message.id}"


def _line(key: str, answer: Answer | None) -> bytes:
    kept = None if answer is None else answer.as_json()
    text = json.dumps([key, kept], default=plain, ensure_ascii=False)
    if len(text) > _MAX_KEPT and answer is not None:
        text = json.dumps(
            [key, {"ok": answer.ok, "result": None, "error": "the answer was too long to keep"}]
        )
    return text.encode() + b"\n"

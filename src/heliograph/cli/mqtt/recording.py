"""Recordings: messages with their times as JSON, one a line, to be sent again at their pace."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from heliograph.cli.mqtt.formats import Arrived
from heliograph.errors import ConfigError, PayloadError, TopicError
from heliograph.model.topic_filter import check_topic

_HEAD: Final = {"recording": "heliograph", "version": 1}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message of a recording."""

    time_ns: int
    topic: str
    payload: bytes
    qos: int
    retained: bool


class Recorder:
    """Writes a recording; each message is in the file when :meth:`flush` has been called."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: BufferedWriter | None = None

    def __enter__(self) -> Self:
        try:
            self._file = Path(self._path).open("xb")
        except FileExistsError as error:
            raise ConfigError("is there already; choose another name", path=self._path) from error
        except OSError as error:
            raise ConfigError(f"cannot be written: {error.strerror}", path=self._path) from error
        self._write(_HEAD)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def record(self, arrived: Arrived) -> None:
        """Add a message."""
        message = arrived.message
        line: dict[str, Any] = {"time_ns": arrived.time_ns, "topic": message.topic}
        try:
            line["payload"] = message.payload.decode()
        except UnicodeDecodeError:
            line["base64"] = base64.b64encode(message.payload).decode()
        if message.qos:
            line["qos"] = message.qos
        if message.retained:
            line["retain"] = True
        self._write(line)

    def flush(self) -> None:
        """Give what was recorded to the system."""
        if self._file is not None:
            self._file.flush()

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def read_recording(path: str) -> Iterator[Recorded]:
    """Yield the messages of a recording. A last line that is cut short, as by a kill, is left out.

    Raises:
        ConfigError: it cannot be read.
        PayloadError: it is none, with the line.
    """
    try:
        with Path(path).open("rb") as file:
            if not file.readline().startswith(b'{"recording":"heliograph","version":1}'):
                raise PayloadError("a recording", f"{path} does not begin as helio sub --record writes it")
            for number, line in enumerate(file, 2):
                if line.endswith(b"\n"):
                    yield _recorded(path, number, line)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=path) from error


def _recorded(path: str, number: int, line: bytes) -> Recorded:
    try:
        said = json.loads(line)
        check_topic(said["topic"])
        payload = (
            base64.b64decode(said["base64"], validate=True) if "base64" in said else said["payload"].encode()
        )
        qos = (0, 1, 2)[said.get("qos", 0)]
        return Recorded(int(said["time_ns"]), said["topic"], payload, qos, bool(said.get("retain")))
    except (LookupError, ValueError, TypeError, AttributeError, TopicError, binascii.Error) as error:
        raise PayloadError("a recording", f"{path}, line {number} is no message", line=number) from error

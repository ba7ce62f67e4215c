"""What has been copied already, kept in a file, so that an import goes on where it broke off."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from heliograph.errors import ConfigError

_KIND: Final = "helio import"


class Journal:
    """Lines of JSON: first what is copied from where to where, then how far each part has come.

    A line is on disk when :meth:`put` or :meth:`reached` returns. The last line of a part holds; one that
    a crash cut off does not count, and its part is copied once more from the line before: nothing changes.
    """

    def __init__(self, path: Path, heading: Mapping[str, Any]) -> None:
        self.path = path
        self._heading = {"kind": _KIND, **heading}
        self._entries: dict[str, Any] = {}
        self._file = -1
        self._worth_keeping = False

    def __enter__(self) -> Self:
        """Open the file, read what is in it, and keep others from it.

        Raises:
            ConfigError: it cannot be written, another import uses it, or it is about another one.
        """
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise ConfigError(f"cannot be written: {error.strerror}", path=self.path) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._load()
        except BlockingIOError as error:
            os.close(self._file)
            raise ConfigError("another import is at work with this file", path=self.path) from error
        except ConfigError:
            os.close(self._file)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if not self._worth_keeping:
            self.remove()
        os.close(self._file)

    @property
    def resumed(self) -> bool:
        """Whether something had been copied before."""
        return bool(self._entries)

    def get(self, key: str) -> Any:
        """Return what was put last, None for nothing."""
        return self._entries.get(key)

    def kept(self, key: str, value: Any) -> Any:
        """Return what was put first; this value, where it is the first."""
        if key not in self._entries:
            self.put(key, value)
        return self._entries[key]

    def reached(self, key: str, value: Any) -> None:
        """Keep how far a part has come; without any of this the file goes when the block ends."""
        self._worth_keeping = True
        self.put(key, value)

    def put(self, key: str, value: Any) -> None:
        """Keep what should be the same in the next try."""
        self._entries[key] = value
        self._append({"key": key, "value": value})

    def remove(self) -> None:
        """Remove the file: there is nothing to resume any more."""
        self._worth_keeping = False
        self.path.unlink(missing_ok=True)

    def _load(self) -> None:
        whole, _, cut = self.path.read_bytes().rpartition(b"\n")
        try:
            lines = [json.loads(line) for line in whole.splitlines()]
        except ValueError as error:
            raise ConfigError(f"it is no state of helio import: {error}", path=self.path) from error
        if cut:
            os.ftruncate(self._file, len(whole) + 1 if whole else 0)
        if not lines:
            self._append(self._heading)
            return
        self._compare(lines[0])
        self._entries = {line["key"]: line["value"] for line in lines[1:]}
        self._worth_keeping = self.resumed

    def _compare(self, heading: Mapping[str, Any]) -> None:
        for key, asked in self._heading.items():
            if heading.get(key) != asked:
                raise ConfigError(
                    f"this file is of another import: its {key} is {heading.get(key)!r}, now it is"
                    f" {asked!r}; name another file with --state, or remove this one to begin anew",
                    path=self.path,
                )

    def _append(self, line: Mapping[str, Any]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.fsync(self._file)

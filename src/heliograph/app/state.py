"""What an app remembers over restarts: a small dict in one JSON file, replaced as a whole."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any, Final

from heliograph.errors import SpoolError
from heliograph.transport.spool.segments import sync_folder

log = logging.getLogger(__name__)

MAX_STATE_BYTES: Final = 1024 * 1024


class State(MutableMapping[str, Any]):
    """A dict that is on disk: ``app.state["visitors"] += 1``.

    Each change is written at once (a new file, flushed to the disk, takes the old one's place), so that
    after a power cut it is as it was before or after the change. Made for settings and counters that
    change now and then: points belong into the store. Values are what JSON can hold.
    A value that was taken out and changed in place is not noticed: assign it again, or call `save`.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._values: dict[str, Any] = _load(path) if path is not None else {}

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self._values and self._values[key] == value and not isinstance(value, list | dict):
            return
        before = dict(self._values)
        self._values[key] = value
        self._save_or_restore(before)

    def __delitem__(self, key: str) -> None:
        before = dict(self._values)
        del self._values[key]
        self._save_or_restore(before)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"State({self._values})"

    def save(self) -> None:
        """Write all of it to the disk; returns when it is there.

        Raises:
            TypeError, ValueError: a value is nothing that JSON can hold, or all is more than a megabyte.
            SpoolError: the disk did not take it.
        """
        text = json.dumps(self._values, ensure_ascii=False, indent=1, allow_nan=False).encode()
        if len(text) > MAX_STATE_BYTES:
            raise ValueError(f"the state may have {MAX_STATE_BYTES} bytes, it would have {len(text)}")
        if self._path is not None:
            _replace(self._path, text)

    def _save_or_restore(self, before: dict[str, Any]) -> None:
        try:
            self.save()
        except (TypeError, ValueError):
            self._values = before
            raise


def _load(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_bytes())
        if isinstance(values, dict):
            return values
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SpoolError(str(path), f"cannot be read: {error.strerror}") from error
    except ValueError:
        pass
    aside = path.with_suffix(".damaged")
    path.replace(aside)
    log.error("%s is damaged and was put aside as %s; the app begins without its state", path, aside.name)
    return {}


def _replace(path: Path, text: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        anew = path.with_suffix(".new")
        with anew.open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        anew.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise SpoolError(str(path), f"cannot be written: {error.strerror}") from error

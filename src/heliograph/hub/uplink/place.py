"""How far a gateway's streams are at its hub: a small file, whole after a power cut."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from heliograph.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Place:
    """Where one stream is read on after a start."""

    created: str = ""
    """Which stream it is: one that was made anew counts from 1 again."""
    seq: int = 0
    """Up to here the hub has everything, windows too."""
    read_to: int = 0
    """Up to here messages were read, and what was sent for them is at the hub: those behind ``seq`` are read
    again for the windows that are still open, and for nothing else."""
    closed: Mapping[int, int] = field(default_factory=dict)
    """By the length of windows (ns): up to which time (ns) they are closed, and at the hub."""
    missed: int = 0
    """Messages that were purged before they could be sent: there was no room for more."""
    rules: str = ""
    """Which rules made ``read_to``: by others it would have been sent something else."""


class PlaceFile:
    """The places of all streams in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Place]:
        """Return the places by stream; none where there is no file.

        Raises:
            ConfigError: it is no such file.
        """
        try:
            kept = json.loads(self._path.read_text())
            return {name: _place(one) for name, one in kept.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError(
                f"how far the hub has this gateway's streams cannot be read ({error}); remove the file, and"
                " all that the streams hold is sent once more",
                path=self._path,
            ) from error

    def write(self, places: Mapping[str, Place]) -> None:
        """Keep the places; on disk when this returns."""
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("w") as file:
            json.dump({name: asdict(place) for name, place in places.items()}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)


def _place(kept: dict[str, object]) -> Place:
    closed = kept.pop("closed")
    if not isinstance(closed, dict):
        raise TypeError("closed")
    return Place(**kept, closed={int(window): int(until) for window, until in closed.items()})  # type: ignore[arg-type]

"""The files of a spool: each is written once from its beginning, read in order, and deleted whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from heliograph.errors import DecodeError
from heliograph.transport.spool.record import Record, Stamp, end_of, find, stamp_of, unpack

SUFFIX: Final = ".spool"


@dataclass(slots=True, eq=False)
class Segment:
    """One file, and how far it has been read."""

    number: int
    path: Path
    size_bytes: int = 0
    written: int = 0
    """Records in it: those appended, or those that were found when it was opened."""
    finished: int = 0
    """Those of them that are acknowledged, or too old."""
    read_to: int = 0
    """The place behind the last record that was read."""
    waiting: set[int] = field(default_factory=set)
    """Places of records that were handed out, or are held by who appended them, and not acknowledged."""
    done_ahead: set[int] = field(default_factory=set)
    """Places behind ``read_to`` of records that are acknowledged already."""

    @property
    def is_done(self) -> bool:
        """Whether all its records are acknowledged, or too old."""
        return self.finished >= self.written

    def empty(self) -> None:
        """Begin anew: the file has been made empty."""
        self.size_bytes = self.written = self.finished = self.read_to = 0
        self.waiting.clear()
        self.done_ahead.clear()


def list_segments(folder: Path) -> list[Segment]:
    """Return the files that an earlier run left, oldest first."""
    paths = [path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdigit()]
    found = [Segment(int(path.stem), path, path.stat().st_size) for path in paths]
    return sorted(found, key=lambda segment: segment.number)


def segment_path(folder: Path, number: int) -> Path:
    """Return the name of a file by its number."""
    return folder / f"{number:010d}{SUFFIX}"


def scan(segment: Segment, boots: dict[bytes, Stamp]) -> tuple[int, int]:
    """Return how many whole records a file has, and how many bytes of it are none.

    ``boots`` gets the last stamp of each boot.
    """
    data = segment.path.read_bytes()
    count = damaged = place = 0
    while place < len(data):
        try:
            ends = end_of(data, place)
            stamp = stamp_of(data, place)
            boots[stamp.boot] = stamp
            place = ends
            count += 1
        except DecodeError:
            begins = find(data, place + 1)
            damaged += begins - place
            place = begins
    return count, damaged


def read_from(data: bytes, place: int) -> tuple[Record | None, int, int]:
    """Return the first whole record at ``place`` or behind it, where it begins, and where it ends."""
    begins = place
    try:
        record, ends = unpack(data, begins)
    except DecodeError:
        begins = find(data, place + 1)
        if begins >= len(data):
            return None, len(data), len(data)
        record, ends = unpack(data, begins)
    return record, begins, ends


def keep_the_rest(segment: Segment) -> None:
    """Write a file anew without its acknowledged records; the old one stays until the new is whole."""
    data = segment.path.read_bytes()
    kept = []
    for place, ends in _places(data[: segment.size_bytes]):
        is_unread = place >= segment.read_to and place not in segment.done_ahead
        if is_unread or place in segment.waiting:
            kept.append(data[place:ends])
    anew = segment.path.with_suffix(".new")
    with anew.open("wb") as file:
        file.write(b"".join(kept))
        file.flush()
        os.fsync(file.fileno())
    anew.replace(segment.path)
    sync_folder(segment.path.parent)


def _places(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each record begins and ends."""
    ends = 0
    while ends < len(data):
        record, begins, ends = read_from(data, ends)
        if record is not None:
            yield begins, ends


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, that outlast a power cut."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as durable as its files."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

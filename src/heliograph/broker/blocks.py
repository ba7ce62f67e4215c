"""What nats-server does to its own files when it finds them damaged: it cuts them off, and says little.

A stream is a row of files of 8 MiB. From one that holds a message with a wrong checksum nats-server
removes that message and all behind it in the file when it starts after a crash; the next file is read
on. A description of a stream that is damaged makes it leave the whole stream out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

Sizes = Mapping[Path, int]


def block_sizes(folder: Path) -> Sizes:
    """Return the size of each file of messages; call it before nats-server starts."""
    return {path: path.stat().st_size for path in _streams(folder).glob("*/msgs/*.blk")}


def cut_off(before: Sizes) -> dict[str, int]:
    """Return, by stream, how many bytes are gone since; call it before anything is purged."""
    lost: dict[str, int] = {}
    for path, size_bytes in before.items():
        now = path.stat().st_size if path.exists() else 0
        if now < size_bytes:
            stream = path.parents[1].name
            lost[stream] = lost.get(stream, 0) + size_bytes - now
    return lost


def forget_description(folder: Path, stream: str) -> bool:
    """Remove the description of a stream that nats-server does not know; True if there was one.

    A stream that is made with its name then takes over its messages.
    """
    found = list((_streams(folder) / stream).glob("meta.*"))
    for path in found:
        path.unlink()
    return bool(found)


def _streams(folder: Path) -> Path:
    return folder / "jetstream" / "$G" / "streams"

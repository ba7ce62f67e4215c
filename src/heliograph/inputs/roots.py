"""Where the kernel shows itself, and reading it: the inputs' only way to the outside."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Roots:
    """The folders that the inputs read below; tests give recorded trees."""

    proc: str = "/proc"
    """The proc file system."""
    sys: str = "/sys"
    """The sys file system."""
    etc: str = "/etc"
    """The folder of settings, in which systemd's units are."""
    utmp: str = "/run/utmp"
    """The list of logged-in users, absent on newer systems."""


REAL_ROOTS = Roots()


def read_bytes(path: str) -> bytes:
    """Return what a kernel file holds now.

    Unbuffered: one open, one or a few reads, one close. Python's buffered files add a ``stat``, an
    ``ioctl`` and a buffer to each of the two hundred files of a round.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        first = os.read(descriptor, 65536)
        # A kernel file may be given out in pieces (/proc/stat a page at a time): only an empty read ends it.
        pieces = [first]
        while pieces[-1]:
            pieces.append(os.read(descriptor, 65536))
    finally:
        os.close(descriptor)
    return b"".join(pieces)


def read_text(path: str) -> str:
    """Return what a kernel file holds now, as text."""
    return read_bytes(path).decode(errors="replace")


def read_text_or_none(path: str) -> str | None:
    """Return the stripped text of a file, None if it is not there or refuses to be read."""
    try:
        return read_text(path).strip()
    except OSError:
        return None


def list_names(folder: str) -> list[str]:
    """Return the sorted names in a folder, none if there is no such folder."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []

"""Files of a board as a sync sees them: their digests and kinds, and how contents come in.

It runs on boards, so it stands on nothing but Python's own library.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from typing import Any, BinaryIO, Dict, List

DIGEST_BYTES = 16

Entry = List[Any]
"""Kind (``f``, ``d`` or ``l``), permissions, digest or target, size; in the state also what stat said."""
Files = Dict[str, Entry]
Answer = Dict[str, Any]


class Problem(Exception):
    """Something that the laptop must know: its kind, and a sentence."""

    def __init__(self, kind: str, text: str, **facts: Any) -> None:
        super().__init__(text)
        self.facts = dict(facts, error=kind, text=text)


def digest_of(path: str) -> str:
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def kind_of(found: os.stat_result) -> str:
    if stat.S_ISLNK(found.st_mode):
        return "l"
    if stat.S_ISDIR(found.st_mode):
        return "d"
    return "f" if stat.S_ISREG(found.st_mode) else "?"


def remove_tree(path: str) -> None:
    shutil.rmtree(path, ignore_errors=True)


def link_or_copy(source: str, target: str) -> None:
    """Give a file a second name; where the file system has no such thing, a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_json(path: str, value: Any) -> None:
    """Replace a file whole. After a loss of power the one before is there: then files are looked at anew."""
    with open(path + ".new", "w") as file:
        json.dump(value, file)
    os.replace(path + ".new", path)


def checked(name: str) -> str:
    parts = name.split("/")
    if name.startswith("/") or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise Problem("name", "%r is no path inside of a project" % name)
    return name


def forget_compiled(place: str) -> None:
    """Remove what Python made of a file: it tells two of one size and one second not apart."""
    folder, name = os.path.split(place)
    compiled = os.path.join(folder, "__pycache__")
    try:
        for one in os.listdir(compiled):
            if one.startswith(name[:-2]):
                os.unlink(os.path.join(compiled, one))
    except OSError:
        pass


def take(file: BinaryIO, offset: int, stdin: BinaryIO) -> tuple[str, OSError | None]:
    """Write what comes behind what is there; return the digest of it all, and what went wrong meanwhile."""
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    left = offset
    while left:
        chunk = file.read(min(left, 1 << 20))
        if not chunk:
            break
        digest.update(chunk)
        left -= len(chunk)
    file.seek(offset)
    file.truncate()
    failed = None
    for chunk in chunks(stdin):
        digest.update(chunk)
        if failed is None:
            try:
                file.write(chunk)
                file.flush()
            except OSError as error:
                failed = error
    return digest.hexdigest(), failed


def chunks(stdin: BinaryIO) -> Iterator[bytes]:
    """The chunks of a content: the length of each on a line, and 0 after the last."""
    while True:
        line = stdin.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        size = int(line)
        if not size:
            return
        chunk = stdin.read(size)
        if len(chunk) != size:
            raise EOFError
        yield chunk

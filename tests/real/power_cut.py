"""What a power cut leaves of a folder: only what was put on disk, told by a trace of the system calls.

Written bytes count once their file was synced. A new file's name counts from then on, too: so do ext4, xfs,
btrfs and f2fs. A rename or a removal counts once the folder was synced. Everything else is lost: a real disk
keeps some of it. ``strace`` writes the trace.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "openat,creat,write,pwrite64,writev,pwritev,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,"
    "unlink,unlinkat,rmdir,mkdir,mkdirat,lseek"
)
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PATH = re.compile(r"<((?:\\x[0-9a-f]{2})+)>")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>")
_NUMBER = re.compile(r"-?\d+")


def traced(trace: Path, *command: str) -> list[str]:
    """Return the command that runs another one and writes down what it does to files."""
    strace = [
        "strace",
        "--follow-forks",
        "--seccomp-bpf",
        "-ttt",
        "-y",
        "-xx",
        "-s",
        "16777216",
        "-o",
        str(trace),
    ]
    return [*strace, "-e", f"trace={CALLS}", "-e", "signal=none", *command]


@dataclass(slots=True)
class File:
    """The bytes that programs see, and those on the disk."""

    seen: bytearray = field(default_factory=bytearray)
    kept: bytes = b""
    always_synced: bool = False
    named: bool = False
    """Whether the disk has a name for it."""


class Disk:
    """The files below a folder, as programs see them and as the disk has them."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._seen: dict[str, File | None] = {}
        """By path; None is a folder."""
        self._kept: dict[str, File | None] = {self._root: None, _folder(self._root): None}
        self._offsets: dict[tuple[str, str], int] = {}

    def play(self, trace: Path, until: float) -> None:
        """Do what the trace tells up to a time (seconds since 1970)."""
        for ended, call in _calls(trace):
            if ended > until:
                return
            name, _, rest = call.partition("(")
            arguments, _, result = rest.rpartition(" = ")
            # "-1 ENOSPC" did nothing; "?" had not returned when the process was killed: it promised nothing
            if not result.startswith(("-", "?")):
                getattr(self, f"_{name}")(arguments, result)

    def leave(self, folder: Path) -> None:
        """Write what a power cut in this moment leaves."""
        for path, file in sorted(self._kept.items()):
            if not path.startswith(self._root):
                continue
            target = Path(str(folder) + path.removeprefix(self._root))
            if not target.parent.is_dir():
                continue  # its folder's own name is lost
            if file is None:
                target.mkdir(exist_ok=True)
            else:
                target.write_bytes(file.kept)

    def _file(self, arguments: str) -> tuple[str, str, File | None]:
        """Return path, descriptor and file of a call's first argument."""
        found = _PATH.search(arguments)
        path = _decoded(found[1]).decode() if found else ""
        return path, arguments[: arguments.find("<")], self._seen.get(path)

    def _openat(self, arguments: str, result: str) -> None:
        path, descriptor, file = self._file(result)
        if not path.startswith(self._root):
            return
        if "O_DIRECTORY" in arguments or (file is None and path in self._seen):
            return
        if file is None or (path not in self._seen):
            file = self._seen[path] = File()
        if "O_TRUNC" in arguments:
            file.seen.clear()
        file.always_synced = "SYNC" in arguments
        self._offsets[path, descriptor] = len(file.seen) if "O_APPEND" in arguments else 0

    def _write(self, arguments: str, result: str) -> None:
        path, descriptor, file = self._file(arguments)
        if file is not None:
            offset = self._offsets.get((path, descriptor), 0)
            self._offsets[path, descriptor] = offset + self._put(file, offset, arguments, result)

    _writev = _write

    def _pwrite64(self, arguments: str, result: str) -> None:
        _, _, file = self._file(arguments)
        if file is not None:
            offset = int(_NUMBER.findall(arguments.rpartition(",")[2])[0])
            self._put(file, offset, arguments, result)

    _pwritev = _pwrite64

    def _put(self, file: File, offset: int, arguments: str, result: str) -> int:
        count = int(_NUMBER.match(result)[0])  # type: ignore[index]
        data = b"".join(_decoded(text) for text in _TEXT.findall(arguments))[:count]
        assert len(data) == count, "the trace is cut short"
        file.seen.extend(bytes(max(0, offset - len(file.seen))))
        file.seen[offset : offset + count] = data
        if file.always_synced:
            self._sync_file(file)
        return count

    def _lseek(self, arguments: str, result: str) -> None:
        path, descriptor, file = self._file(arguments)
        if file is not None:
            self._offsets[path, descriptor] = int(result)

    def _ftruncate(self, arguments: str, result: str) -> None:  # noqa: ARG002 - one signature for all
        _, _, file = self._file(arguments)
        if file is not None:
            size = int(arguments.rpartition(",")[2].strip(" )"))
            del file.seen[size:]
            file.seen.extend(bytes(size - len(file.seen)))

    def _fallocate(self, arguments: str, result: str) -> None:
        """Nothing: room is not content."""

    def _fsync(self, arguments: str, result: str) -> None:  # noqa: ARG002 - likewise
        path, _, file = self._file(arguments)
        if file is not None:
            self._sync_file(file)
        elif path.startswith(self._root):
            self._sync_names(path)

    _fdatasync = _fsync

    def _sync_file(self, file: File) -> None:
        file.kept = bytes(file.seen)
        if not file.named:
            file.named = True
            path = next(p for p, f in self._seen.items() if f is file)
            self._kept[path] = file
            while (path := _folder(path)) not in self._kept:
                self._kept[path] = None

    def _sync_names(self, folder: str) -> None:
        for path in [p for p in self._kept if _folder(p) == folder and p not in self._seen]:
            del self._kept[path]
        for path, file in self._seen.items():
            if _folder(path) == folder:
                self._kept[path] = file
                if file is not None:
                    file.named = True

    def _renameat(self, arguments: str, result: str) -> None:  # noqa: ARG002 - likewise
        old, new = (_decoded(text).decode() for text in _TEXT.findall(arguments))
        if old in self._seen:
            self._seen[new] = self._seen.pop(old)
            for path in [p for p in self._seen if p.startswith(f"{old}/")]:
                self._seen[new + path.removeprefix(old)] = self._seen.pop(path)

    _rename = _renameat2 = _renameat

    def _unlinkat(self, arguments: str, result: str) -> None:  # noqa: ARG002 - likewise
        self._seen.pop(_decoded(_TEXT.findall(arguments)[-1]).decode(), None)

    _unlink = _rmdir = _unlinkat

    def _mkdirat(self, arguments: str, result: str) -> None:  # noqa: ARG002 - likewise
        path = _decoded(_TEXT.findall(arguments)[-1]).decode()
        if path.startswith(self._root):
            self._seen[path] = None

    _mkdir = _mkdirat


def _calls(trace: Path) -> Iterator[tuple[float, str]]:
    """Yield each finished call with the time at which it was told, halves of one joined."""
    begun: dict[str, str] = {}
    with trace.open(encoding="latin-1") as lines:
        for line in lines:
            thread, at, call = line.rstrip("\n").split(None, 2)
            if call.endswith("<unfinished ...>"):
                begun[thread] = call.removesuffix("<unfinished ...>")
                continue
            resumed = _RESUMED.match(call)
            if resumed:
                call = begun.pop(thread) + call[resumed.end() :]
            if " = " in call and "(" in call:
                yield float(at), call.replace(" <0x", " = <0x")


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def left_after_cut(trace: Path, home: Path, at: float, target: Path) -> None:
    """Make the folder that a power cut at a time leaves of ``home``."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    disk = Disk(home)
    disk.play(trace, at)
    disk.leave(target)

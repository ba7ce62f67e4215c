"""How much memory a board has: a control group of this machine's kernel, of its first or second kind."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.net.rig.lan import wait_until

_FIRST: Final = Path("/sys/fs/cgroup/memory")
_SECOND: Final = Path("/sys/fs/cgroup")


class MemoryLimit:
    """A group whose processes have so much memory together, their part of the page cache included."""

    def __init__(self, name: str, size_bytes: int) -> None:
        is_first = _FIRST.is_dir()
        self._folder = (_FIRST if is_first else _SECOND) / name
        self._file = "memory.limit_in_bytes" if is_first else "memory.max"
        self._size_bytes = size_bytes

    def hold(self, pid: int) -> None:
        """Put a process, and all that it starts from now on, into it."""
        self._folder.mkdir(exist_ok=True)
        (self._folder / self._file).write_text(str(self._size_bytes))
        (self._folder / "cgroup.procs").write_text(str(pid))

    def end(self) -> None:
        """Remove it; its processes have been ended before."""

        def is_empty() -> bool:
            return not any(path.read_text() for path in self._folder.rglob("cgroup.procs"))

        if self._folder.exists():
            wait_until(is_empty, "the board's processes are gone")
            for folder in sorted(self._folder.rglob("*/"), reverse=True):
                folder.rmdir()
            self._folder.rmdir()

"""A look at Python files before anything on a board stops."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from heliograph.board.code.manifest import Scan
from heliograph.errors import Error


class NotPython(Error):
    """A file of the project that Python would refuse to run."""

    exit_code = 65  # EX_DATAERR of sysexits.h

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}; nothing was sent, what runs goes on")
        self.path = path


def check_syntax(scan: Scan, names: Iterable[str]) -> None:
    """Look at those of the named files that are Python.

    The laptop's own Python reads them, so a grammar newer than the board's is not found here.

    Raises:
        NotPython: at the first that is not.
    """
    for name in names:
        entry = scan.entries.get(name)
        if not name.endswith(".py") or entry is None or entry.kind != "f":
            continue
        path = scan.path(name)
        try:
            ast.parse(path.read_bytes(), filename=str(path))
        except SyntaxError as error:
            raise NotPython(path, error.lineno or 1, error.msg) from error
        except ValueError as error:  # a byte of zero
            raise NotPython(path, 1, str(error)) from error

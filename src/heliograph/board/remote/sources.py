"""The programs of this folder as text, and the command that starts one on a board."""

from __future__ import annotations

import re
from importlib import resources
from typing import Final

_OWN_IMPORT: Final = re.compile(r"^from heliograph\.[^(\n]*(?:\([^)]*\))?\n", re.MULTILINE)
_FUTURE: Final = "from __future__ import annotations\n"

BOOT: Final = """\
import os
size = b""
while size[-1:] != b"\\n": size += os.read(0, 1) or os._exit(1)
program = b""
while len(program) < int(size): program += os.read(0, int(size) - len(program)) or os._exit(1)
exec(compile(program, "helio", "exec"))"""
"""Reads a program's length and then the program, and not a byte more: what follows is for the program.

So it stands in no list of processes and in no file.
"""


def source(*names: str) -> bytes:
    """Return modules of this folder as one program: first what is imported, then who imports it."""
    texts = [
        resources.files(__package__).joinpath(f"{name}.py").read_text(encoding="utf-8") for name in names
    ]
    joined = "\n".join(_OWN_IMPORT.sub("", text).replace(_FUTURE, "") for text in texts)
    return (_FUTURE + joined).encode()


def sent(program: bytes) -> bytes:
    """Return what is written to the started :data:`BOOT`."""
    return b"%d\n" % len(program) + program

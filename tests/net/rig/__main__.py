"""Boards for trying by hand: ``python -m tests.net.rig 2 bash`` boots two, and is the laptop beside them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.net.rig.board import RigBoard
from tests.net.rig.image import base_image
from tests.net.rig.lan import WITH_NAMES, Lan


def main(arguments: list[str]) -> int:
    """Boot boards, run a command in their network, and throw all away when it has ended."""
    count = int(arguments[0]) if arguments else 1
    base = base_image()
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lan = stack.enter_context(Lan())
        for number in range(1, count + 1):
            board = stack.enter_context(RigBoard(lan, base, folder, number))
            sys.stderr.write(f"{board.name} {board.address} {board.mac} {board.user}/{board.password}\n")
        sys.stderr.write(f"up in {time.monotonic() - began:.1f} s\n")
        stack.enter_context(lan.inside())
        return subprocess.run([*WITH_NAMES, *(arguments[1:] or ["bash"])], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The laptop beside the boards: ``helio`` as a person runs it, with an inventory that is thrown away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from heliograph.board.hostkeys import HostKey, Pins
from heliograph.board.inventory import Board, Inventory
from heliograph.board.keys import INSTALL, ensure_key
from tests.net.rig.board import RigBoard
from tests.net.rig.image import KEPT
from tests.net.rig.lan import WITH_NAMES

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Laptop:
    """Its folder: ``boards`` in it is the inventory's, ``helio`` the hub's; wheels are kept for others."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("HELIO_")}
        kept = {"XDG_CACHE_HOME": str(KEPT / "cache")}
        own = {"HELIO_BOARDS": str(self.folder / "boards"), "HELIO_HOME": str(self.folder / "helio")}
        return clean | kept | own | {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "120"}

    @property
    def inventory(self) -> Inventory:
        return Inventory.read(self.folder / "boards")

    def helio(
        self,
        *arguments: str,
        stdin: str = "",
        status: int = 0,
        within: float = 400,
        where: Path | None = None,
    ) -> str:
        """Run ``helio board …``, which must exit with this status; returns what it printed, errors last."""
        done = subprocess.run(
            [*WITH_NAMES, sys.executable, "-m", "heliograph", "board", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=where or self.folder,
            timeout=within,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == status, f"helio board {' '.join(arguments)}: {done.returncode}\n{said}"
        return said

    def knows(self, boards: Sequence[RigBoard]) -> None:
        """Make many boards known at once, under their own names, each with a key of its own."""
        inventory = self.inventory
        pins = Pins(inventory.pins_path)
        for board in boards:
            known = Board(board.name, board.address, mac=board.mac, groups=("edge",))
            inventory.put(known)
            key = ensure_key(inventory.key_path(known), "tests")
            board.run("runuser", "-u", board.user, "--", "sh", "-c", INSTALL, stdin=f"{key}\n")
            pins.pin(board.name, HostKey.parse(board.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub")))
        inventory.write()

    def add(self, board: RigBoard, name: str) -> str:
        """Make a board known under a name, as on the first day."""
        return self.helio(
            *("add", board.address, "--name", name, "--user", board.user, "--yes"),
            stdin=f"{board.password}\n",
        )

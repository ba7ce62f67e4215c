"""uv on a board that has no internet: brought there where it fits, as it is ten times as fast as pip."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from heliograph.board.running.download import download
from heliograph.board.running.work import Work
from heliograph.board.sync.session import Facts
from heliograph.errors import ConfigError

_MACHINES: Final = frozenset({"x86_64", "aarch64", "armv7l"})
"""For which uv is built."""
_ROOM_KB: Final = 200_000
"""Free space that a board must have: its wheel, the program, and environments after them."""

# $1 is our folder. It exits with 0 where uv is missing and has room.
_FITS: Final = """\
command -v uv >/dev/null && exit 1
[ ! -x "$1/bin/uv" ] || exit 1
mkdir -p "$1/bin"
[ "$(df -Pk "$1" | awk 'NR == 2 {print $4}')" -gt "$2" ]
"""
_UNPACK: Final = """
import os, sys, zipfile
wheel, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    name = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
    with archive.open(name) as packed, open(target + ".new", "wb") as program:
        while piece := packed.read(1 << 20):
            program.write(piece)
os.chmod(target + ".new", 0o755)
os.replace(target + ".new", target)
os.unlink(wheel)
"""


async def bring_uv(
    work: Work, facts: Facts, platforms: Sequence[str], cache: Path, told: Callable[[str], None]
) -> None:
    """Put uv on a board that has none and room for it; where that does not work, pip does the same, slower.

    Raises:
        BoardUnreachable: the connection broke.
    """
    folder = str(PurePosixPath(work.session.base).parents[1])
    fits = f"sh -c {shlex.quote(_FITS)} sh {shlex.quote(folder)} {_ROOM_KB}"
    if facts.machine not in _MACHINES or (await work.link.run(fits)).exit_status:
        return
    try:
        wheel = await _wheel(facts, platforms, cache / f"uv-{facts.machine}")
    except ConfigError as error:
        told(f"without uv: {error}")
        return
    told("bringing uv")
    place = f"{folder}/bin/uv.whl"
    async with work.link.sftp() as files:
        await files.put(str(wheel), place)
    await work.link.python(_UNPACK, place, f"{folder}/bin/uv", shown="unpacking uv")


async def _wheel(facts: Facts, platforms: Sequence[str], cache: Path) -> Path:
    """Return uv's wheel for a machine, fetched once."""
    if not (kept := sorted(cache.glob("uv-*.whl"))):
        cache.mkdir(parents=True, exist_ok=True)
        await download(["--no-deps", "uv"], facts.version, platforms, cache)
        kept = sorted(cache.glob("uv-*.whl"))
    return kept[-1]

"""debugpy on a board: its wheel, fetched once, unpacked there without pip and without the internet."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from heliograph.board.running.download import pip_download
from heliograph.board.ssh import Link
from heliograph.errors import ConfigError

PACKAGE: Final = "debugpy"
_FETCH_SECONDS: Final = 120.0
_ANYWHERE: Final = ("--no-deps", "--platform=any", "--implementation=py", "--abi=none", PACKAGE)
_WHEEL: Final = re.compile(r"([A-Za-z0-9_.]+)-([0-9][A-Za-z0-9_.!+]*)-.*\.whl")

# The wheel comes on standard input; the folder appears when it is whole.
_UNPACK: Final = """\
import io, os, shutil, sys, tempfile, zipfile
target = os.path.expanduser(sys.argv[1])
if not os.path.isdir(target):
    above = os.path.dirname(target)
    os.makedirs(above, exist_ok=True)
    fresh = tempfile.mkdtemp(dir=above)
    zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())).extractall(fresh)
    try:
        os.rename(fresh, target)
    except OSError:
        shutil.rmtree(fresh)
"""
_FOLDER: Final = "~/.heliograph/debug"


async def push(link: Link, wheel: Path) -> str:
    """Bring an unpacked wheel to a board where it is not there yet, and return its folder there.

    Raises:
        BoardUnreachable: the connection broke.
        RemoteCommandFailed: the board has no Python, or no space.
    """
    folder = f"{_FOLDER}/{wheel.stem}"
    found = await link.run(f'test -d {folder} && echo "$HOME"')
    if found.exit_status:
        await link.python(_UNPACK, folder, stdin=wheel.read_bytes(), shown="unpacking the debugger")
        found = await link.check('echo "$HOME"')
    return folder.replace("~", found.text, 1)


async def debugpy_wheel(given: Path | None, cache: Path, told: Callable[[str], None]) -> Path:
    """Return a wheel of debugpy for any machine: the one given, one fetched before, or a fresh one.

    It is the one in pure Python, which runs on every board.

    Raises:
        ConfigError: the file given is none, or it can neither be fetched nor made from what is installed.
    """
    if given is not None:
        return checked_wheel(given)
    kept = sorted(cache.glob(f"{PACKAGE}-*.whl"), key=lambda one: one.stat().st_mtime)
    if kept:
        return kept[-1]
    cache.mkdir(parents=True, exist_ok=True)
    told("fetching debugpy, once")
    reason = "pip fetched none"
    try:
        await pip_download(_ANYWHERE, cache, _FETCH_SECONDS)
    except ConfigError as error:
        reason = str(error)
    fetched = sorted(cache.glob(f"{PACKAGE}-*.whl"))
    if fetched:
        return fetched[-1]
    if (installed := installed_package(PACKAGE)) is not None:
        return packed(installed, cache)
    raise ConfigError(
        f"debugpy could not be fetched: {reason}; with a file of it: --wheel debugpy-…-py2.py3-none-any.whl"
    )


def checked_wheel(path: Path) -> Path:
    """Return the path of a wheel.

    Raises:
        ConfigError: it is none.
    """
    if not path.is_file():
        raise ConfigError("there is no such file", path=path)
    if not _WHEEL.fullmatch(path.name) or not zipfile.is_zipfile(path):
        raise ConfigError("is no wheel: its name is as debugpy-1.8.22-py2.py3-none-any.whl", path=path)
    return path


def pydevd_in(wheel: Path) -> str:
    """Return the path of ``pydevd.py`` in a wheel: debugpy carries one, PyDev's and PyCharm's are their own.

    Raises:
        ConfigError: it has none.
    """
    with zipfile.ZipFile(wheel) as archive:
        found = [name for name in archive.namelist() if name.rsplit("/", 1)[-1] == "pydevd.py"]
    if not found:
        raise ConfigError("has no pydevd in it", path=wheel)
    return min(found, key=len)


def installed_package(name: str) -> Path | None:
    """Return the folder of a package of this Python, or None."""
    from importlib.util import find_spec

    spec = find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def packed(package: Path, cache: Path) -> Path:
    """Make a wheel out of an installed package, without what was compiled for this machine."""
    from importlib.metadata import version

    wheel = cache / f"{package.name}-{version(package.name)}-py3-none-any.whl"
    fresh = wheel.with_suffix(".new")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(package.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".so", ".pyd"}:
                archive.write(path, f"{package.name}/{path.relative_to(package).as_posix()}")
    fresh.replace(wheel)
    return wheel

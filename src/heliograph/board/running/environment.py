"""An app's packages on a board: an environment for each list of requirements, made once, offline too."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

import platformdirs

from heliograph.board.remote.sources import source
from heliograph.board.running.download import download
from heliograph.board.running.uv import bring_uv
from heliograph.board.running.work import Work
from heliograph.board.sync.session import Facts
from heliograph.errors import BoardUnfit, ConfigError

_PLATFORMS: Final = {
    "aarch64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    "armv7l": ("manylinux_2_31_armv7l", "manylinux_2_17_armv7l", "manylinux2014_armv7l", "linux_armv7l"),
    "armv6l": ("linux_armv6l",),
    "x86_64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
}


async def ensure_environment(
    work: Work, *, offline: bool = False, told: Callable[[str], None] = lambda _: None
) -> bool:
    """Make the app's environment what the project's requirements say, and return whether it was not so yet.

    ``offline`` lets the laptop fetch the wheels for the board's machine and Python, and brings them there.
    The environment that is there stays in use until the new one is complete.

    Raises:
        ConfigError: the project names requirements that are not there, or the laptop cannot fetch them.
        BoardUnfit: the board cannot install them.
    """
    project = work.project
    if project.requirements is None:
        return False
    path = project.root / project.requirements
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}; board.toml names it", path=path) from error
    facts = await work.session.facts(project.python)
    digest = blake2b(text + repr((project.python, facts.version)).encode(), digest_size=8).hexdigest()
    found = await _make(work, digest, project.python, "", "")
    if found != "missing":
        return found == "made"
    wheels = ""
    if offline:
        cache = platformdirs.user_cache_path("heliograph", appauthor=False) / "wheels"
        await bring_uv(work, facts, _platforms(facts), cache, told)
        wheels = await bring_wheels(work, facts, path, told)
    told("installing what the requirements say")
    place = str(PurePosixPath(work.session.root) / project.requirements)
    return await _make(work, digest, project.python, place, wheels) == "made"


async def _make(work: Work, *arguments: str) -> str:
    words = ["python3", "-c", source("environment").decode(), work.session.base, *arguments]
    done = await work.link.run(shlex.join(words))
    if done.exit_status:
        lines = done.stderr_tail.splitlines()
        raise BoardUnfit(
            work.board.name,
            f"the requirements cannot be installed: {lines[-1] if lines else 'no reason was given'}",
            f"without the internet: helio board env sync {work.board.name} --offline;"
            " without venv: sudo apt install python3-venv",
        )
    return done.text


async def bring_wheels(work: Work, facts: Facts, requirements: Path, told: Callable[[str], None]) -> str:
    """Fetch the wheels that the requirements need on that board, bring them there, and return their folder.

    Raises:
        ConfigError: one of them is not to be had for that machine and Python.
    """
    place = str(PurePosixPath(work.session.base).parents[1] / "wheels")
    with TemporaryDirectory(prefix="helio-wheels-") as folder:
        told(f"fetching wheels for {facts.machine}, Python {facts.version[0]}.{facts.version[1]}")
        await _download(facts, requirements, Path(folder))
        async with work.link.sftp() as sftp:
            await sftp.makedirs(place, exist_ok=True)
            there = set(await sftp.listdir(place))
            for wheel in sorted(Path(folder).iterdir()):
                if wheel.name not in there:
                    await sftp.put(str(wheel), f"{place}/{wheel.name}.new")
                    await sftp.posix_rename(f"{place}/{wheel.name}.new", f"{place}/{wheel.name}")
    return place


async def _download(facts: Facts, requirements: Path, folder: Path) -> None:
    try:
        await download(["-r", str(requirements)], facts.version, _platforms(facts), folder)
    except ConfigError as error:
        machine = f"{facts.machine}, Python {facts.version[0]}.{facts.version[1]}"
        raise ConfigError(f"no wheels of them for {machine}: {error}", path=requirements) from error


def _platforms(facts: Facts) -> tuple[str, ...]:
    return _PLATFORMS.get(facts.machine, (f"linux_{facts.machine}",))

"""Files and folders over SFTP: each whole, under its own name, or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import asyncssh

from heliograph.board.ssh import Link
from heliograph.errors import BoardError, ConfigError


async def put(link: Link, sources: list[Path], target: str) -> tuple[int, int]:
    """Copy files and folders to a board; return how many files, and how many bytes they have.

    Into a folder that is there they go under their own names; otherwise one source gets the target's name.

    Raises:
        ConfigError: a source is not there.
        BoardError: the board does not take them.
    """
    for source in sources:
        if not source.exists():
            raise ConfigError("there is no such file or folder", path=source)
    async with link.sftp() as sftp:
        place = target.removeprefix("~/") if target != "~" else "."
        into = await sftp.isdir(place)
        if not into and len(sources) > 1:
            raise BoardError(link.board.name, f"{target} is no folder there; several files need one")
        done = [
            await _put(sftp, source, f"{place}/{source.resolve().name}" if into else place)
            for source in sources
        ]
    return sum(count for count, _ in done), sum(size for _, size in done)


async def _put(sftp: asyncssh.SFTPClient, source: Path, place: str) -> tuple[int, int]:
    if not source.is_dir():
        fresh = f"{place}.helio-new"
        await sftp.put(str(source), fresh)
        await sftp.chmod(fresh, stat.S_IMODE(source.stat().st_mode) & 0o777)
        await sftp.posix_rename(fresh, place)
        return 1, source.stat().st_size
    await sftp.makedirs(place, exist_ok=True)
    done = [await _put(sftp, child, f"{place}/{child.name}") for child in sorted(source.iterdir())]
    return sum(count for count, _ in done), sum(size for _, size in done)


async def get(link: Link, sources: list[str], target: Path) -> tuple[int, int]:
    """Copy files and folders from a board; return how many files, and how many bytes they have.

    Raises:
        ConfigError: several sources, and the target is no folder.
        BoardError: a source is not there, or may not be read.
    """
    into = target.is_dir()
    if not into and len(sources) > 1:
        raise ConfigError("is no folder; several files need one", path=target)
    async with link.sftp() as sftp:
        done = []
        for source in sources:
            path = source.removeprefix("~/") if source != "~" else "."
            if not await sftp.exists(path):
                raise BoardError(link.board.name, f"there is no {source} on it")
            name = (await sftp.realpath(path)).rsplit("/", 1)[-1]
            done.append(await _get(sftp, path, target / name if into else target))
    return sum(count for count, _ in done), sum(size for _, size in done)


async def _get(sftp: asyncssh.SFTPClient, path: str, place: Path) -> tuple[int, int]:
    if not await sftp.isdir(path):
        fresh = place.with_name(f"{place.name}.helio-new")
        await sftp.get(path, str(fresh))
        fresh.replace(place)
        return 1, place.stat().st_size
    place.mkdir(parents=True, exist_ok=True)
    names = sorted(name for name in await sftp.listdir(path) if name not in (".", ".."))
    done = [await _get(sftp, f"{path}/{name}", place / name) for name in names]
    return sum(count for count, _ in done), sum(size for _, size in done)

"""Wheels for another machine and Python, fetched here by pip."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from heliograph.errors import ConfigError

_SECONDS: Final = 600.0


async def download(
    wanted: Sequence[str], version: tuple[int, int], platforms: Sequence[str], folder: Path
) -> None:
    """Put wheels into a folder; ``wanted`` is what pip takes to say which.

    Raises:
        ConfigError: one of them is not to be had; the message is pip's last word.
    """
    machine = (
        f"--python-version={version[0]}.{version[1]}",
        *(f"--platform={platform}" for platform in platforms),
    )
    await pip_download((*machine, *wanted), folder)


async def pip_download(options: Sequence[str], folder: Path, seconds: float = _SECONDS) -> None:
    """Let pip put wheels into a folder; ``options`` say which.

    Raises:
        ConfigError: one of them is not to be had, or it takes longer than ``seconds``; the message is pip's
            last word.
    """
    command = (
        *(sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--no-input"),
        *("--disable-pip-version-check", "--dest", str(folder), *options),
    )
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds):
            said, _ = await process.communicate()
    except TimeoutError as error:
        raise ConfigError(f"pip did not end within {seconds:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
        raise ConfigError(lines[-1].removeprefix("ERROR: ") if lines else "pip says nothing")

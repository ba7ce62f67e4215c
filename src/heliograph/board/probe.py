"""Whether an SSH server answers at an address: its first line, and nothing else of the protocol."""

from __future__ import annotations

import asyncio
from typing import Final

PROBE_SECONDS: Final = 1.5
"""How long a board may take to answer; those on a slow Wi-Fi take a few tenths."""
_LONGEST_LINE: Final = 256


async def ssh_banner(host: str, port: int = 22, *, within: float = PROBE_SECONDS) -> str | None:
    """Return what an SSH server calls itself, such as ``OpenSSH 9.2``; None where none answers."""
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection(host, port, limit=_LONGEST_LINE)
            try:
                line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return None
    text = line.decode("ascii", "replace").strip()
    if not text.startswith("SSH-"):
        return None
    software = text.split("-", 2)[-1].split(" ")[0]
    return software.replace("_", " ")[:40]

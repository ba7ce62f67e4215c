"""What can be mended on a board from here."""

from __future__ import annotations

import time

from heliograph.board.ssh import Link


async def set_clock(link: Link) -> None:
    """Set a board's clock from this laptop's; what the way takes is lost, some tenths of a second.

    Raises:
        RemoteCommandFailed: sudo says no, or the board's clock cannot be set.
    """
    await link.script(f"date -s @{time.time():.3f} >/dev/null", root=True, shown="setting the clock")

"""When a project changes: one notice for each burst of changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from heliograph.board.code.ignore import Ignores

DEBOUNCE_MS: Final = 50
"""So long a burst may go on: an editor writes a temporary file, renames it, and touches the folder."""
_STEP_MS: Final = 15
"""After so long a silence a burst is over."""


async def changes(
    root: Path,
    ignores: Callable[[], Ignores],
    *,
    stop: asyncio.Event | None = None,
    polling: bool | None = None,
) -> AsyncIterator[set[str]]:
    """Yield the paths of each burst of changes, until ``stop``; what is ignored makes no burst.

    ``polling`` looks again and again, for network drives that give no notice; None lets the system decide.
    """
    import watchfiles

    def counts(_change: watchfiles.Change, path: str) -> bool:
        return not ignores().match_below(_name(root, path))

    async for burst in watchfiles.awatch(
        root,
        watch_filter=counts,
        debounce=DEBOUNCE_MS,
        step=_STEP_MS,
        stop_event=stop,
        force_polling=polling,
        ignore_permission_denied=True,
    ):
        yield {_name(root, path) for _change, path in burst}


def _name(root: Path, path: str) -> str:
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:  # another spelling of the same place, as macOS has of /tmp
        return Path(path).name

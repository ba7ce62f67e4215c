"""A login shell on a board with a terminal of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncssh

from heliograph.board.faults import told_of_link
from heliograph.board.ssh import Link


@asynccontextmanager
async def open_terminal(
    link: Link, kind: str, columns: int, rows: int
) -> AsyncIterator[asyncssh.SSHClientProcess[bytes]]:
    """Open the user's login shell in a terminal of this kind and size; it hangs up with the block.

    Raises:
        BoardUnreachable: the connection broke.
    """
    with told_of_link(link.board):
        process = await link.connection.create_process(
            encoding=None, term_type=kind, term_size=(columns, rows), stderr=asyncssh.STDOUT
        )
        try:
            yield process
        finally:
            process.close()

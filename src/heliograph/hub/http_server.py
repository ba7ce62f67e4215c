"""uvicorn inside the hub's own task group: it neither owns the signals nor the log."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from heliograph.broker.ports import holder_of
from heliograph.errors import PortTaken

BACKLOG: Final = 512
CONNECTIONS: Final = 1_000
"""More requests at once than this are answered with 503."""
KEEP_ALIVE: Final = 30
GRACE: Final = 2
MAX_SOCKET_MESSAGE_BYTES: Final = 64 * 1024


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises:
        PortTaken: another process listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortTaken("http", host, port, holder_of(port), "--http-port or http.port") from error
        raise
    listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return listener


class HttpServer(uvicorn.Server):
    """Serves an application on one socket."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="websockets-sansio",
                ws_max_size=MAX_SOCKET_MESSAGE_BYTES,
                limit_concurrency=CONNECTIONS,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._listener = listener

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the program."""
        yield

    async def run_until_stopped(self) -> None:
        """Serve until :meth:`stop`; requests under way get ``GRACE`` seconds then.

        On cancellation nothing more is taken at once: what stands behind the routes is closing.
        """
        try:
            await self.serve([self._listener])
        finally:
            for server in self.servers:
                server.close()

    def stop(self) -> None:
        """Take no more requests and let :meth:`run_until_stopped` return."""
        self.should_exit = True

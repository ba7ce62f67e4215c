"""uvicorn inside the hub's own task group: it neither owns the signals nor the log."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from heliograph.broker.ports import holder_of
from heliograph.errors import PortTaken
from heliograph.hub.http_protocol import JoinedProtocol, cut_slow

BACKLOG: Final = 512
REQUESTS: Final = 1_000
"""More requests at once than this are answered with 503."""
_TICKS: Final = 5
"""Half a second."""
KEEP_ALIVE: Final = 30
GRACE: Final = 2
MAX_SOCKET_MESSAGE_BYTES: Final = 64 * 1024


def listen(host: str, port: int, setting: str = "--http-port or http.port") -> socket.socket:
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
            raise PortTaken("http", host, port, holder_of(port), setting) from error
        raise
    listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return listener


class HttpServer(uvicorn.Server):
    """Serves an application on one socket."""

    def __init__(
        self, app: ASGIApp, listener: socket.socket, certificate: tuple[Path, Path] | None = None
    ) -> None:
        """``certificate`` has the files of the chain and its key, for TLS."""
        self._certificate = certificate
        chain, key = certificate or (None, None)
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                http=JoinedProtocol,
                server_header=False,
                lifespan="off",
                ws="websockets-sansio",
                ws_max_size=MAX_SOCKET_MESSAGE_BYTES,
                limit_concurrency=REQUESTS,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,
                ssl_certfile=chain,
                ssl_keyfile=key,
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

    async def on_tick(self, counter: int) -> bool:
        """Look after slow connections; uvicorn calls this ten times a second."""
        if counter % _TICKS == 0:
            cut_slow(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def reload_certificate(self) -> None:
        """Show the certificate that the files hold now to whoever connects from now on.

        Raises:
            OSError: they hold none.
        """
        if self._certificate is not None and self.config.ssl is not None:
            self.config.ssl.load_cert_chain(*self._certificate)

    def stop(self) -> None:
        """Take no more requests and let :meth:`run_until_stopped` return."""
        self.should_exit = True

"""The hub's sockets, certificates and HTTP servers."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from starlette.types import ASGIApp

from heliograph.api.services import Reach
from heliograph.config.tree import Settings
from heliograph.errors import ConfigError
from heliograph.hub.home import Home
from heliograph.hub.http_server import HttpServer, listen
from heliograph.hub.network.listening import Certificates, Listening, listening, reach, shown_host
from heliograph.hub.network.names import LOOPBACK, own_names
from heliograph.transport.mqtt_client_settings import TlsSettings

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 3_600.0
"""Seconds between looks at the certificate, and at this machine's addresses."""


class Network:
    """Opened before anything else, so that a port that is taken is known at once."""

    def __init__(self, settings: Settings, home: Home, stack: ExitStack) -> None:
        _allow_many_files()
        self.where: Listening = listening(settings)
        self._settings = settings
        self.certificates = Certificates(settings, home.tls) if self.where.is_tls else None
        self._plain = listen(self.where.http_host, settings.http.port)
        stack.callback(self._plain.close)
        self._tls: socket.socket | None = None
        if self.where.is_tls:
            self._tls = listen(self.where.https_host, self.where.https_port, "network.https_port")
            stack.callback(self._tls.close)
        self.servers: list[HttpServer] = []
        self.websocket_port: int | None = None
        """That of MQTT over WebSocket; None where there is none."""
        self.mqtt_port = self.where.mqtt_port
        """That of MQTT; known when the broker has been started, if any free one was asked for."""

    @property
    def url(self) -> str:
        """The address of plain HTTP."""
        host = LOOPBACK[0] if self.where.http_host == "0.0.0.0" else self.where.http_host  # noqa: S104 - compared
        return f"http://{shown_host(host)}:{self._plain.getsockname()[1]}"

    @property
    def hosts(self) -> Collection[str]:
        """The names under which browsers may reach us."""
        if self.certificates is not None:
            return self.certificates.names
        return own_names(self._settings.network.names) if self.where.is_open else frozenset(LOOPBACK)

    def reach(self) -> Reach:
        """Return how boards reach the hub."""
        ports = self._plain.getsockname()[1], self._tls.getsockname()[1] if self._tls else 0
        found = reach(self.where, self.certificates, self._settings.network.names, ports)
        return replace(found, mqtt_port=self.mqtt_port)

    def told(self) -> list[str]:
        """Return what a person should know where others than this machine may connect."""
        if not self.where.is_open:
            return []
        if self.certificates is None:
            return [
                f"Open to others at {self.where.mqtt_host} WITHOUT TLS: whoever is on the way to this hub",
                "reads passwords, tokens and points, and can change them. Leave out --insecure for TLS.",
            ]
        websocket = f"   MQTT over WebSocket port {self.websocket_port}" if self.websocket_port else ""
        return [
            f"Open to others with TLS: {self.reach().url}   MQTT port {self.mqtt_port}{websocket}",
            f"Fingerprint (SHA-256) {self.certificates.fingerprint}",
            "A board's way in: helio device enrol NAME",
        ]

    def own_tls(self) -> TlsSettings | None:
        """Return how the hub's own programs reach its broker; None without TLS."""
        if self.certificates is None:
            return None
        is_own = not self._settings.network.certificate
        return TlsSettings(cafile=self.certificates.authority_path, is_host_checked=is_own)

    def serve(self, app: ASGIApp) -> None:
        """Prepare the servers of an application."""
        self.servers.append(HttpServer(app, self._plain))
        if self._tls is not None and self.certificates is not None:
            files = self.certificates.chain, self.certificates.key
            self.servers.append(HttpServer(app, self._tls, files))

    async def run(self) -> None:
        """Serve until :meth:`stop`; on cancellation nothing more is taken at once."""
        async with asyncio.TaskGroup() as group:
            for server in self.servers:
                group.create_task(server.run_until_stopped(), name="http server")

    def stop(self) -> None:
        """Take no more requests and let :meth:`run` return."""
        for server in self.servers:
            server.stop()

    async def keep(self, changed: Callable[[], None]) -> None:
        """Look after the certificate until cancelled; ``changed`` is called when there is another one."""
        while self.certificates is not None:
            await asyncio.sleep(LOOK_EVERY)
            try:
                is_new = await asyncio.to_thread(self.certificates.refresh)
                if is_new:
                    for server in self.servers:
                        server.reload_certificate()
                    changed()
            except (ConfigError, OSError) as error:
                log.error("The certificate stays as it is: %s", error)


def _allow_many_files() -> None:
    """Let this process, and the broker that it starts, have as many connections as the system gives it.

    Shells give 1,024 at first, and let everybody have more.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

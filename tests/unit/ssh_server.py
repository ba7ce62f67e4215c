"""A real SSH server in this process, on a free port of loopback, with a shell, SFTP and forwards."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from heliograph.board.hostkeys import HostKey, Pins
from heliograph.board.inventory import Board, Inventory

PASSWORD = "raspberry"


@dataclass
class SshServer:
    """Its port, its host key, and who may log in with which keys."""

    home: Path
    key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    port: int = 0

    @property
    def host_key(self) -> HostKey:
        return HostKey.parse(self.key.export_public_key().decode())

    @property
    def board(self) -> Board:
        return Board("lab1", "127.0.0.1", self.port)

    def pinned(self, folder: Path) -> Inventory:
        """Return an inventory that knows this server as ``lab1`` and trusts it."""
        inventory = Inventory(folder)
        inventory.put(self.board)
        Pins(inventory.pins_path).pin("lab1", self.host_key)
        return inventory


class _Logins(asyncssh.SSHServer):
    def __init__(self, home: Path) -> None:
        self._home = home

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def password_auth_supported(self) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("pi", PASSWORD)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        del username
        file = self._home / ".ssh" / "authorized_keys"
        line = key.export_public_key().decode().split()[1]
        return file.exists() and line in file.read_text()

    def connection_requested(self, *_: object) -> bool:
        return True

    def server_requested(self, *_: object) -> bool:
        return True


async def _give(process: asyncssh.SSHServerProcess[bytes], stdin: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncssh.Error):
        while chunk := await process.stdin.read(65_536):
            stdin.write(chunk)
            await stdin.drain()
    stdin.close()


async def _take(output: asyncio.StreamReader, channel: asyncssh.SSHWriter[bytes]) -> None:
    with suppress(ConnectionError, asyncssh.Error):
        while chunk := await output.read(65_536):
            channel.write(chunk)
            await channel.drain()


@asynccontextmanager
async def ssh_server(
    home: Path, *, key: asyncssh.SSHKey | None = None, port: int = 0
) -> AsyncIterator[SshServer]:
    """Run a server whose shell has this home folder."""
    server = SshServer(home, port=port) if key is None else SshServer(home, key, port)

    async def shell(process: asyncssh.SSHServerProcess[bytes]) -> None:
        command = process.command or "true"
        child = await asyncio.create_subprocess_exec(
            *("sh", "-c", command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=home,
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
        )
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            async with asyncio.TaskGroup() as pumps:
                given = pumps.create_task(_give(process, child.stdin))
                pumps.create_task(_take(child.stdout, process.stdout))
                pumps.create_task(_take(child.stderr, process.stderr))
                status = await child.wait()
                given.cancel()
        finally:
            if child.returncode is None:
                child.kill()
        if status < 0:
            process.exit_with_signal({-15: "TERM", -9: "KILL"}[status])
        else:
            process.exit(status)

    listener = await asyncssh.listen(
        "127.0.0.1",
        server.port,
        server_factory=lambda: _Logins(home),
        server_host_keys=[server.key],
        process_factory=shell,
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(home)),
        encoding=None,
    )
    server.port = listener.get_port()
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()

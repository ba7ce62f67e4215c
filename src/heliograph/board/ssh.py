"""One SSH connection to a board: commands, files and forwards over it.

Nothing of the user's own SSH settings is read: which key, which host key and which user is said by the
inventory, so that the same command does the same on every laptop.
"""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import asyncssh

from heliograph.board.faults import told_of_connecting, told_of_link
from heliograph.board.hostkeys import HostKey, Pins
from heliograph.board.inventory import Board, Inventory
from heliograph.errors import BoardUnreachable, HostKeyChanged, HostKeyUnknown, RemoteCommandFailed

log = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 10.0
"""How long a connection and its login may take."""
KEEPALIVE_SECONDS: Final = 5.0
"""After this much silence the board is asked whether it is there; after three without an answer it is not."""
LOOPBACK: Final = "127.0.0.1"
_TAIL_BYTES: Final = 2000
_HOST_KEYS: Final = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256")


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    exit_status: int
    """0 is success; a command that a signal ended has 128 and more, as in a shell."""
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """What it printed, without the last newline."""
        return self.stdout.decode(errors="replace").rstrip("\n")

    @property
    def stderr_tail(self) -> str:
        """The end of what it complained about."""
        return self.stderr[-_TAIL_BYTES:].decode(errors="replace").strip()


class Link:
    """A connection that is open and logged in. Made by :func:`connect`."""

    def __init__(self, board: Board, connection: asyncssh.SSHClientConnection) -> None:
        self.board = board
        self.connection = connection
        """The library's own, for what is not offered here; put ``told_of_link`` around it."""

    @property
    def is_closed(self) -> bool:
        """Whether the connection is gone."""
        return self.connection.is_closed()

    async def run(self, command: str, *, stdin: bytes = b"") -> Finished:
        """Run a command in the board's shell to its end.

        On cancellation the channel is closed; the command on the board ends when it next writes.

        Raises:
            BoardUnreachable: the connection broke.
        """
        with told_of_link(self.board):
            done = await self.connection.run(command, input=stdin, encoding=None)
        status = done.exit_status
        if status is None or status < 0:  # ended by a signal: its number is not told, only its name
            status = 128 + _SIGNALS.get(str(done.exit_signal[0]) if done.exit_signal else "", 1)
        return Finished(status, _bytes(done.stdout), _bytes(done.stderr))

    async def check(self, command: str, *, stdin: bytes = b"", shown: str = "") -> Finished:
        """Run a command that must succeed. ``shown`` is what an error calls it, otherwise its first line.

        Raises:
            BoardUnreachable: the connection broke.
            RemoteCommandFailed: it ended with another exit status than 0.
        """
        done = await self.run(command, stdin=stdin)
        if done.exit_status:
            name = shown or command.strip().splitlines()[0][:80]
            raise RemoteCommandFailed(self.board.name, name, done.exit_status, done.stderr_tail)
        return done

    async def script(
        self, script: str, *, stdin: bytes = b"", root: bool = False, shown: str = ""
    ) -> Finished:
        """Run a script of sh that must succeed; it is given as an argument, so its input is free.

        Args:
            script: what sh -c takes; it must hold no secrets, as others on the board see it in ``ps``.
            stdin: its input.
            root: run it as root by sudo, which must not ask for a password.
            shown: what an error calls it.
        """
        sudo = "sudo -n " if root and self.board.user != "root" else ""
        return await self.check(f"{sudo}sh -c {shlex.quote(script)}", stdin=stdin, shown=shown or "a script")

    async def python(self, source: str, *arguments: str, stdin: bytes = b"", shown: str = "") -> Finished:
        """Run a program of Python, given as text, with the board's own Python; it must succeed."""
        command = shlex.join(["python3", "-c", source, *arguments])
        return await self.check(command, stdin=stdin, shown=shown or "a program of python3")

    @asynccontextmanager
    async def process(
        self, command: str, *, pty: bool = False, env: Mapping[str, str] | None = None
    ) -> AsyncIterator[asyncssh.SSHClientProcess[bytes]]:
        """Start a command whose streams are read and written while it runs; at the end its channel is closed.

        Args:
            command: for the board's shell.
            pty: give it a terminal, so that it ends when the channel does.
            env: variables; they stand before the command, so none may be secret.
        """
        words = [f"{key}={shlex.quote(value)}" for key, value in (env or {}).items()]
        with told_of_link(self.board):
            process = await self.connection.create_process(
                " ".join([*words, command]), encoding=None, term_type="xterm" if pty else None
            )
            try:
                yield process
            finally:
                process.close()

    @asynccontextmanager
    async def sftp(self) -> AsyncIterator[asyncssh.SFTPClient]:
        """Open the board's files.

        Raises:
            BoardUnreachable: the connection broke.
            BoardError: SFTP says no.
        """
        with told_of_link(self.board):
            async with self.connection.start_sftp_client() as client:
                yield client

    @asynccontextmanager
    async def forward_to_board(self, board_port: int, *, port: int = 0) -> AsyncIterator[int]:
        """Let programs on this laptop reach a port of the board's loopback; yields the port here."""
        try:
            listener = await self.connection.forward_local_port(LOOPBACK, port, LOOPBACK, board_port)
        except OSError as error:
            reason = f"port {port} of this laptop cannot be taken: {error.strerror or error}; choose another"
            raise BoardUnreachable(self.board.name, reason) from error
        try:
            yield listener.get_port()
        finally:
            listener.close()

    @asynccontextmanager
    async def forward_from_board(self, port: int, *, board_port: int = 0) -> AsyncIterator[int]:
        """Let programs on the board reach a port of this laptop's loopback; yields the port on the board.

        Raises:
            BoardError: the board's port is taken, or it forwards nothing.
        """
        with told_of_link(self.board):
            listener = await self.connection.forward_remote_port(LOOPBACK, board_port, LOOPBACK, port)
        try:
            yield listener.get_port()
        finally:
            listener.close()


@asynccontextmanager
async def connect(inventory: Inventory, board: Board, *, password: str | None = None) -> AsyncIterator[Link]:
    """Connect to a board whose host key is pinned, and log in: by its key, or once by a password.

    One that has another address than the inventory says is looked for, and the inventory corrected.

    Raises:
        BoardUnreachable: nobody answers there.
        HostKeyUnknown: no host key is pinned for it.
        HostKeyChanged: it has another one now.
        LoginRefused: it does not let us in.
    """
    pinned = Pins(inventory.pins_path).get(board.name)
    if pinned is None:
        raise HostKeyUnknown(board.name, (await host_key(board)).fingerprint)
    try:
        board, connection = await _opened(inventory, board, pinned, password)
    except (BoardUnreachable, HostKeyChanged):
        moved = await _moved(inventory, board)
        if moved is None:
            raise
        board, connection = await _opened(inventory, moved, pinned, password)
    try:
        yield Link(board, connection)
    finally:
        connection.close()
        await _closed(connection)


async def _opened(
    inventory: Inventory, board: Board, pinned: HostKey, password: str | None
) -> tuple[Board, asyncssh.SSHClientConnection]:
    key = inventory.key_path(board)
    board = await _placed(board)
    keys = [] if password is not None or not key.exists() else [str(key)]
    return board, await _logged_in(board, pinned, password=password, client_keys=keys)


async def _moved(inventory: Inventory, board: Board) -> Board | None:
    """Return a board that answers no more at its address where DHCP has put it, None if it is not found."""
    from heliograph.board.moving import found_again  # only then; it listens to the network

    moved = await found_again(inventory, board)
    if moved is not None:
        log.warning("%s is at %s now; boards.toml says so", board.name, moved.host)
    return moved


async def host_key(board: Board) -> HostKey:
    """Return the host key that a board shows now, which proves nothing by itself.

    Raises:
        BoardUnreachable: nobody answers there.
    """
    board = await _placed(board)
    with told_of_connecting(board, by_password=False, seconds=CONNECT_SECONDS):
        async with asyncio.timeout(CONNECT_SECONDS):
            key = await asyncssh.get_server_host_key(
                board.host, board.port, server_host_key_algs=list(_HOST_KEYS), config=None
            )
    if key is None:
        raise BoardUnreachable(board.name, f"{board.host}:{board.port} shows no host key")
    return HostKey.parse(key.export_public_key().decode())


async def _logged_in(
    board: Board, pinned: HostKey, *, password: str | None, client_keys: Sequence[str]
) -> asyncssh.SSHClientConnection:
    algorithms = [pinned.kind] if pinned.kind != "ssh-rsa" else ["rsa-sha2-512", "rsa-sha2-256"]
    options: dict[str, Any] = {
        "username": board.user,
        "password": password,
        "client_keys": list(client_keys) or None,
        # Without a key of ours for the board the user's agent may have one.
        "agent_path": () if password is None and not client_keys else None,
        "known_hosts": ([asyncssh.import_public_key(pinned.line)], [], []),
        "server_host_key_algs": algorithms,
        "config": None,
        "x509_trusted_certs": None,
        "keepalive_interval": KEEPALIVE_SECONDS,
        "login_timeout": CONNECT_SECONDS,
        "preferred_auth": "password,keyboard-interactive" if password is not None else "publickey",
    }
    with told_of_connecting(board, by_password=password is not None, seconds=CONNECT_SECONDS):
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await asyncssh.connect(board.host, board.port, **options)
        except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed):
            now = await host_key(board)
            if now == pinned:
                raise
            raise HostKeyChanged(board.name, pinned.fingerprint, now.fingerprint) from None


async def _placed(board: Board) -> Board:
    """Return the board with the address of its ``.local`` name; the laptop's system is asked for others."""
    if not board.host.endswith(".local"):
        return board
    from heliograph.board.localnames import resolve  # a laptop without such boards need not wait for it

    return replace(board, host=await resolve(board.host) or board.host)


async def _closed(connection: asyncssh.SSHClientConnection) -> None:
    try:
        async with asyncio.timeout(2.0):
            await connection.wait_closed()
    except TimeoutError:  # a board that is gone says no goodbye
        connection.abort()


_SIGNALS: Final = {"HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": 9, "SEGV": 11, "PIPE": 13, "TERM": 15}


def _bytes(output: Any) -> bytes:
    return output if isinstance(output, bytes) else b""

"""What the SSH layer promises: pinned host keys, keys instead of passwords, streams, clear errors."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from heliograph.board.hostkeys import Pins
from heliograph.board.inventory import Board, Inventory
from heliograph.board.keys import INSTALL, REMOVE, ensure_key
from heliograph.board.ssh import connect, host_key
from heliograph.errors import (
    BoardError,
    BoardUnreachable,
    HostKeyChanged,
    HostKeyUnknown,
    LoginRefused,
    RemoteCommandFailed,
)
from tests.unit.ssh_server import PASSWORD, SshServer, ssh_server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SshServer]:
    home = tmp_path / "home"
    home.mkdir()
    async with ssh_server(home) as running:
        yield running


@pytest.fixture
async def inventory(server: SshServer, tmp_path: Path) -> Inventory:
    """An inventory whose key the board knows, as after ``helio board add``."""
    known = server.pinned(tmp_path / "boards")
    line = ensure_key(known.key_path(server.board), "laptop")
    async with connect(known, server.board, password=PASSWORD) as link:
        await link.check(INSTALL, stdin=f"{line}\n".encode())
    return known


async def test_a_key_replaces_the_password(server: SshServer, inventory: Inventory) -> None:
    async with connect(inventory, server.board) as link:
        assert (await link.run("echo hello; echo oh >&2; exit 3")).exit_status == 3
        assert (await link.check("cat", stdin=b"\x00\xff")).stdout == b"\x00\xff"
        assert (await link.python("import sys; print(sys.argv[1:])", "a b", "'")).text == "['a b', \"'\"]"
        assert (await link.script("read -r x; echo $x", stdin=b"q\n")).text == "q"
    assert not any(PASSWORD in path.read_text() for path in inventory.folder.rglob("*") if path.is_file())


async def test_a_key_is_installed_once_and_removed(server: SshServer, inventory: Inventory) -> None:
    file = server.home / ".ssh" / "authorized_keys"
    other = "ssh-ed25519 AAAA somebody"
    line = ensure_key(inventory.key_path(server.board), "laptop")
    file.write_text(f"{other}\n{line}\n{other}2")  # the last one without its newline
    async with connect(inventory, server.board) as link:
        await link.check(INSTALL, stdin=f"{line}\n".encode())
        assert file.read_text().splitlines() == [other, line, f"{other}2"]
        await link.check(REMOVE, stdin=f"{line}\n".encode())
        assert file.read_text().splitlines() == [other, f"{other}2"]
        await link.check(INSTALL, stdin=f"{line}\n".encode())
        assert file.read_text().splitlines() == [other, f"{other}2", line]


async def test_keys_are_readable_by_their_owner_only(inventory: Inventory, server: SshServer) -> None:
    path = inventory.key_path(server.board)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert inventory.pins_path.stat().st_mode & 0o777 == 0o600


async def test_a_command_that_fails_is_told_with_its_last_words(
    server: SshServer, inventory: Inventory
) -> None:
    async with connect(inventory, server.board) as link:
        with pytest.raises(RemoteCommandFailed, match=r"lab1: 'ls /nowhere' exited with 2:\n.*nowhere"):
            await link.check("ls /nowhere")
        assert (await link.run("kill -TERM $$")).exit_status == 128 + 15


async def test_output_comes_while_the_command_runs(server: SshServer, inventory: Inventory) -> None:
    async with (
        connect(inventory, server.board) as link,
        link.process("while read -r x; do echo got $x; done") as run,
    ):
        for word in (b"one", b"two"):
            run.stdin.write(word + b"\n")
            async with asyncio.timeout(120):
                assert await run.stdout.readline() == b"got " + word + b"\n"
        run.stdin.write_eof()
        assert (await run.wait()).exit_status == 0


async def test_files_go_by_sftp(server: SshServer, inventory: Inventory, tmp_path: Path) -> None:
    (tmp_path / "wheel").write_bytes(b"x" * 100_000)
    async with connect(inventory, server.board) as link, link.sftp() as files:
        await files.put(str(tmp_path / "wheel"), "wheel")
        assert (server.home / "wheel").read_bytes() == b"x" * 100_000
        with pytest.raises(BoardError, match="lab1: SFTP: No such file"):
            async with link.sftp() as more:
                await more.get("nothing", str(tmp_path / "nothing"))


async def test_ports_are_forwarded_both_ways(server: SshServer, inventory: Inventory) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"ping\n")
        answer = await reader.readline()
        writer.close()
        return answer

    listening = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, connect(inventory, server.board) as link, asyncio.timeout(120):
        async with link.forward_to_board(port) as here:
            assert await ask(here) == b"ping\n"
        async with link.forward_from_board(port) as there:
            assert await ask(there) == b"ping\n"
            with pytest.raises(BoardError, match="does not let us listen"):
                async with link.forward_from_board(port, board_port=there):
                    pass


async def test_a_host_key_nobody_trusted_is_refused_with_its_fingerprint(
    server: SshServer, tmp_path: Path
) -> None:
    with pytest.raises(HostKeyUnknown) as refused:
        async with connect(Inventory(tmp_path / "boards"), server.board, password=PASSWORD):
            pass
    assert (
        refused.value.fingerprint == server.host_key.fingerprint == (await host_key(server.board)).fingerprint
    )


async def test_a_changed_host_key_is_refused_and_both_are_shown(
    server: SshServer, inventory: Inventory, tmp_path: Path
) -> None:
    async with ssh_server(tmp_path) as flashed_anew:
        board = Board("lab1", "127.0.0.1", flashed_anew.port)
        with pytest.raises(HostKeyChanged, match="flashed anew: helio board trust lab1") as refused:
            async with connect(inventory, board, password=PASSWORD):
                pass
        assert refused.value.pinned == server.host_key.fingerprint
        assert refused.value.fingerprint == flashed_anew.host_key.fingerprint
        Pins(inventory.pins_path).pin("lab1", await host_key(board))
        async with connect(inventory, board, password=PASSWORD) as link:
            assert (await link.run("true")).exit_status == 0


async def test_wrong_logins_are_told_apart(server: SshServer, inventory: Inventory) -> None:
    with pytest.raises(LoginRefused, match="refuses this password for pi"):
        async with connect(inventory, server.board, password="wrong"):
            pass
    (server.home / ".ssh" / "authorized_keys").unlink()
    with pytest.raises(LoginRefused, match=r"refuses our key for pi; .* helio board trust lab1"):
        async with connect(inventory, server.board):
            pass


async def test_faults_of_the_way_say_what_to_do(inventory: Inventory) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(BoardUnreachable, match="SSH is not on there"):
            async with connect(inventory, Board("lab1", "127.0.0.1", unused.getsockname()[1])):
                pass
    with pytest.raises(BoardUnreachable, match=r"no address is known for 'nobody\.invalid'"):
        async with connect(inventory, Board("lab1", "nobody.invalid")):
            pass

    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as web:
        port = web.sockets[0].getsockname()[1]
        with pytest.raises(BoardUnreachable, match=f"127.0.0.1:{port}"):
            async with connect(inventory, Board("lab1", "127.0.0.1", port)):
                pass


async def test_a_link_that_breaks_is_told(server: SshServer, inventory: Inventory) -> None:
    async with connect(inventory, server.board) as link:
        link.connection.abort()
        await link.connection.wait_closed()
        assert link.is_closed
        with pytest.raises(BoardUnreachable, match="lab1: the connection broke"):
            await link.run("true")

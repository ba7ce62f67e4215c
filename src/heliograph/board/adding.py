"""Make a board known: trust its host key, put our key there, and write down where it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from heliograph.board.facts import Facts, ask
from heliograph.board.hostkeys import HostKey, Pins
from heliograph.board.inventory import Board, Inventory
from heliograph.board.keys import INSTALL, ensure_key
from heliograph.board.ssh import connect, host_key
from heliograph.errors import BoardError, ConfigError, LoginRefused

Trusting = Callable[[Board, HostKey | None, HostKey], bool]
"""Says whether a host key is to be trusted: of which board, which one was pinned, which one it shows now."""


async def add(
    inventory: Inventory, board: Board, trusted: Trusting, password: Callable[[Board], str]
) -> Facts:
    """Add a board that is not known yet; when anything fails, nothing of it is kept.

    Args:
        inventory: is written at the end.
        board: its name and address.
        trusted: is asked once, with the key that the board shows.
        password: is asked for the password, unless the board knows our key already.

    Raises:
        ConfigError: the name belongs to another board.
        BoardError: the board cannot be reached, or does not let us in.
    """
    if board.name in inventory.boards:
        other = inventory.boards[board.name]
        raise ConfigError(
            f"there is a board {board.name!r} already, at {other.host}; choose another name with --name,"
            f" or helio board rm {board.name} forgets it."
            f" If it was flashed anew: helio board trust {board.name}"
        )
    key = inventory.key_path(board)
    had_key = key.exists()
    try:
        facts = await _let_in(inventory, board, trusted, password)
    except BaseException:
        Pins(inventory.pins_path).forget(board.name)
        if not had_key:
            key.unlink(missing_ok=True)
            key.with_name(f"{key.name}.pub").unlink(missing_ok=True)
        raise
    inventory.update(lambda latest: latest.put(replace(board, mac=facts.mac)))
    return facts


async def trust(
    inventory: Inventory, board: Board, trusted: Trusting, password: Callable[[Board], str]
) -> Facts:
    """Trust the host key that a known board shows now, and put our key there again if it was flashed.

    Raises:
        BoardError: the board cannot be reached, or does not let us in.
    """
    pins = Pins(inventory.pins_path)
    before = pins.get(board.name)
    try:
        facts = await _let_in(inventory, board, trusted, password)
    except BaseException:
        if before is not None:
            pins.pin(board.name, before)
        raise
    inventory.update(lambda latest: latest.put(replace(board, mac=facts.mac)))
    return facts


async def _let_in(
    inventory: Inventory, board: Board, trusted: Trusting, password: Callable[[Board], str]
) -> Facts:
    pins = Pins(inventory.pins_path)
    shown = await host_key(board)
    pinned = pins.get(board.name)
    if shown != pinned:
        if not trusted(board, pinned, shown):
            raise BoardError(
                board.name, f"its host key {shown.fingerprint} was not trusted; nothing was changed"
            )
        pins.pin(board.name, shown)
    line = ensure_key(inventory.key_path(board), f"heliograph {board.name}")
    try:
        async with connect(inventory, board) as link:  # a prepared card knows our key already
            return await ask(link)
    except LoginRefused:
        pass
    async with connect(inventory, board, password=password(board)) as link:
        await link.script(INSTALL, stdin=f"{line}\n".encode(), shown="installing our key")
    async with connect(inventory, board) as link:
        return await ask(link)

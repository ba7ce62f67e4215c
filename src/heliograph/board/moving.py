"""A board that is not where it was: found again by its network card or name, proven by its host key."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace

from heliograph.board.finding import Found, named
from heliograph.board.hostkeys import Pins
from heliograph.board.inventory import Board, Inventory
from heliograph.board.neighbours import neighbours
from heliograph.board.ssh import host_key
from heliograph.errors import BoardUnreachable, ConfigError


async def moved(inventory: Inventory, found: Sequence[Found]) -> list[Board]:
    """Write down where known boards are now, and return those that moved.

    A MAC address is easily taken on by somebody else, so a board is where it shows its pinned host key.
    """
    pins = Pins(inventory.pins_path)
    by_mac = {one.mac: one.address for one in found if one.mac}
    changed = []
    for board in list(inventory.boards.values()):
        address = by_mac.get(board.mac)
        if not address or address == board.host or not _is_address(board.host):
            continue
        try:
            shows = await host_key(replace(board, host=address))
        except BoardUnreachable:
            continue
        if shows == pins.get(board.name):
            changed.append(replace(board, host=address))

    def note(latest: Inventory) -> None:
        for board in changed:
            latest.put(board)

    if changed:
        inventory.update(note)
    return changed


async def found_again(inventory: Inventory, board: Board) -> Board | None:
    """Return a board where it is now, None if it is nowhere; it is written down.

    Nobody is asked who did not offer: who announces itself, who answers to the board's name, and whom this
    laptop has spoken to with its network card. It is the one that shows the pinned host key.
    """
    pinned = Pins(inventory.pins_path).get(board.name)
    if pinned is None or not _is_address(board.host) or ipaddress.ip_address(board.host).is_loopback:
        return None
    for address in await _candidates(board):
        here = replace(board, host=address)
        try:
            shows = await host_key(here)
        except BoardUnreachable:
            continue
        if shows == pinned:
            _write_down(inventory, here)
            return here
    return None


def _write_down(inventory: Inventory, board: Board) -> None:
    inventory.update(lambda latest: latest.put(board))


async def _candidates(board: Board) -> list[str]:
    by_card = [address for address, mac in (await neighbours()).items() if mac and mac == board.mac]
    try:
        announced = await named({board.name})
    except ConfigError:  # this laptop is in no network at all
        announced = {}
    first = sorted(announced, key=lambda address: announced[address] != board.name)
    return [address for address in dict.fromkeys([*by_card, *first]) if address != board.host]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

"""What all actions ask for: which boards, how many at once, and a yes."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import TYPE_CHECKING, Final

from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from heliograph.board.inventory import Board, Inventory

AT_ONCE: Final = 16


def add_targets(parser: argparse.ArgumentParser) -> None:
    """Declare the boards, how many are worked on at once, and how long one may take."""
    parser.add_argument("targets", metavar="TARGET", nargs="+", help="a board, @GROUP or all")
    add_pace(parser)


def add_pace(parser: argparse.ArgumentParser) -> None:
    """Declare how many boards are worked on at once, and how long one may take."""
    parser.add_argument(
        "-j", "--at-once", metavar="N", type=int, default=AT_ONCE, help=f"boards at the same time ({AT_ONCE})"
    )
    parser.add_argument("--timeout", metavar="TIME", default="15m", help="how long one board may take (15m)")


def seconds(text: str) -> float:
    """Return a duration in seconds."""
    from heliograph.config.values import parse_duration

    return parse_duration(text)


def read_inventory() -> Inventory:
    """Return the boards that this laptop knows.

    Raises:
        ConfigError: the file is damaged.
    """
    from heliograph.board.inventory import Inventory, boards_folder

    return Inventory.read(boards_folder(os.environ))


def confirmed(question: str, *, sure: bool) -> bool:
    """Ask for a yes unless it was given already.

    Raises:
        ConfigError: nobody is there to be asked.
    """
    if sure:
        return True
    if not sys.stdin.isatty():
        raise ConfigError(f"{question} Nobody is there to be asked; --yes says yes")
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def password_of(board: Board) -> str:
    """Return the password that is typed, or the first line of input where nobody types.

    Raises:
        ConfigError: there is none.
    """
    if sys.stdin.isatty():
        return getpass.getpass(f"{board.user}@{board.host}'s password (used once, not kept): ")
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        reason = (
            f"the password of {board.user}@{board.host} is needed once: give it as the first line of input"
        )
        raise ConfigError(reason)
    return line

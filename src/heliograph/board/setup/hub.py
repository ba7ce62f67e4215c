"""The role ``hub``: broker, store, API and page on a board, reached by SSH only unless it is to listen."""

from __future__ import annotations

from typing import Final

from heliograph.board.setup.context import Context
from heliograph.board.setup.served import Served
from heliograph.board.setup.steps import Step

_HUB: Final = Served("hub", "hub", "up", "heliograph")


def steps(context: Context) -> list[Step]:
    """Return what makes a board a hub."""
    return _HUB.steps(context)


def removal() -> list[Step]:
    """Return what takes all of it away again, the hub's data among it."""
    return _HUB.removal()

"""A project on a board, opened for work: connection, receiver, and what is known of both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from heliograph.board.code.project import Project
from heliograph.board.inventory import Board, Inventory
from heliograph.board.running.spec import Spec, spec_of
from heliograph.board.ssh import Link, connect
from heliograph.board.sync.session import Session, open_session
from heliograph.board.sync.syncing import Syncing, cache_file, project_scanner, remember


@dataclass(frozen=True, slots=True)
class Work:
    """What is open."""

    project: Project
    inventory: Inventory
    link: Link
    session: Session
    syncing: Syncing

    @property
    def board(self) -> Board:
        """Which board."""
        return self.link.board

    async def spec(self) -> Spec:
        """Return what runs there, as things stand.

        Raises:
            BoardUnfit: it has not the interpreter that the project wants.
        """
        facts = await self.session.facts(self.project.python)
        return spec_of(self.project, self.session, facts, self.inventory.variables(self.board))


@asynccontextmanager
async def open_work(inventory: Inventory, board: Board, project: Project) -> AsyncIterator[Work]:
    """Connect to a board and start its end of the sync for a project; both end with the block.

    Raises:
        BoardError: one of the things that can go wrong with a board.
    """
    cache = cache_file(project)
    scanner = project_scanner(project, cache)
    async with (
        connect(inventory, board) as link,
        open_session(link, project.name, folder=project.folder) as session,
    ):
        yield Work(project, inventory, link, session, Syncing(session, scanner))
        remember(scanner, cache)

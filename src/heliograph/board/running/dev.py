"""The loop of development: what is saved here runs there a moment later, on one board or many."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from heliograph.aio.backoff import Backoff
from heliograph.board.code.project import Project
from heliograph.board.code.syntax import NotPython
from heliograph.board.code.watch import changes
from heliograph.board.debugging.wheel import push
from heliograph.board.inventory import Board, Inventory
from heliograph.board.running.environment import ensure_environment
from heliograph.board.running.runner import Runner, open_runner
from heliograph.board.running.work import Work, open_work
from heliograph.board.sync.session import Synced
from heliograph.errors import BoardError, BoardUnreachable, Error

DEBUG_PORT: Final = 5678
"""The laptop's port for the first board's debugger; the others follow."""


class Screen(Protocol):
    """Where it is shown."""

    def output(self, board: Board, stream: str, data: bytes) -> None:
        """Show what a program wrote."""

    def note(self, board: Board, text: str) -> None:
        """Show what we have to say about a board."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the loop does besides syncing."""

    runs: bool = True
    """Start the program, and anew after each change."""
    wheel: Callable[[], Awaitable[Path]] | None = None
    """Finds debugpy when it is wanted."""
    first_port: int = DEBUG_PORT


class BoardLoop:
    """The loop on one board. It survives a link that breaks, and a program that ends."""

    def __init__(
        self,
        board: Board,
        *,
        inventory: Inventory,
        project: Project,
        screen: Screen,
        options: Options,
        number: int,
    ) -> None:
        self.board = board
        self._inventory = inventory
        self._project = project
        self._screen = screen
        self._options = options
        self._debug_port = options.first_port + number
        self._orders: set[str] = set()
        self._news = asyncio.Event()
        self._saved_at: float | None = None
        self._is_debugging = False
        self._version = 0

    def order(self, what: str) -> None:
        """Ask for ``sync``, ``restart`` or ``debug``; what waits already is not asked twice."""
        if what == "sync" and self._saved_at is None:
            self._saved_at = time.monotonic()
        self._orders.add(what)
        self._news.set()

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            Error: something that trying again does not mend.
        """
        backoff = Backoff(first=1.0, longest=5.0)
        while True:
            try:
                await self._connected(backoff)
            except BoardUnreachable as error:
                self._note(f"{error.reason}; trying again")
            await asyncio.sleep(backoff.next())

    async def _connected(self, backoff: Backoff) -> None:
        async with AsyncExitStack() as stack:
            work = await stack.enter_async_context(open_work(self._inventory, self.board, self._project))
            backoff.reset()
            await self._first(work)
            runner = await stack.enter_async_context(
                open_runner(work.link, lambda stream, data: self._screen.output(self.board, stream, data))
            )
            runner.notice = self._news.set
            async with AsyncExitStack() as debugging:
                await self._restart(work, runner, debugging)
                while True:
                    await self._news.wait()
                    self._news.clear()
                    if runner.is_over:
                        await runner.ended()  # says why
                    await self._obey(work, runner, debugging)

    async def _first(self, work: Work) -> None:
        """Bring all there; with broken Python there is nothing to run until the next save."""
        while True:
            try:
                synced = await work.syncing.all(keep=not self._version)
            except NotPython as error:
                self._note(str(error))
                await self._news.wait()
                self._news.clear()
                continue
            break
        self._orders.discard("sync")
        self._version = synced.version
        self._note(f"{_counted(synced)}, version {synced.version}")
        await self._environment(work)

    async def _obey(self, work: Work, runner: Runner, debugging: AsyncExitStack) -> None:
        orders, self._orders = self._orders, set()
        restart = "restart" in orders
        if "sync" in orders:
            restart = await self._sync(work) or restart
        if "debug" in orders:
            self._is_debugging = not self._is_debugging
            restart = True
        if restart:
            await self._restart(
                work, runner, debugging, changed="restart" not in orders and "debug" not in orders
            )
        elif runner.status is not None and not orders and self._options.runs:
            self._note(f"ended with {runner.status}; a save or r starts it again")

    async def _sync(self, work: Work) -> bool:
        """Send what was saved, and say whether anything was."""
        saved_at, self._saved_at = self._saved_at, None
        try:
            synced = await work.syncing.changes()
        except NotPython as error:
            self._note(str(error))
            return False
        if not synced:
            return False
        passed = "" if saved_at is None else f" in {time.monotonic() - saved_at:.2f} s"
        self._note(f"{_counted(synced)}{passed}")
        await self._environment(work)
        return True

    async def _restart(
        self, work: Work, runner: Runner, debugging: AsyncExitStack, *, changed: bool = False
    ) -> None:
        if not self._options.runs:
            return
        if changed and self._project.reload != "restart" and runner.status is None:
            if self._project.reload == "signal":
                runner.signal("HUP")
            return
        await debugging.aclose()
        spec = await work.spec()
        try:
            if self._is_debugging and self._options.wheel is not None:
                folder = await push(work.link, await self._options.wheel())
                await runner.start(spec.debugged(folder, wait=False))
                port = await runner.listening()
                forward = work.link.forward_to_board(port, port=self._debug_port)
                self._note(f"debugger ready on 127.0.0.1:{await debugging.enter_async_context(forward)}")
            else:
                await runner.start(spec)
        except BoardUnreachable:
            raise
        except BoardError as error:
            self._note(error.reason)

    async def _environment(self, work: Work) -> None:
        try:
            if await ensure_environment(work, told=self._note):
                self._note("its environment is as the requirements say")
        except BoardUnreachable:
            raise
        except Error as error:
            self._note(str(error))

    def _note(self, text: str) -> None:
        self._screen.note(self.board, text)


def _counted(synced: Synced) -> str:
    if not synced:
        return "nothing to send"
    deleted = f", {synced.deleted} deleted" if synced.deleted else ""
    aside = "".join(f", had been changed there: {place}" for place in synced.aside)
    return f"{synced.written} written{deleted}{aside}"


async def develop(
    inventory: Inventory,
    boards: Sequence[Board],
    project: Project,
    *,
    screen: Screen,
    options: Options,
    keys: Callable[[Callable[[str], None]], Coroutine[None, None, None]],
) -> None:
    """Run the loop on all boards until ``keys`` returns: it is given what takes ``restart`` and ``debug``.

    Raises:
        Error: on a board, something that trying again does not mend; of several boards, when all have ended.
    """
    loops = [
        BoardLoop(board, inventory=inventory, project=project, screen=screen, options=options, number=number)
        for number, board in enumerate(boards)
    ]
    failures: list[Error] = []

    def order(what: str) -> None:
        for loop in loops:
            loop.order(what)

    async def one(loop: BoardLoop) -> None:
        try:
            await loop.run()
        except Error as error:
            failures.append(error)
            screen.note(loop.board, f"given up: {error}")

    async def watch() -> None:
        ignores = project.ignores
        async for _burst in changes(project.root, lambda: ignores):
            order("sync")

    async with asyncio.TaskGroup() as group:
        working = [group.create_task(one(loop), name=f"dev-{loop.board}") for loop in loops]
        others = [
            group.create_task(watch(), name="dev-watch"),
            group.create_task(keys(order), name="dev-keys"),
        ]
        all_ended = group.create_task(_all(working), name="dev-all")
        await asyncio.wait([others[1], all_ended], return_when=asyncio.FIRST_COMPLETED)
        for task in (*working, *others, all_ended):
            task.cancel()
    if len(failures) == len(loops):
        raise failures[0]


async def _all(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)

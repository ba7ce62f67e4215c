"""A program under a debugger that listens, or connects back, on the loopback of both machines only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from heliograph.board.debugging.wheel import push, pydevd_in
from heliograph.board.remote.sources import source
from heliograph.board.running import service
from heliograph.board.running.runner import Output, Runner, open_runner
from heliograph.board.running.spec import Spec
from heliograph.board.running.work import Work
from heliograph.errors import BoardError

_LISTEN_SECONDS: Final = 40.0


@asynccontextmanager
async def listening(
    work: Work, spec: Spec, wheel: Path, output: Output, *, port: int = 0, wait: bool = True
) -> AsyncIterator[tuple[Runner, int]]:
    """Run a program under debugpy; yields it and the laptop's port, which is ready then.

    With ``wait`` its first line runs when a debugger is there. All ends with the block.

    Raises:
        BoardError: the program ended before its debugger listened.
    """
    folder = await push(work.link, wheel)
    async with open_runner(work.link, output) as runner:
        await runner.start(spec.debugged(folder, wait=wait), stdin=True)
        board_port = await runner.listening()
        async with work.link.forward_to_board(board_port, port=port) as here:
            yield runner, here


@asynccontextmanager
async def service_listening(
    work: Work, spec: Spec, wheel: Path, output: Output, *, port: int = 0
) -> AsyncIterator[tuple[Runner, int]]:
    """Start the project's service anew under debugpy; yields its guard and the laptop's port.

    With the end of the block, or of the connection, the service is started anew as it was.

    Raises:
        BoardUnfit: there is no systemd, or no sudo.
        BoardError: the project is no service there, or ended before its debugger listened.
    """
    await service.must_have_systemd(work.link, spec)
    name = service.unit_name(spec.app)
    if not await service.is_installed(work.link, spec.app):
        board = work.board.name
        raise BoardError(board, f"{name} is not there; helio board run {board} --service makes it")
    folder = await push(work.link, wheel)
    ports = source("ports").decode()
    board_port = int((await work.link.python(ports, "free", shown="looking for a free port")).text)
    debugged = spec.debugged(folder, wait=False).at_port(board_port)
    async with open_runner(work.link, output) as guard:
        await guard.start(spec.guarded(service.GUARD, name, service.debug_text(debugged)))
        try:
            async with asyncio.timeout(_LISTEN_SECONDS * 2):
                await work.link.python(
                    ports, "wait", str(board_port), f"{_LISTEN_SECONDS:g}", shown="waiting"
                )
        except (BoardError, TimeoutError) as error:
            reason = (
                f"{name} did not come up under the debugger; helio board logs {work.board.name} shows why"
            )
            raise BoardError(work.board.name, reason) from error
        async with work.link.forward_to_board(board_port, port=port) as here:
            yield guard, here


@asynccontextmanager
async def connected_back(
    work: Work, spec: Spec, wheel: Path, output: Output, *, port: int
) -> AsyncIterator[Runner]:
    """Run a program under pydevd, which connects to a debug server on this laptop's loopback."""
    folder = await push(work.link, wheel)
    pydevd = f"{folder}/{pydevd_in(wheel)}"
    async with work.link.forward_from_board(port) as board_port, open_runner(work.link, output) as runner:
        await runner.start(spec.connected_back(pydevd, board_port, str(work.project.root)), stdin=True)
        yield runner

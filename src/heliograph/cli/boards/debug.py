"""``helio board debug``: runs the project's program under a debugger that stops at lines of the laptop."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import read_inventory
from heliograph.cli.boards.dev import wheel_cache
from heliograph.cli.boards.projects import add_project, project_of
from heliograph.cli.boards.words import add_words
from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from heliograph.board.code.project import Project
    from heliograph.board.inventory import Board, Inventory
    from heliograph.board.running.runner import Runner

_LOOPBACK = ("127.0.0.1", "localhost")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("target", metavar="BOARD", help="which board")
    add_project(parser)
    add_words(parser)
    parser.add_argument("--port", metavar="PORT", type=int, default=5678, help="the port here (%(default)s)")
    parser.add_argument(
        "--no-wait", action="store_true", help="let the program begin before a debugger is there"
    )
    parser.add_argument("--service", action="store_true", help="the project's service instead, until Ctrl-C")
    parser.add_argument(
        "--pydevd",
        metavar="[HOST:]PORT",
        help="connect back to the debug server of PyDev or PyCharm, which runs on this laptop",
    )
    parser.add_argument(
        "--wheel",
        metavar="FILE",
        type=Path,
        help="debugpy's wheel, or pydevd-pycharm's of your PyCharm (debugpy's is fetched once)",
    )
    parser.add_argument("--no-sync", action="store_true", help="run what is there")
    parser.epilog = (
        "helio board debug lab1                    then F5 in VS Code, after helio board ide vscode\n"
        "helio board debug lab1 --pydevd 5678      start the debug server in Eclipse or PyCharm first\n"
        "The debugger listens on loopback only, on both sides, and ends with this command."
    )
    parser.usage = "%(prog)s [options] BOARD [-- COMMAND ...]"


def run(args: argparse.Namespace) -> int:
    """Run under the debugger, and return the program's exit status."""
    project = project_of(args)
    inventory = read_inventory()
    back = None if args.pydevd is None else loopback_port(args.pydevd)
    if args.service and (back is not None or args.words):
        raise ConfigError("--service goes with neither --pydevd nor a command")
    try:
        return asyncio.run(_debug(args, project, inventory, inventory.get(args.target), back))
    except KeyboardInterrupt:
        return 130


def loopback_port(text: str) -> int:
    """Return the port of ``PORT`` or ``127.0.0.1:PORT``.

    Raises:
        ConfigError: it is another machine's, or none.
    """
    host, _, port = text.rpartition(":")
    if host and host not in _LOOPBACK:
        raise ConfigError(
            f"the debug server is to be on this laptop's loopback, {host} is not; debugging is not safe"
        )
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"--pydevd expects a port, {text!r} came")
    return int(port)


async def _debug(
    args: argparse.Namespace, project: Project, inventory: Inventory, board: Board, back: int | None
) -> int:
    from heliograph.board.debugging.wheel import debugpy_wheel
    from heliograph.board.running.work import open_work
    from heliograph.cli.boards.run import prepared

    def told(text: str) -> None:
        print(f"{board}: {text}", file=sys.stderr, flush=True)

    wheel = await debugpy_wheel(args.wheel, wheel_cache(), told)
    async with open_work(inventory, board, project) as work, AsyncExitStack() as stack:
        from heliograph.board.debugging import debugging

        spec = await prepared(work, args, args.words)
        runner: Runner
        if back is not None:
            opened = debugging.connected_back(work, spec, wheel, _output, port=back)
            runner = await stack.enter_async_context(opened)
            told(f"its debugger connects to 127.0.0.1:{back}")
        elif args.service:
            serving = debugging.service_listening(work, spec, wheel, lambda *_: None, port=args.port)
            runner, port = await stack.enter_async_context(serving)
            told("its service runs under the debugger until Ctrl-C")
            print(f"debugger ready on 127.0.0.1:{port}", flush=True)
        else:
            running = debugging.listening(work, spec, wheel, _output, port=args.port, wait=not args.no_wait)
            runner, port = await stack.enter_async_context(running)
            print(f"debugger ready on 127.0.0.1:{port}", flush=True)
        if args.service:
            return await runner.ended()
        from heliograph.cli.boards.run import with_input

        return await with_input(runner)


def _output(stream: str, data: bytes) -> None:
    target = sys.stdout if stream == "out" else sys.stderr
    target.buffer.write(data)
    target.buffer.flush()

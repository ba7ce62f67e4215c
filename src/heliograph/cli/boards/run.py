"""``helio board run``: syncs, then runs the project's program on boards, to its end or as a service."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import add_targets, read_inventory
from heliograph.cli.boards.lines import BoardScreen
from heliograph.cli.boards.projects import add_project, project_of
from heliograph.cli.boards.report import on_boards
from heliograph.cli.boards.words import add_words

if TYPE_CHECKING:
    from heliograph.board.code.project import Project
    from heliograph.board.inventory import Board, Inventory
    from heliograph.board.running.runner import Runner
    from heliograph.board.running.spec import Spec
    from heliograph.board.running.work import Work


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_targets(parser)
    add_project(parser)
    add_words(parser)
    parser.add_argument("--no-sync", action="store_true", help="run what is there")
    parser.add_argument(
        "--service", action="store_true", help="start it as a service: at each boot, and again after a crash"
    )
    parser.add_argument("--remove", action="store_true", help="stop the service and remove its unit")
    parser.epilog = (
        "helio board run lab1                          what board.toml says\n"
        "helio board run lab1 -- python tool.py -v     another command, in the project's folder there\n"
        "Ctrl-C ends the program; so does a laptop that is gone for twenty seconds. The exit status is the\n"
        "program's, with several boards 1 if any failed. python is the one of the app's environment."
    )


def run(args: argparse.Namespace) -> int:
    """Run to the end, or install, or remove."""
    project = project_of(args)
    inventory = read_inventory()
    boards = inventory.targets(args.targets)
    if args.remove:
        return _remove(args, project, inventory, boards)
    if args.service:
        return _install(args, project, inventory, boards)
    words: list[str] = args.words
    try:
        if len(boards) == 1:
            return asyncio.run(_run_alone(args, project, inventory, boards[0], words))
        return _run_many(args, project, inventory, boards, words)
    except KeyboardInterrupt:
        return 130


async def prepared(work: Work, args: argparse.Namespace, words: list[str]) -> Spec:
    """Bring what is missing to the board, and return what is to run."""
    from heliograph.board.running.environment import ensure_environment
    from heliograph.cli.boards.sync import told

    if not args.no_sync:
        synced = await work.syncing.all()
        if synced:
            print(told(work.board, synced, 0.0).rsplit(",", 1)[0], file=sys.stderr)
    await ensure_environment(work, told=lambda text: print(f"{work.board}: {text}", file=sys.stderr))
    spec = await work.spec()
    return spec.command_line(words) if words else spec


async def _run_alone(
    args: argparse.Namespace, project: Project, inventory: Inventory, board: Board, words: list[str]
) -> int:
    from heliograph.board.running.runner import open_runner
    from heliograph.board.running.work import open_work

    def output(stream: str, data: bytes) -> None:
        target = sys.stdout if stream == "out" else sys.stderr
        target.buffer.write(data)
        target.buffer.flush()

    async with open_work(inventory, board, project) as work:
        spec = await prepared(work, args, words)
        async with open_runner(work.link, output) as runner:
            await runner.start(spec, stdin=True)
            return await with_input(runner)


async def with_input(runner: Runner) -> int:
    """Hand on what is typed until the program ends, and return its exit status."""
    from heliograph.cli.boards.typed import typed

    async def give() -> None:
        async for data in typed():
            await runner.type(data)

    async with asyncio.TaskGroup() as group:
        giving = group.create_task(give(), name="run-input")
        status = await runner.ended()
        giving.cancel()
    return status


def _run_many(
    args: argparse.Namespace, project: Project, inventory: Inventory, boards: list[Board], words: list[str]
) -> int:
    from heliograph.board.running.runner import open_runner
    from heliograph.board.running.work import open_work
    from heliograph.errors import RemoteCommandFailed

    screen = BoardScreen([board.name for board in boards])

    async def work(board: Board) -> None:
        async with open_work(inventory, board, project) as opened:
            spec = await prepared(opened, args, words)
            async with open_runner(opened.link, lambda *came: screen.output(board, *came)) as runner:
                await runner.start(spec)
                status = await runner.ended()
        if status:
            raise RemoteCommandFailed(board.name, " ".join(words or project.command), status, "see above")

    args.at_once, args.timeout = len(boards), "365d"
    status = on_boards(args, boards, work, lambda *_: "")
    screen.flush()
    return status


def _install(args: argparse.Namespace, project: Project, inventory: Inventory, boards: list[Board]) -> int:
    from heliograph.board.running import service
    from heliograph.board.running.work import open_work

    async def work(board: Board) -> str:
        async with open_work(inventory, board, project) as opened:
            spec = await opened.spec()
            await service.must_have_systemd(opened.link, spec)
            return await service.install(opened, await prepared(opened, args, args.words))

    def show(board: Board, unit: str) -> str:
        return f"{board}: {unit} runs, now and after each boot; helio board logs {board} -f shows it"

    return on_boards(args, boards, work, show)


def _remove(args: argparse.Namespace, project: Project, inventory: Inventory, boards: list[Board]) -> int:
    from heliograph.board.running import service
    from heliograph.board.ssh import connect

    async def work(board: Board) -> str:
        async with connect(inventory, board) as link:
            await service.remove(link, project.name)
        return service.unit_name(project.name)

    return on_boards(args, boards, work, lambda board, unit: f"{board}: {unit} is removed, its files are not")

"""``helio board sync``: makes a project's folder on boards what it is here."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import add_targets, read_inventory
from heliograph.cli.boards.projects import add_project, project_of
from heliograph.cli.boards.report import on_boards

if TYPE_CHECKING:
    from heliograph.board.code.project import Project
    from heliograph.board.inventory import Board, Inventory
    from heliograph.board.sync.session import Preview, Synced


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_targets(parser)
    add_project(parser)
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    parser.add_argument("--watch", action="store_true", help="go on: send what changes, until Ctrl-C")
    parser.add_argument(
        "--checksum", action="store_true", help="read all files on both sides; trust no times"
    )
    parser.add_argument("--no-check", action="store_true", help="send Python files that are none, too")
    parser.epilog = (
        ".gitignore and .boardignore say what stays here. Deleted is only what a sync wrote.\n"
        "What was changed on the board is set aside there, and named.\n"
        "--dry-run exits with 2 where something would change."
    )


def run(args: argparse.Namespace) -> int:
    """Sync once, or again and again."""
    project = project_of(args)
    inventory = read_inventory()
    boards = inventory.targets(args.targets)
    if args.dry_run:
        return _preview(args, project, inventory, boards)
    if args.watch:
        from heliograph.cli.boards.dev import develop

        return develop(project, inventory, boards, runs=False)

    async def work(board: Board) -> tuple[Synced, float]:
        from heliograph.board.running.work import open_work

        began = time.monotonic()
        async with open_work(inventory, board, project) as opened:
            synced = await opened.syncing.all(checksum=args.checksum, check=not args.no_check)
        return synced, time.monotonic() - began

    return on_boards(args, boards, work, lambda board, done: told(board, *done))


def told(board: Board, synced: Synced, seconds: float) -> str:
    """Return what a sync did, for people."""
    if not synced:
        return f"{board}: nothing changed, version {synced.version}, {seconds:.2f} s"
    aside = "".join(f"\n{board}: had been changed there, is now {place}" for place in synced.aside)
    return (
        f"{board}: {synced.written} written, {synced.deleted} deleted,"
        f" {synced.sent_bytes / 1000:,.1f} kB sent, version {synced.version}, {seconds:.2f} s{aside}"
    )


def _preview(args: argparse.Namespace, project: Project, inventory: Inventory, boards: list[Board]) -> int:
    pending: list[Board] = []

    async def work(board: Board) -> Preview:
        from heliograph.board.running.work import open_work

        async with open_work(inventory, board, project) as opened:
            _scan, preview = await opened.syncing.preview(checksum=args.checksum)
        if preview:
            pending.append(board)
        return preview

    status = on_boards(args, boards, work, preview_text)
    return status or (2 if pending else 0)


def preview_text(board: Board, preview: Preview) -> str:
    """Return what a sync would do, a line for each path, and the sum."""
    edited = set(preview.edited)
    kinds = (("+", preview.new), ("~", preview.changed), ("-", preview.gone))
    lines = [f"{board}: {sign} {shown(name)}" for sign, names in kinds for name in sorted(names)]
    lines += [
        f"{board}: ! {shown(name)} was changed on the board, and would be set aside"
        for name in sorted(edited)
    ]
    total = f"{len(preview.new)} new, {len(preview.changed)} changed, {len(preview.gone)} gone"
    return "\n".join(
        [*lines, f"{board}: {total}, {preview.same} as here; {preview.send_bytes / 1000:,.1f} kB to send"]
    )


def shown(name: str) -> str:
    """Return a path as it can be printed on one line."""
    return name if name.isprintable() else repr(name)

"""``helio board doctor``: what is wrong with boards, each with the way out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.board.facts import Facts
    from heliograph.board.inventory import Board


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    from heliograph.cli.boards.asking import add_targets

    add_targets(parser)
    parser.add_argument("--set-clock", action="store_true", help="set the boards' clocks from this laptop's")
    parser.add_argument("--json", action="store_true", help="print what the boards told, as JSON")
    parser.epilog = "Exit status 1 also when something is bad."


def run(args: argparse.Namespace) -> int:
    """Ask each board and print what was found."""
    from heliograph.board.facts import ask
    from heliograph.board.findings import Level, judge
    from heliograph.board.mending import set_clock
    from heliograph.board.ssh import connect
    from heliograph.cli.boards.asking import read_inventory
    from heliograph.cli.boards.report import on_boards

    inventory = read_inventory()
    bad: list[str] = []

    async def look(board: Board) -> Facts:
        async with connect(inventory, board) as link:
            if args.set_clock:
                await set_clock(link)
            return await ask(link)

    def show(board: Board, facts: Facts) -> str:
        findings = judge(facts)
        if any(finding.level is Level.BAD for finding in findings):
            bad.append(board.name)
        if args.json:
            return _json(board, facts)
        lines = [f"{board.name}: {facts.system}"]
        for finding in findings:
            lines.append(f"  {finding.level.value:<8} {finding.about:<12} {finding.said}")
            lines += [f"{'':<24}{finding.fix}"] if finding.fix else []
        return "\n".join(lines)

    status = on_boards(args, inventory.targets(args.targets), look, show)
    return status or (1 if bad else 0)


def _json(board: Board, facts: Facts) -> str:
    import json
    from dataclasses import asdict

    return json.dumps({"board": board.name, **asdict(facts)})

"""``helio``: finds the command and hands over to its module.

A command is a module of this folder with ``configure(parser)`` and ``run(args) -> int``. The table
below is all that ``helio --help`` needs, so that it stays fast on a small board.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final

from heliograph import __version__
from heliograph.errors import Error

COMMANDS: dict[str, str] = {
    "up": "start the hub: broker, stream, store, API, page and this machine's agent",
    "agent": "gather this machine's figures and send them to a hub",
    "demo": "send random values, so that something moves",
    "query": "ask the hub in SQL",
    "bucket": "list, make and delete buckets, and say how long they keep what",
    "backup": "put everything a hub keeps into one file, while it runs",
    "restore": "make a data folder out of a backup",
    "delete": "delete points by measurement, tags and time",
    "status": "show what the hub holds, counts and refuses",
    "ledger": "show what came from each device, and that nothing of it is missing",
    "login": "print a fresh single-use link to the page",
    "telegraf": "keep configurations for Telegraf, which fetches them when it starts",
    "token": "print the operator's token, and make others that may do less",
    "selftest": "kill parts of a hub under load, and count what it kept",
    "config": "check and show the configuration",
}


def _formatter(arguments: Sequence[str]) -> type[argparse.HelpFormatter]:
    # rich weighs 6 MB, a quarter of what a lone agent may have: only where help is going to be shown.
    if arguments and not {"-h", "--help"}.intersection(arguments):
        return argparse.RawDescriptionHelpFormatter
    from rich_argparse import RawDescriptionRichHelpFormatter

    return RawDescriptionRichHelpFormatter


ALL: Final = "*"
"""Instead of a command's name: configure every command."""


def _parser(chosen: str | None, formatter: type[argparse.HelpFormatter]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="helio",
        description="Heliograph: see what your boards do.",
        epilog="helio COMMAND --help tells more about a command.",
        formatter_class=formatter,
    )
    parser.add_argument("--version", action="version", version=f"heliograph {__version__}")
    commands = parser.add_subparsers(title="Commands", metavar="COMMAND", dest="command")
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary, formatter_class=formatter)
        if chosen in (name, ALL):
            importlib.import_module(f"heliograph.cli.{name}").configure(command)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if "_ARGCOMPLETE" in os.environ:
        _complete()
    chosen = next((a for a in arguments if not a.startswith("-")), None)
    parser = _parser(chosen, _formatter(arguments))
    args = parser.parse_args(arguments)
    if args.command is None:
        parser.print_help()
        return 2
    try:
        return int(importlib.import_module(f"heliograph.cli.{args.command}").run(args))
    except Error as error:
        print(f"helio {args.command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has had enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _complete() -> None:
    """Answer the shell that wants to complete a command line, and end."""
    import argcomplete

    argcomplete.autocomplete(_parser(ALL, argparse.HelpFormatter))

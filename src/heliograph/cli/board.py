"""``helio board``: finds the action and hands over to its module in ``cli/boards/``."""

from __future__ import annotations

import argparse
import importlib
from typing import Final

from heliograph.errors import ConfigError

ACTIONS: Final[dict[str, str]] = {
    "prepare": "write onto a flashed card what its system reads at the first boot",
    "find": "look for boards in this network",
    "add": "make a board known: trust it, install our key, ask what it has",
    "ls": "list the boards, and whether they answer",
    "rm": "forget boards: their entry, key and pinned host key",
    "trust": "pin a board's host key anew, after it was flashed",
    "setup": "make boards devices, hubs and more: plan, ask, apply",
    "pkg": "install, remove and list Debian packages",
    "service": "list, start, stop, enable services, and see their logs",
    "link": "let boards reach this laptop's hub",
    "doctor": "look what is wrong with boards, and say how to mend it",
    "init": "make a folder a project for boards",
    "sync": "make a project's folder on boards what it is here",
    "run": "sync, then run the project's program, to its end or as a service",
    "dev": "sync and run again at each save, with the logs of all boards",
    "debug": "run under a debugger that stops at lines of this laptop",
    "ide": "write the files that let VS Code, PyCharm or PyDev debug on a board",
    "env": "install a program's packages, and keep its secret variables",
    "rollout": "bring a new version to boards in turn, and back where it is not well",
    "rollback": "put the version before in place again",
    "logs": "show what a service has written",
    "exec": "run a command on boards",
    "shell": "open a shell on a board",
    "cp": "copy files and folders to or from a board",
    "forward": "bring a board's port to this laptop, or one of this laptop to it",
    "desktop": "bring a board's remote desktop to this laptop",
    "mount": "show a folder of this laptop, or a share, as a folder on a board",
}
"""Each action with a sentence; its module in ``cli/boards/`` has its name."""

_EPILOG = """\
TARGET is a board's name, @GROUP or all. The boards are in boards.toml, which holds no secrets.
Exit status: 0 done on all boards, 1 failed on some, 2 wrong use or changes that wait, 3 no board answered.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(title="Actions", metavar="ACTION", dest="action", required=True)
    for name, summary in ACTIONS.items():
        action = actions.add_parser(
            name, help=summary, description=summary, formatter_class=parser.formatter_class
        )
        importlib.import_module(f"heliograph.cli.boards.{name}").configure(action)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    try:
        return int(importlib.import_module(f"heliograph.cli.boards.{args.action}").run(args))
    except ModuleNotFoundError as error:
        if error.name not in {"asyncssh", "watchfiles", "zeroconf"}:
            raise
        missing = f"what reaches boards is not installed ({error.name}): pip install 'heliograph[board]'"
        raise ConfigError(missing) from error

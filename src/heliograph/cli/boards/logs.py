"""``helio board logs``: what an app's service, or any unit, has written."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from heliograph.cli.boards import exec as exec_action
from heliograph.cli.boards.asking import add_targets
from heliograph.cli.boards.projects import add_project, project_of
from heliograph.errors import ConfigError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_targets(parser)
    add_project(parser)
    parser.add_argument("--unit", metavar="NAME", help="another unit than the service of this project")
    parser.add_argument("-f", "--follow", action="store_true", help="go on showing what comes, until Ctrl-C")
    parser.add_argument("-n", "--lines", metavar="N", type=int, default=50, help="how many (%(default)s)")
    parser.add_argument("--since", metavar="TIME", help="no older ones: 1h, 2026-11-23 10:00, yesterday")


def run(args: argparse.Namespace) -> int:
    """Show the lines; of several boards each with its board."""
    words = shlex.join(journal(args))
    # Who is in none of these groups sees the lines of units only as root.
    args.words = [
        f"if id -nG | grep -qwE 'root|adm|systemd-journal'; then exec {words}; fi; exec sudo -n {words}"
    ]
    if args.follow:
        args.timeout = "365d"
    return exec_action.run(args)


def journal(args: argparse.Namespace) -> list[str]:
    """Return the command that shows them on the board.

    Raises:
        ConfigError: there is no unit to tell of.
    """
    from heliograph.board.running.service import unit_name

    if (
        args.unit is None
        and args.project is None
        and not any((folder / "board.toml").is_file() for folder in (Path.cwd(), *Path.cwd().parents))
    ):
        raise ConfigError("say which unit with --unit, or go into a project's folder")
    unit = args.unit or unit_name(project_of(args).name)
    command = ["journalctl", "--no-pager", "--output=short-iso", f"--unit={unit}", f"--lines={args.lines}"]
    if args.follow:
        command.append("--follow")
    if args.since:
        command.append(f"--since={since(args.since)}")
    return command


def since(text: str) -> str:
    """Return a time as journalctl takes it: ``1h`` is an hour ago, all else goes through."""
    from heliograph.config.values import parse_duration

    try:
        return f"-{parse_duration(text):g}s"
    except ConfigError:
        return text

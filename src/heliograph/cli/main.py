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
from typing import Final, NoReturn

from heliograph import __version__
from heliograph.errors import Error

COMMANDS: dict[str, str] = {
    "up": "start the hub: broker, stream, store, API, page and this machine's agent",
    "edge": "start a gateway: a hub whose devices' points go on to another hub",
    "agent": "gather this machine's figures and send them to a hub",
    "app": "run, check and begin device programs",
    "board": "find boards, reach them, set them up and develop on them",
    "demo": "send random values, so that something moves",
    "query": "ask the hub in SQL, InfluxQL or Flux",
    "import": "copy points from an InfluxDB or from files into the hub",
    "bucket": "list, make and delete buckets, and say how long they keep what",
    "backup": "put everything a hub keeps into one file, while it runs",
    "restore": "make a data folder out of a backup",
    "ingest": "say which MQTT messages of which topics become which points",
    "rule": "watch points by rules, and be told when something is wrong",
    "stream": "read what comes, or came, from the hub's streams, at your own speed",
    "delete": "delete points by measurement, tags and time",
    "dashboard": "take in Grafana's dashboards, give them out, and make points for them",
    "grafana": "set up a real Grafana beside the hub, and check that it would reach it",
    "status": "show what the hub holds, counts and refuses",
    "ledger": "show what came from each device, and that nothing of it is missing",
    "login": "print a fresh single-use link to the page",
    "telegraf": "keep configurations for Telegraf, which fetches them when it starts",
    "token": "print the operator's token, and make others that may do less",
    "user": "let people log in with a name and a password",
    "device": "give boards keys of their own, and take them away",
    "audit": "show who changed which identity, and who logged in",
    "selftest": "kill parts of a hub under load, and count what it kept",
    "config": "check and show the configuration",
    "pub": "publish by MQTT: a message, lines, files, random values",
    "sub": "subscribe by MQTT: print, decode, compare and record what comes",
    "explore": "look at a broker's topics as a tree in the terminal",
    "rr": "send a request by MQTT and print the answer",
    "replay": "send again what helio sub recorded, at its own pace or faster",
    "clear": "remove retained messages from a broker",
    "context": "name brokers and logins, so that they need not be repeated",
    "bench": "measure a broker: messages a second, and how long each takes",
}


H_IS_HOST: Final = frozenset({"bench", "clear", "context", "explore", "pub", "replay", "rr", "sub"})
"""Commands of which ``-h`` is the host, as of mosquitto's; their help is ``--help``."""


def _formatter(arguments: Sequence[str], chosen: str | None) -> type[argparse.HelpFormatter]:
    # rich weighs 6 MB, a quarter of what a lone agent may have: only where help is going to be shown.
    asking = {"--help"} if chosen in H_IS_HOST else {"-h", "--help"}
    if arguments and not asking.intersection(arguments):
        return argparse.RawDescriptionHelpFormatter
    from rich_argparse import RawDescriptionRichHelpFormatter

    # Not its own str.title, which makes "Tls" of TLS.
    RawDescriptionRichHelpFormatter.group_name_formatter = lambda name: name[:1].upper() + name[1:]
    return RawDescriptionRichHelpFormatter


_CLOSE: Final = 0.75
"""How alike a wrong option and a right one must be, for somebody to have meant it."""


class _Parser(argparse.ArgumentParser):
    """Tells where to read on when it is used wrongly."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help tells more\n")

    def parse_known_args(  # type: ignore[override]  # its stub has three forms for what is one here
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Refuse what is unknown here, where the command is known; argparse leaves it to its caller."""
        known, extras = super().parse_known_args(args, namespace)
        if extras:
            self.error(f"unrecognized arguments: {' '.join(extras)}{self._hint(extras[0])}")
        return known, extras

    def _hint(self, wrong: str) -> str:
        import difflib

        known = [option for action in self._actions for option in action.option_strings]
        close = difflib.get_close_matches(wrong.partition("=")[0], known, n=1, cutoff=_CLOSE)
        return f"; did you mean {close[0]}?" if close else ""


ALL: Final = "*"
"""Instead of a command's name: configure every command."""


def _parser(chosen: str | None, formatter: type[argparse.HelpFormatter]) -> argparse.ArgumentParser:
    parser = _Parser(
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
    parser = _parser(chosen, _formatter(arguments, chosen))
    args = parser.parse_args(arguments)
    if args.command is None:
        parser.print_help()
        return 2
    try:
        return int(importlib.import_module(f"heliograph.cli.{args.command}").run(args))
    except Error as error:
        print(f"helio {args.command}: {error}", file=sys.stderr)
        return error.exit_code
    except EOFError:  # of a question to a person: Ctrl-D, or nobody is there
        print(f"\nhelio {args.command}: no answer came, so nothing was done", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has had enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _complete() -> None:
    """Answer the shell that wants to complete a command line, and end."""
    import argcomplete

    argcomplete.autocomplete(_parser(ALL, argparse.HelpFormatter))

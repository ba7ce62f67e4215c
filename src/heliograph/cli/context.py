"""``helio context``: names for brokers and logins."""

from __future__ import annotations

import argparse
import os
from typing import Any

from heliograph.cli.mqtt.connection import add_connection_options

_EPILOG = """\
  helio context add lab -h 192.168.1.20 -u pi -P -
  helio context use lab
  helio pub -t lab/lamp -m on
  helio sub --context garden -t '#' -v

HELIO_CONTEXT chooses one for a shell. The file is readable by you only, passwords stand in it as they are.
"""
_HIDDEN = "********"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(title="Actions", metavar="ACTION", dest="action", required=True)
    add = actions.add_parser(
        "add",
        help="name a broker and a login",
        description="Keeps the options under a name.",
        formatter_class=parser.formatter_class,
    )
    add.add_argument("name", metavar="NAME", help="how to call it")
    add.add_argument("--use", action="store_true", help="and use it from now on")
    add_connection_options(add, "NAME")
    use = actions.add_parser("use", help="let one hold where nothing else is said; - for none")
    use.add_argument("name", metavar="NAME", help="its name")
    actions.add_parser("list", help="show them all")
    show = actions.add_parser("show", help="show one, without its password")
    show.add_argument("name", metavar="NAME", nargs="?", help="its name; otherwise the one in use")
    delete = actions.add_parser("delete", help="forget one")
    delete.add_argument("name", metavar="NAME", help="its name")


def run(args: argparse.Namespace) -> int:
    """Change or show the file."""
    from heliograph.cli.mqtt.contexts import Contexts, contexts_path

    contexts = Contexts.read(contexts_path(os.environ))
    return int(_ACTIONS[args.action](args, contexts))


def _add(args: argparse.Namespace, contexts: Any) -> int:
    from heliograph.cli.mqtt.settings import kept_context
    from heliograph.errors import ConfigError

    if not args.name or args.name == "-":
        raise ConfigError("a context needs a name")
    context = kept_context(args)
    if context.host is None:
        raise ConfigError("a context needs at least a host: give it with -h or -L")
    is_new = args.name not in contexts.named
    contexts.named[args.name] = context
    if args.use:
        contexts.used = args.name
    contexts.write()
    print(f"{args.name} {'added' if is_new else 'replaced'} in {contexts.path}")
    return 0


def _use(args: argparse.Namespace, contexts: Any) -> int:
    if args.name == "-":
        contexts.used = None
    else:
        contexts.get(args.name)
        contexts.used = args.name
    contexts.write()
    print("no context is in use" if contexts.used is None else f"{contexts.used} is in use")
    return 0


def _list(_: argparse.Namespace, contexts: Any) -> int:
    if not contexts.named:
        print("there are none; helio context add NAME -h HOST makes one")
    for name, context in sorted(contexts.named.items()):
        mark = "*" if name == contexts.used else " "
        port = f":{context.port}" if context.port else ""
        user = f" as {context.user}" if context.user else ""
        print(f"{mark} {name:<16} {context.host}{port}{user}")
    return 0


def _show(args: argparse.Namespace, contexts: Any) -> int:
    from heliograph.errors import ConfigError

    name = args.name or contexts.used
    if name is None:
        raise ConfigError("no context is in use: name one; helio context list shows them")
    for key, value in contexts.get(name).told().items():
        print(f"{key} = {_HIDDEN if key == 'password' else value}")
    return 0


def _delete(args: argparse.Namespace, contexts: Any) -> int:
    contexts.get(args.name)
    del contexts.named[args.name]
    if contexts.used == args.name:
        contexts.used = None
    contexts.write()
    print(f"{args.name} deleted")
    return 0


_ACTIONS = {"add": _add, "use": _use, "list": _list, "show": _show, "delete": _delete}

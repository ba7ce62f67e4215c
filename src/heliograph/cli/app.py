"""``helio app``: run, check and begin device programs."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from heliograph.app.app import App

_EPILOG = """\
A program is one Python file with a heliograph.App in it; docs/app.md tells how to write one. It can also be
run as it is: python greenhouse.py --help
"""


_CHECKS = {
    "--json": "print the description as JSON, for a form or a program",
    "--offline": "leave the broker alone",
    "--once": "call each function of @app.every once and print what it would publish",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the three sub-commands and their options."""
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    run_it = actions.add_parser(
        "run", help="run the app of a file; what follows the file are the app's options"
    )
    check = actions.add_parser("check", help="say what an app would do, and whether its broker answers")
    for flag, summary in _CHECKS.items():
        check.add_argument(flag, action="store_true", help=summary)
    for action in (run_it, check):
        action.add_argument("file", metavar="FILE", type=Path)
        action.add_argument("arguments", metavar="…", nargs=argparse.REMAINDER, help="options of the app")
    new = actions.add_parser("new", help="make a folder with a program, its test, and a service unit")
    new.add_argument("name", metavar="NAME", help="letters, digits, _ and -")
    new.add_argument("--folder", type=Path, metavar="FOLDER", help="where to (default: ./NAME)")


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    if args.action == "new":
        return _new(args.name, args.folder)
    app = load(args.file)
    if args.action == "check":
        return _check(app, args)
    from heliograph.app.program import main

    return main(app, args.arguments, program=f"helio app run {args.file}")


def load(file: Path) -> App:
    """Return the app of a Python file, which is imported.

    Raises:
        ConfigError: it cannot be read or imported, or has not exactly one app.
    """
    import importlib.util

    from heliograph.app.app import App

    if not file.is_file():
        raise ConfigError("there is no such file", path=file)
    spec = importlib.util.spec_from_file_location(file.stem.replace("-", "_"), file)
    if spec is None or spec.loader is None:
        raise ConfigError("is no Python file: its name ends with .py", path=file)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.resolve().parent))
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        raise ConfigError(f"cannot be imported: {error}; pip install what is missing", path=file) from error
    except SyntaxError as error:
        raise ConfigError(f"is not Python: {error.msg}", path=file, line=error.lineno) from error
    apps = {id(value): value for value in vars(module).values() if isinstance(value, App)}
    if len(apps) != 1:
        raise ConfigError(f"one App was expected in it, {len(apps)} are: app = App(…)", path=file)
    return next(iter(apps.values()))


def _check(app: App, args: argparse.Namespace) -> int:
    import json

    from heliograph.app.program import make_parser, run_settings
    from heliograph.testing.check import ask_broker, first_round, lines

    asked = {flag for flag in _CHECKS if flag in args.arguments or getattr(args, flag.removeprefix("--"))}
    arguments = [each for each in args.arguments if each not in _CHECKS]
    app_args = make_parser(app, f"helio app check {args.file}").parse_args(arguments)
    settings = run_settings(app, app_args, os.environ)
    app.prepare(settings)
    if "--json" in asked:
        print(json.dumps(app.describe(), indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines(app, settings)))
    if "--once" in asked:
        for publication in first_round(app, settings):
            print(f"{publication.topic}\n  " + publication.payload.decode(errors="replace").strip())
    if "--offline" not in asked:
        ask_broker(settings.mqtt)
        if "--json" not in asked:
            print(f"  broker   {settings.mqtt.endpoint} answers")
    return 0


def _new(name: str, folder: Path | None) -> int:
    from heliograph.cli.app_template import files
    from heliograph.model.topic import is_device_id

    module = name.replace("-", "_")
    if not is_device_id(name) or not module.isidentifier():
        raise ConfigError(f"the name of an app begins with a letter and has A-Z a-z 0-9 _ -, {name!r} came")
    target = folder or Path(name)
    if target.exists() and any(target.iterdir()):
        raise ConfigError("is not empty; choose another place with --folder", path=target)
    target.mkdir(parents=True, exist_ok=True)
    for file, text in files(name, module, target.resolve()).items():
        (target / file).write_text(text, encoding="utf-8")
        print(f"  {target / file}")
    print(f"Next: cd {target} && python {module}.py --simulate    # and python -m pytest")
    return 0

"""``helio config``: check a configuration, show what is in force and from where, print a sample."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

_LEFT = 28


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the three sub-commands and their options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    check = actions.add_parser("check", help="say whether the configuration is right, and where not")
    check.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="read this file as well, after the home folder's"
    )
    show = actions.add_parser("show", help="print the settings that are in force")
    show.add_argument("--origin", action="store_true", help="tell where each value came from")
    show.add_argument(
        "--config",
        dest="file",
        type=Path,
        metavar="FILE",
        help="read this file as well, after the home folder's",
    )
    show.add_argument(
        "--set",
        dest="set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="set one value, last of all",
    )
    actions.add_parser("sample", help="print a file with every setting, its default and what it means")


def run(args: argparse.Namespace) -> int:
    """Do what was asked and return 0; what is wrong with a configuration is a ConfigError."""
    if args.action == "sample":
        from heliograph.config.sample import sample

        print(sample(), end="")
        return 0
    if args.action == "check":
        return _check(args.file)
    return _show(args.file, args.set, origin=args.origin)


def _check(file: Path | None) -> int:
    from heliograph.codec.ingest.rule import make_rules
    from heliograph.config.home import home_folder
    from heliograph.config.load import DEFAULT, load

    home = home_folder(os.environ)
    loaded = load(home, config_files=[file] if file else [], environ=os.environ, overrides={})
    rules = len(make_rules(loaded.rules))
    changed = sum(origin != DEFAULT for origin in loaded.origins.values())
    print(
        f"The configuration is right: {len(loaded.origins)} settings, {changed} changed,"
        f" {rules} ingest rules. Home folder: {home}"
    )
    return 0


def _show(file: Path | None, assignments: list[str], *, origin: bool) -> int:
    from heliograph.config.home import home_folder
    from heliograph.config.keys import keys, sections
    from heliograph.config.load import load, parse_overrides

    loaded = load(
        home_folder(os.environ),
        config_files=[file] if file else [],
        environ=os.environ,
        overrides=parse_overrides(assignments),
    )
    for section in sections():
        print(f"[{section}]")
        for key in (key for key in keys().values() if key.section == section):
            value = getattr(getattr(loaded.settings, section), key.name)
            entry = f"{key.name} = {key.kind.encode(value)}"
            print(f"{entry:<{_LEFT}}  # {loaded.origins[key.path]}" if origin else entry)
        print()
    return 0

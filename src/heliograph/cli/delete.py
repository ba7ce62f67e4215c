"""``helio delete``: points go by measurement, tags and time."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare what is deleted."""
    parser.add_argument("bucket", metavar="BUCKET")
    parser.add_argument("measurement", metavar="MEASUREMENT", nargs="?", help="only this one (default: all)")
    parser.add_argument(
        "--where",
        metavar="TAG=VALUE",
        action="append",
        default=[],
        help="only series with this tag; TAG!=VALUE: without it; several must all hold",
    )
    time_help = "such as 2026-11-01, 2026-11-01T12:00 (this machine's time), 2026-11-01T12:00:00Z or 7d (ago)"
    parser.add_argument("--start", metavar="TIME", help=f"only points from then on, {time_help}")
    parser.add_argument("--stop", metavar="TIME", help="only points up to and including then")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.epilog = "Points that are written later stay, whatever their time. There is no way back."


def run(args: argparse.Namespace) -> int:
    """Count, ask and delete."""
    from heliograph.cli.hub_client import request

    body = _body(args)
    points = request("POST", "/api/delete", body | {"count_only": True})["points"]
    if not points:
        print("No point is meant; nothing was deleted.", file=sys.stderr)
        return 1
    if not args.yes:
        if not sys.stdin.isatty():
            print("helio delete: nobody is there to be asked; --yes deletes without", file=sys.stderr)
            return 2
        if input(f'Delete {points:,} points of "{args.bucket}"? Yes or no: ').strip().lower() not in (
            "y",
            "yes",
        ):
            print("Nothing was deleted.", file=sys.stderr)
            return 1
    points = request("POST", "/api/delete", body)["points"]
    print(f'Deleted {points:,} points of "{args.bucket}".')
    return 0


def _body(args: argparse.Namespace) -> dict[str, Any]:
    from heliograph.codec.predicate import format_predicate
    from heliograph.errors import ConfigError
    from heliograph.model.predicate import MEASUREMENT, Condition, Predicate

    conditions = [] if args.measurement is None else [Condition(MEASUREMENT, args.measurement)]
    for text in args.where:
        found = re.fullmatch(r"(.+?)(!?=)(.*)", text, re.DOTALL)
        if found is None:
            raise ConfigError(f"--where takes TAG=VALUE or TAG!=VALUE, not {text!r}")
        conditions.append(Condition(found[1], found[3], equal=found[2] == "="))
    body = {"bucket": args.bucket, "predicate": format_predicate(Predicate(tuple(conditions)))}
    for key in ("start", "stop"):
        if getattr(args, key) is not None:
            body[key] = _time(getattr(args, key))
    return body


def _time(text: str) -> str:
    """Return a time as the hub takes it."""
    from datetime import UTC, datetime, timedelta

    from heliograph.config.values import parse_duration
    from heliograph.errors import ConfigError

    try:
        return (datetime.now(UTC) - timedelta(seconds=parse_duration(text))).isoformat()
    except (ConfigError, OverflowError):
        pass  # no duration, then it is a time
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no time: expected 2026-11-01, 2026-11-01T12:00:00Z or 7d (ago)"
        ) from error
    return given.astimezone(UTC).isoformat()

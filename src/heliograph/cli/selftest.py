"""``helio selftest``: have the promises tested on this machine."""

from __future__ import annotations

import argparse
import logging
import random
import sys

from heliograph.errors import ConfigError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--crash", action="store_true", required=True, help="kill parts of a hub under load, then count"
    )
    parser.add_argument("--rounds", metavar="N", type=int, default=10, help="how many kills (10)")
    parser.add_argument(
        "--seconds", metavar="S", type=float, default=2.0, help="longest time of load before each kill (2)"
    )
    parser.add_argument("--seed", metavar="X", type=int, help="the same kills again as in an earlier test")
    parser.epilog = "The hub under test works in a temporary folder on free ports; no other one is touched."


def run(args: argparse.Namespace) -> int:
    """Print the figures in one line; the exit status is 1 unless all points are there, once."""
    import asyncio

    if args.rounds < 1 or args.seconds < 0:
        raise ConfigError(
            "--rounds wants 1 or more and --seconds 0 or more,"
            f" {args.rounds} and {args.seconds:g} came; leave them out for 10 rounds of up to 2 s"
        )
    try:
        from heliograph.selftest.crash import CrashPlan, crash_test
    except ModuleNotFoundError as error:
        missing = f"the hub's parts are not installed ({error.name}): pip install 'heliograph[hub]'"
        raise ConfigError(missing) from error
    seed = random.randrange(1_000_000) if args.seed is None else args.seed  # noqa: S311 - nothing secret
    logging.basicConfig(level=logging.ERROR)  # lost connections are what this is about
    _progress(f"seed {seed}")
    outcome = asyncio.run(crash_test(CrashPlan(args.rounds, args.seconds, seed), _progress))
    print(outcome.line())
    if outcome.count.is_right:
        return 0
    for wrong in (*outcome.count.named, f"the same kills again: helio selftest --crash --seed {seed}"):
        print(wrong, file=sys.stderr)
    return 1


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr)

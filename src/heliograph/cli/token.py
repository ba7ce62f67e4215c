"""``helio token``: the operator's token, for who may read the hub's data folder."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = (
        'Use it as: curl -H "Authorization: Token $(helio token)" http://127.0.0.1:8086/api/status'
    )


def run(args: argparse.Namespace) -> int:
    """Print the token alone, so that it can be used in a command."""
    from heliograph.cli.hub_client import token

    print(token())
    return 0

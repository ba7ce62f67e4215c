"""``helio login``: a fresh link to the page."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = "The link works once, within 10 minutes."


def run(args: argparse.Namespace) -> int:
    """Print the link."""
    from heliograph.cli.hub_client import hub_url, request

    print(f"{hub_url()}/#login={request('POST', '/api/login-code', {})['code']}")
    return 0

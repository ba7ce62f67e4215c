"""Command lines that have another one behind ``--``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


def add_words(parser: argparse.ArgumentParser) -> None:
    """Let what stands behind ``--`` become ``args.words``, a list, whatever it looks like."""
    parse = parser.parse_known_args

    def parse_known_args(
        args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        given = list(args or ())
        at = given.index("--") if "--" in given else len(given)
        parsed, rest = parse(given[:at], namespace)
        parsed.words = given[at + 1 :]
        return parsed, rest

    # argparse itself cannot tell a list of boards from a list of words.
    parser.parse_known_args = parse_known_args  # type: ignore[method-assign, assignment]
    parser.usage = "%(prog)s [options] TARGET [TARGET ...] [-- COMMAND ...]"

"""Print the messages of topics; every parameter is an option."""

from __future__ import annotations

import argparse
import itertools
import sys
import time

from connection import Connection, add_connection_options


def arguments() -> argparse.Namespace:
    """Return what was typed, checked."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_connection_options(parser)
    group = parser.add_argument_group("messages")
    group.add_argument(
        "--topic",
        nargs="+",
        default=["course/#"],
        help="one or more, also with + and # (default: %(default)s)",
    )
    group.add_argument(
        "--qos", type=int, choices=(0, 1, 2), default=1, help="the highest to get (default: %(default)s)"
    )
    group.add_argument("--count", type=int, default=0, help="stop after so many (default: never)")
    group.add_argument("--time", action="store_true", help="print when each one came (default: no)")
    options = parser.parse_args()
    if options.count < 0:
        parser.error("--count cannot be negative")
    if options.password_file and not options.user:
        parser.error("--password-file needs --user")
    return options


def print_all(options: argparse.Namespace) -> None:
    """Subscribe and print until there are enough."""
    with Connection(options, tuple(options.topic), options.qos) as connection:
        print(f"listening to {' '.join(options.topic)}", file=sys.stderr, flush=True)
        for message in itertools.islice(connection.messages(), options.count or None):
            when = time.strftime("%H:%M:%S ") if options.time else ""
            kept = " (retained)" if message.retain else ""
            print(f"{when}{message.topic} {message.payload.decode(errors='replace')}{kept}", flush=True)


def main() -> None:
    options = arguments()
    try:
        print_all(options)
    except (OSError, ValueError) as error:  # nobody there; a topic that is none
        sys.exit(f"subscribe: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

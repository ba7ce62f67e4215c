"""How every MQTT command runs: logging, Ctrl-C and SIGTERM, errors and exit statuses."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

from heliograph.errors import Error

TERMINATED: Final = 128 + 15


def run_program(args: argparse.Namespace, main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a command to its end and return its exit status; ``--quiet`` keeps errors from being printed."""
    _set_up_logging(args)
    if sys.platform == "win32":  # its own loop cannot watch the socket that the library opens
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    try:
        return asyncio.run(_until_terminated(main()))
    except Error as error:
        if not args.quiet:
            raise
        return error.exit_code


async def _until_terminated(work: Coroutine[Any, Any, int]) -> int:
    task = asyncio.current_task()
    is_terminated = False

    def terminate() -> None:
        nonlocal is_terminated
        is_terminated = True
        if task is not None:
            task.cancel()

    if hasattr(signal, "SIGTERM") and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await work
    except asyncio.CancelledError:
        if is_terminated:  # said goodbye to the broker on the way here
            return TERMINATED
        raise


def _set_up_logging(args: argparse.Namespace) -> None:
    level = logging.DEBUG if args.debug else logging.ERROR if args.quiet else logging.WARNING
    logging.basicConfig(level=level, format=f"helio {args.command}: %(message)s", stream=sys.stderr)
    logging.getLogger("asyncio").setLevel(logging.WARNING)

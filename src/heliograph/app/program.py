"""What happens between ``app.run()`` and the end of the process: arguments, logging, signals, exit status."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from heliograph.app.broker_options import add_broker_options, broker_settings, enrolment_of
from heliograph.app.logs import log_to_stderr
from heliograph.app.options import add_arguments, read_environment, read_toml
from heliograph.app.settings import RunSettings
from heliograph.config.home import home_folder
from heliograph.errors import ConfigError, Error
from heliograph.model.topic import is_device_id
from heliograph.transport.spool.settings import add_spool_options, spool_settings

if TYPE_CHECKING:
    from heliograph.app.app import App
    from heliograph.app.running import RunningApp

_LEVELS: Final = ("debug", "info", "warning", "error")
_INTERRUPTED: Final = 130


def main(app: App, arguments: Sequence[str] | None = None, program: str | None = None) -> int:
    """Run an app as a program and return its exit status: 0 stopped, 2 wrong use, or the error's own."""
    args = make_parser(app, program).parse_args(arguments)
    try:
        if args.describe:
            sys.stdout.write(json.dumps(app.describe(), indent=2, ensure_ascii=False) + "\n")
            return 0
        settings = run_settings(app, args, os.environ)
        app.prepare(settings)
        log_to_stderr(args.log_level, args.log_format, args.log_to_hub)
        # Windows' own loop cannot watch sockets for the MQTT library.
        factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(_run(app, settings))
    except Error as error:
        sys.stderr.write(f"{app.name}: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


class _Parser(argparse.ArgumentParser):
    """Tells where to read on when it is used wrongly."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help tells more\n")


def make_parser(app: App, program: str | None = None) -> argparse.ArgumentParser:
    """Return the command line of an app: its own options, then those that every app has."""
    parser = _Parser(
        prog=program,
        description=app.description or f"The device program {app.name}.",
        epilog="Options may also stand in a TOML file (--config), and in the variables in brackets.",
    )
    if app.declared_options:
        group = parser.add_argument_group(f"Options of {app.name}")
        add_arguments(group, app.declared_options.values(), app.name)
    add_broker_options(parser)
    _add_running_options(parser, app)
    return parser


def run_settings(app: App, args: argparse.Namespace, environ: Mapping[str, str]) -> RunSettings:
    """Return how an app runs, of arguments, variables and file.

    Raises:
        ConfigError: one of them makes no sense.
    """
    options = app.declared_options
    values: dict[str, Any] = {}
    if args.config is not None:
        values |= read_toml(Path(args.config), options)
    values |= read_environment(environ, options, app.name)
    given = vars(args)
    values |= {name: given[f"option_{name}"] for name in options if f"option_{name}" in given}
    home = home_folder(environ)
    enrolment = enrolment_of(args, environ, home)
    device = args.device or (enrolment.device if enrolment and not app.is_device_named else app.device)
    if not is_device_id(device):
        raise ConfigError(f"a device id has 1 to 64 of A-Z a-z 0-9 _ -, {device!r} came", key="--device")
    mqtt = enrolment.settings() if enrolment else broker_settings(args, environ)
    return RunSettings(device, mqtt, home / "apps" / app.name, values, spool_settings(args), args.log_to_hub)


def _add_running_options(parser: argparse.ArgumentParser, app: App) -> None:
    group = parser.add_argument_group("Running")
    group.add_argument(
        "--device", metavar="ID", help=f"the device in topics (default: as it is enrolled, or {app.device})"
    )
    group.add_argument("--config", metavar="FILE", help="TOML file with options of the app (default: none)")
    add_spool_options(group)
    group.add_argument(
        "--log-level",
        metavar="LEVEL",
        choices=_LEVELS,
        default="info",
        help=f"{', '.join(_LEVELS)} (default: info)",
    )
    group.add_argument(
        "--log-format",
        metavar="text|json",
        choices=["text", "json"],
        default="text",
        help="lines for people, or an object for each (default: text)",
    )
    group.add_argument(
        "--log-to-hub",
        metavar="LEVEL",
        choices=_LEVELS,
        help=f"send log lines of this level and above to log/DEVICE/{app.name} (default: none)",
    )
    group.add_argument(
        "--describe", action="store_true", help="print what this program does as JSON, and exit (default: no)"
    )


async def _run(app: App, settings: RunSettings) -> None:
    def on_running(running: RunningApp) -> None:
        if sys.platform == "win32":  # Ctrl-C comes as KeyboardInterrupt there
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.stop)

    await app.serve(settings, on_running=on_running)

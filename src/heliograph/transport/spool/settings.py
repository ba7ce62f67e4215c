"""How messages wait on disk, as it is told on a command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heliograph.config.values import parse_duration, parse_size
from heliograph.transport.spool.spool import DEFAULT_AGE, DEFAULT_BYTES, Spool

if TYPE_CHECKING:
    import argparse

    from heliograph.transport.spool.clocks import Clocks

SPOOL_FORMS: Final = ("offline", "always", "never")


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """How messages wait on disk."""

    when: str = "offline"
    """``offline``: while there is no connection. ``always``: before they are sent, so that a power cut
    loses nothing, for more wear of the card. ``never``: what cannot be sent is lost, and counted."""
    max_bytes: int = DEFAULT_BYTES
    """When there would be more the oldest go, and are counted; at least 512 KiB."""
    max_age: float = DEFAULT_AGE
    """Seconds after which something is not sent any more."""
    sync: float = 1.0
    """Seconds between flushes to the card, which is what a power cut may cost; 0 flushes each record."""

    def open(self, folder: Path, clocks: Clocks) -> Spool | None:
        """Return the spool in a folder; None where nothing is to be kept.

        Raises:
            ConfigError, SpoolError: as `Spool`.
        """
        if self.when == "never":
            return None
        return Spool(folder, max_bytes=self.max_bytes, max_age=self.max_age, clocks=clocks)


def add_spool_options(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Declare how messages wait on disk."""
    parser.add_argument(
        "--spool",
        metavar="|".join(SPOOL_FORMS),
        choices=SPOOL_FORMS,
        default="offline",
        help="what goes to the disk before it is sent: what cannot be sent now, everything, nothing "
        "(default: offline)",
    )
    parser.add_argument(
        "--spool-max", metavar="SIZE", default="64MiB", help="most that waits (default: 64MiB)"
    )
    parser.add_argument(
        "--spool-age", metavar="TIME", default="7d", help="what is older is not sent (default: 7d)"
    )
    parser.add_argument(
        "--spool-sync",
        metavar="TIME",
        default="1s",
        help="flushes to the card, 0 after each record (default: 1s)",
    )


def spool_settings(args: argparse.Namespace) -> SpoolSettings:
    """Return what the options say.

    Raises:
        ConfigError: a size or a time makes no sense.
    """
    return SpoolSettings(
        args.spool,
        parse_size(args.spool_max),
        parse_duration(args.spool_age),
        parse_duration(args.spool_sync),
    )

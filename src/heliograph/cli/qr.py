"""A QR code in the terminal, for what a phone is to read."""

from __future__ import annotations

import io
import shutil
import sys

from heliograph.errors import ConfigError


def qr_text(content: str) -> str:
    """Return a QR code in half blocks, two rows of it in a line.

    Raises:
        ConfigError: the part that draws it is not installed.
    """
    try:
        import segno
    except ModuleNotFoundError as error:
        raise ConfigError(
            "a QR code needs the package segno: pip install 'heliograph[hub]', or leave out --qr"
        ) from error
    drawn = io.StringIO()
    segno.make(content, error="l", micro=False).terminal(drawn, border=2, compact=True)
    return drawn.getvalue()


def print_qr(content: str, *, is_asked: bool) -> None:
    """Print a QR code where it was asked for, or where a person looks at a terminal that has room for it."""
    if not is_asked and not sys.stdout.isatty():
        return
    try:
        drawn = qr_text(content)
    except ConfigError:
        if is_asked:
            raise
        return
    room = shutil.get_terminal_size()
    height = drawn.count("\n")
    if is_asked or (height + 8 <= room.lines and 2 * height + 4 <= room.columns):
        print(drawn)

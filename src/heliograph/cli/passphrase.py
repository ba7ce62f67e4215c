"""Passphrases of backups: typed, or read from a file; never an argument, which others can see."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Final

SHORTEST: Final = 8


def ask_new(file: Path | None) -> str:
    """Return a passphrase for a new backup, typed twice.

    Raises:
        ConfigError: it is too short, the two differ, or nobody is there to be asked.
    """
    from heliograph.errors import ConfigError

    passphrase = ask(file)
    if len(passphrase) < SHORTEST:
        raise ConfigError(
            f"a passphrase has {SHORTEST} characters or more: nobody can ask for a forgotten one"
        )
    if file is None and getpass.getpass("Once more: ") != passphrase:
        raise ConfigError("the two passphrases differ")
    return passphrase


def ask(file: Path | None) -> str:
    """Return the passphrase of a backup.

    Raises:
        ConfigError: the file cannot be read, or nobody is there to be asked.
    """
    from heliograph.errors import ConfigError

    if file is not None:
        try:
            return file.read_text().strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the passphrase cannot be read: {error}") from error
    if not sys.stdin.isatty():
        raise ConfigError(
            "nobody is there to type a passphrase; --passphrase-file names a file that holds it"
        )
    return getpass.getpass("Passphrase: ")
